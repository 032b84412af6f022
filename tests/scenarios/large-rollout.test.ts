/**
 * A Deployment of many replicas on hollow nodes is updated, paused amid that, and undone amid that. Each state of its ReplicaSets
 * and pods is judged: never more than the surge allows, never fewer available than promised. PROA_ROLLOUT_REPLICAS=5000 is the
 * full size.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { type ReplicaSet, replicaSet } from '#api/apps/v1/replica-set.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { kubectlMissing } from '../tools/kubectl.ts'
import { followPods, isReady, podsOf, until } from './hollow-workloads.ts'
import { kubectlCluster } from './kubectl-cluster.ts'

const REPLICAS = Number(process.env.PROA_ROLLOUT_REPLICAS ?? 100)
const SURGE = Math.ceil(REPLICAS * 0.1)
const UNAVAILABLE = Math.floor(REPLICAS * 0.05)
/** A hollow node takes 110 pods. */
const NODES = Math.ceil((REPLICAS + 2 * SURGE) / 100)
const STEP_MS = 60_000 + REPLICAS * 40
/** Each step takes at least so long, lest a rollout be over before kubectl can come in between. */
const STEP_SECONDS = 1
/** Longer than controllers take for anything that they still had to do. */
const QUIET_MS = 1_000

/** What is promised, held against each state. */
class Budget {
  readonly complaints: string[] = []
  /** How close it came. */
  most = 0
  fewest = Number.POSITIVE_INFINITY
  readonly #available = new Set<string>()
  readonly #wanted = new Map<string, number>()
  /** Until all are there for the first time, fewer are available than promised. */
  #isFull = false

