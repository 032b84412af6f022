/** A node that dies, seen through kubectl: it is found out, its pods are replaced elsewhere after their time, and it comes back clean. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { silentLog } from '#base/log.ts'
import { createInformers } from '#client/informers.ts'
import { createHollowNode } from '#simulation'
import { type RunningHollowNode, startHollowNodes } from '../../src/cluster/hollow-nodes.ts'
import type { CompleteOptions } from '../../src/cluster/options.ts'
import { systemRandom } from '../../src/host/random.ts'
import { kubectlMissing } from '../tools/kubectl.ts'
import { fastClock } from './fast-clock.ts'
import { podsOf, until } from './hollow-workloads.ts'
import { kubectlCluster } from './kubectl-cluster.ts'

/** The nodes that live must not be held up for as long as a dead one has: 50 s by their clock. */
const SPEED = 3
const REPLICAS = 6
const TOLERATED_S = 20
const GRACE_S = 5
const NAME = 'mortal-0'

const workload = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${REPLICAS}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: ${GRACE_S}
      tolerations:
      - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: ${TOLERATED_S} }
      containers: [ { name: main, image: 'web:1' } ]
---
apiVersion: v1
kind: Pod
metadata: { name: faithful, labels: { app: faithful } }
spec:
  nodeName: ${NAME}
  tolerations: [ { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute } ]
  containers: [ { name: main, image: 'web:1' } ]
`

const late = (name: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  nodeSelector: { kubernetes.io/hostname: ${NAME} }
  containers: [ { name: main, image: 'web:1' } ]
`

describe('a node that dies', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const clock = fastClock(SPEED)
  const scene = kubectlCluster(2, { clock })
  let mortal: RunningHollowNode
  let informers: ReturnType<typeof createInformers>
  before(async () => {
    const { client } = scene.cluster
    const [random, log] = [systemRandom, silentLog]
    informers = createInformers(client, { clock, random, log })
    const context = { client, informers, clock, random, log }
    const options = {
      ...{ clock, random, nodeName: 'mortal', hollowMachine: async () => createHollowNode },
      ...{ clusterCidr: '10.200.0.0/16', clusterDomain: 'cluster.local' },
    } as unknown as CompleteOptions
    const started = await startHollowNodes(1, options, () => context)
    mortal = started[0] as RunningHollowNode
    await scene.kubectl.run(`wait --for=create node/${NAME} --timeout=150s`)
    await scene.kubectl.run(`wait --for=condition=Ready node/${NAME} --timeout=150s`)
    await scene.apply(workload)
    await scene.kubectl.run('rollout status deployment/web --timeout=150s')
    await scene.kubectl.run('wait pod/faithful --for=condition=Ready --timeout=150s')
  })
  after(async () => {
    await mortal?.stop()
    informers?.[Symbol.dispose]()
  })

  const read = (path: string) => scene.read(`node ${NAME}`, path)
  const webOn = async (isThere: boolean): Promise<Pod[]> =>
    (await podsOf(scene.cluster, 'web')).filter(({ spec }) => (spec.nodeName === NAME) === isThere)
  const wait = (words: string) => scene.kubectl.run(`wait ${words} --timeout=150s`)

  test('its pods are replaced elsewhere after what they tolerate, and it comes back clean', async () => {
    const { kubectl, apply } = scene
    const lost = await webOn(true)
    assert.ok(lost.length > 0, 'some run there')
    await mortal.pause()

    await wait(
      `node/${NAME} --for=jsonpath={.status.conditions[?(@.type=="Ready")].status}=Unknown`,
    )
    assert.match(await kubectl.run('get nodes'), new RegExp(`${NAME} +NotReady`))
    assert.equal(await read('{.status.conditions[?(@.type=="Ready")].reason}'), 'NodeStatusUnknown')
    await until(
      'both taints',
      async () => (await read('{.spec.taints[*].key}')).split(' ').length === 2,
    )
    assert.deepEqual(
      (await read('{range .spec.taints[*]}{.key}:{.effect} {end}')).trim().split(' ').sort(),
      ['NoExecute', 'NoSchedule'].map(effect => `node.kubernetes.io/unreachable:${effect}`),
    )
    const taintedMs = Date.parse(await read('{.spec.taints[?(@.effect=="NoExecute")].timeAdded}'))

    const leaving = await until('all to be evicted', async () => {
      const there = await webOn(true)
      return there.every(({ metadata }) => metadata.deletionTimestamp) && there
    })
    const nameOf = ({ metadata }: Pod) => metadata.name
    assert.deepEqual(leaving.map(nameOf), lost.map(nameOf), 'nobody has confirmed that they ended')
    for (const { metadata } of leaving) {
      const evictedMs = Date.parse(metadata.deletionTimestamp ?? '') - GRACE_S * 1000
      // Both are told in whole seconds.
      assert.ok(evictedMs - taintedMs > (TOLERATED_S - 2) * 1000, `${evictedMs - taintedMs} ms`)
    }
    await wait(`deployment/web --for=jsonpath={.status.readyReplicas}=${REPLICAS}`)
    assert.equal((await webOn(false)).length, REPLICAS)
    const faithful = '{.metadata.deletionTimestamp}{.status.conditions[?(@.type=="Ready")].status}'
    assert.equal(await scene.read('pod faithful', faithful), 'False', 'it stays, and is not ready')
    await apply(late('hopeful'))
    await wait('pod/hopeful --for=condition=PodScheduled=False')

    await mortal.resume(new Set())
    await wait(`node/${NAME} --for=condition=Ready`)
    await until('no taint', async () => (await read('{.spec.taints}')) === '')
    await until('the evicted to be gone', async () => (await webOn(true)).length === 0)
    await wait('pod/faithful pod/hopeful --for=condition=Ready')
    assert.equal(await scene.read('pod hopeful', '{.spec.nodeName}'), NAME)
    assert.equal((await webOn(false)).length, REPLICAS, 'nobody is moved back')
  })
})
