/** `kubectl drain` against budgets of every form: it waits as long as it must, and no longer. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { kubectlMissing } from '../tools/kubectl.ts'
import { followPods, isReady, until } from './hollow-workloads.ts'
import { kubectlCluster } from './kubectl-cluster.ts'

const REPLICAS = 6

const app = (name: string, budget: string, probe = 'true') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${REPLICAS}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: 'web:1'
        readinessProbe: { periodSeconds: 1, exec: { command: [ '${probe}' ] } }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: ${name} }
spec: { selector: { matchLabels: { app: ${name} } }, ${budget} }
`

describe('drain', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const scene = kubectlCluster(3)
  const { apply, read } = scene

  /** Drains a node that has pods of the app; tells the fewest that were ready meanwhile. */
  async function drain(name: string, timeout = '150s') {
    const { kubectl, cluster } = scene
    const where = (await read(`pods -l app=${name}`, '{.items[*].spec.nodeName}')).split(' ')
    const node = where[0] ?? ''
    let fewest = REPLICAS
    const ready = new Set<string>()
    const at = { namespace: 'default', labelSelector: `app=${name}` }
    let isWatching = false
    const unfollow = await followPods(cluster, name, (found, isGone) => {
      if (!isGone && isReady(found)) ready.add(found.metadata.uid ?? '')
      else ready.delete(found.metadata.uid ?? '')
      if (isWatching) fewest = Math.min(fewest, ready.size)
    })
    await until('all to be seen', async () => {
      const { items } = await cluster.client.list(pod, at)
      return items.filter(isReady).every(({ metadata }) => ready.has(metadata.uid ?? ''))
    })
    isWatching = true
    const words = `drain ${node} --ignore-daemonsets --timeout=${timeout}`
    const output = await kubectl.try(words)
    unfollow()
    const left = await read(
      `pods -l app=${name} --field-selector=spec.nodeName=${node}`,
      '{.items[*].metadata.name}',
    )
    await kubectl.run(`uncordon ${node}`)
    return { ...output, fewest, left: left === '' ? 0 : left.split(' ').length }
  }
  const settled = async (name: string, healthy = REPLICAS) => {
    await scene.kubectl.run(
      `wait pdb/${name} --for=jsonpath={.status.currentHealthy}=${healthy} --timeout=150s`,
    )
    await scene.kubectl.run(
      `wait pdb/${name} --for=jsonpath={.status.expectedPods}=${REPLICAS} --timeout=150s`,
    )
  }
  const gone = (name: string) => scene.kubectl.run(`delete deployment,pdb ${name}`)

  for (const [name, budget, least] of [
    ['min-percent', 'minAvailable: 75%', 5],
    ['max', 'maxUnavailable: 1', 5],
  ] as const)
    test(`${budget}: the node is emptied, and ${least} stay ready`, async () => {
      await apply(app(name, budget))
      await settled(name)
      const { code, stderr, fewest, left } = await drain(name)
      assert.equal(code, 0, stderr)
      assert.equal(left, 0)
      assert.ok(fewest >= least, `${fewest} were ready`)
      await gone(name)
    })

  test('a budget that allows nothing keeps the node as it is', async () => {
    await apply(app('none', 'maxUnavailable: 0'))
    await settled('none')
    const { code, stderr, fewest, left } = await drain('none', '3s')
    assert.equal(code, 1)
    assert.match(stderr, /Cannot evict pod as it would violate the pod's disruption budget/)
    assert.equal(fewest, REPLICAS)
    assert.ok(left > 0)
    await gone('none')
  })

  test('pods that are not well are kept by a budget, unless its policy lets them go', async () => {
    await apply(app('sick', 'minAvailable: 1', 'false'))
    await scene.kubectl.run(
      `wait deployment/sick --for=jsonpath={.status.updatedReplicas}=${REPLICAS} --timeout=150s`,
    )
    await scene.kubectl.run(
      'wait pods -l app=sick --for=jsonpath={.status.phase}=Running --timeout=150s',
    )
    await settled('sick', 0)
    const kept = await drain('sick', '3s')
    assert.equal(kept.code, 1)
    assert.match(kept.stderr, /violate the pod's disruption budget/)
    const policy = { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } }
    await scene.kubectl.run(['patch', 'pdb', 'sick', '-p', JSON.stringify(policy)])
    const { code, stderr, left } = await drain('sick')
    assert.equal(code, 0, stderr)
    assert.equal(left, 0)
    await gone('sick')
  })
})