  seePod(found: Pod, isGone: boolean): void {
    const uid = found.metadata.uid ?? ''
    if (!isGone && isReady(found)) this.#available.add(uid)
    else this.#available.delete(uid)
    this.#isFull ||= this.#available.size === REPLICAS
    if (!this.#isFull) return
    this.fewest = Math.min(this.fewest, this.#available.size)
    if (this.#available.size < REPLICAS - UNAVAILABLE)
      this.complaints.push(`only ${this.#available.size} are available`)
  }

  /** What ReplicaSets want, all together: pods on their way out count no more. */
  seeReplicaSet({ metadata, spec }: ReplicaSet, isGone: boolean): void {
    this.#wanted.set(metadata.uid ?? '', isGone ? 0 : (spec.replicas ?? 0))
    const sum = [...this.#wanted.values()].reduce((all, each) => all + each, 0)
    this.most = Math.max(this.most, sum)
    if (sum > REPLICAS + SURGE) this.complaints.push(`${sum} are wanted`)
  }
}

describe('what judges a rollout', () => {
  const conditions = [{ type: 'Ready', status: 'True' }]
  const podOf = (uid: number) => ({ metadata: { uid: `${uid}` }, status: { conditions } }) as Pod
  const full = () => {
    const budget = new Budget()
    for (let uid = 0; uid < REPLICAS; uid++) budget.seePod(podOf(uid), false)
    return budget
  }
  test('notices one available pod too few', () => {
    const budget = full()
    for (let uid = 0; uid < UNAVAILABLE; uid++) budget.seePod(podOf(uid), true)
    assert.deepEqual(budget.complaints, [])
    budget.seePod(podOf(UNAVAILABLE), true)
    assert.equal(budget.complaints.length, 1)
  })
  test('notices one pod too many', () => {
    const budget = full()
    const want = (uid: string, replicas: number) =>
      budget.seeReplicaSet({ metadata: { uid }, spec: { replicas } } as ReplicaSet, false)
    want('old', REPLICAS)
    want('new', SURGE)
    assert.deepEqual(budget.complaints, [])
    want('new', SURGE + 1)
    assert.equal(budget.complaints.length, 1)
  })
})

const timeout = 60_000 + 6 * STEP_MS
describe(`a rollout of ${REPLICAS}`, { skip: kubectlMissing(), timeout }, () => {
  const scene = kubectlCluster(NODES)
  const budget = new Budget()
  const ends: (() => void)[] = []

  before(async () => {
    const { cluster } = scene
    ends.push(await followPods(cluster, 'web', (found, isGone) => budget.seePod(found, isGone)))
    const query = { namespace: 'default', labelSelector: 'app=web' }
    const watch = await cluster.client.watch(replicaSet, query)
    ends.push(
      watch.subscribe({
        next({ type, object }) {
          if (type !== 'BOOKMARK' && type !== 'ERROR')
            budget.seeReplicaSet(object as ReplicaSet, type === 'DELETED')
        },
        end() {},
      }),
    )
    await scene.apply(`apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${REPLICAS}
  minReadySeconds: ${STEP_SECONDS}
  strategy: { rollingUpdate: { maxSurge: 10%, maxUnavailable: 5% } }
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { terminationGracePeriodSeconds: 0, containers: [ { name: main, image: 'web:1' } ] }
`)
    await rolledOut()
  })
  after(() => {
    for (const end of ends) end()
  })

  const rolledOut = () =>
    scene.kubectl.run(`rollout status deployment/web --timeout=${STEP_MS / 1_000}s`, {
      timeoutMs: STEP_MS + 5_000,
    })
  /** Undefined while the status is that of an earlier template. */
  const updated = async () => {
    const { metadata, status } = await scene.cluster.client.get(deployment, 'web', 'default')
    const isOfThis = Number(status.observedGeneration) === Number(metadata.generation)
    return isOfThis ? (status.updatedReplicas ?? 0) : undefined
  }
  /** Waits until so many are updated, but not all. */
  const amid = (share: number) =>
    until(`${share} of the pods to be updated`, async () => {
      const count = (await updated()) ?? 0
      return count >= REPLICAS * share && count < REPLICAS
    })
  /** Only pods of this image are left, all of them ready. */
  async function all(image: string) {
    await until(`the pods before ${image} to go`, async () => {
      const pods = await podsOf(scene.cluster, 'web')
      return (
        pods.length === REPLICAS && pods.every(({ spec }) => spec.containers[0]?.image === image)
      )
    })
    assert.ok((await podsOf(scene.cluster, 'web')).every(isReady))
    assert.deepEqual(budget.complaints, [])
  }

  test('all pods are replaced within the budget', async () => {
    await all('web:1')
    await scene.kubectl.run('set image deployment/web main=web:2')
    await rolledOut()
    await all('web:2')
    assert.ok(budget.most > REPLICAS, 'it surged')
  })

  test('paused amid, it stays as it is; resumed, it goes on', async () => {
    await scene.kubectl.run('set image deployment/web main=web:3')
    await amid(0.3)
    await scene.kubectl.run('rollout pause deployment/web')
    const wanted = async () => {
      const { items } = await scene.cluster.client.list(replicaSet, { namespace: 'default' })
      return items.map(({ metadata, spec }) => `${metadata.name} ${spec.replicas}`).sort()
    }
    // What was decided before the pause was seen is still done.
    await until('the pause to be seen', async () => (await updated()) !== undefined)
    await new Promise(resolve => setTimeout(resolve, QUIET_MS))
    const before = await wanted()
    await new Promise(resolve => setTimeout(resolve, QUIET_MS))
    assert.deepEqual(await wanted(), before)
    assert.ok(Number(await updated()) < REPLICAS, 'it was over before it was paused')
    assert.deepEqual(budget.complaints, [])
    await scene.kubectl.run('rollout resume deployment/web')
    await rolledOut()
    await all('web:3')
  })

  test('undone amid, it goes back within the budget', async () => {
    await scene.kubectl.run('set image deployment/web main=web:4')
    await amid(0.4)
    await scene.kubectl.run('rollout undo deployment/web')
    await rolledOut()
    await all('web:3')
  })
})
