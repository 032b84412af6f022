/** What cannot work is told by a condition and an event, and asks for no more looks than patience allows: never a hot loop. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { daemonSet } from '#api/apps/v1/daemon-set.ts'
import { deployment } from '#api/apps/v1/deployment.ts'
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { statefulSet } from '#api/apps/v1/stateful-set.ts'
import { horizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { cronJob } from '#api/batch/v1/cron-job.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { event } from '#api/core/v1/event.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { resourceQuota } from '#api/core/v1/resource-quota.ts'
import { isStatus } from '#api/machinery/status.ts'
import { podDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { createManualClock, type ManualClock } from '#client/testing/manual-clock.ts'
import { startTestCluster, type TestCluster } from './testing/test-cluster.ts'

const PERIOD_MS = 10 * 60_000
const at = (name: string) => ({ name, namespace: 'default' })
const template = {
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image: 'i' }] },
}

let clock: ManualClock
let cluster: TestCluster
before(async () => {
  clock = createManualClock()
  cluster = await startTestCluster({ clock, scheduler: false, runPods: false })
  await clock.advance(1000)
})
after(async () => {
  const ended = cluster[Symbol.asyncDispose]()
  await clock.advance(60_000)
  await ended
})

/** Some answers take time, which only goes on when told to. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let isSettled = false
  const settle = () => {
    isSettled = true
  }
  answer.then(settle, settle)
  for (let second = 0; !isSettled && second < 60; second++) await clock.advance(1000)
  assert.ok(isSettled, 'no answer within a minute')
  return answer
}

function looks(name: string): number {
  const found = cluster.controllers.controllers.find(each => each.name === name)
  // One that does not run looks at nothing, which would prove nothing.
  assert.ok(found, name)
  return found.counts.reconciles
}

/** How often the controller looks at keys in ten minutes in which nobody does anything. */
async function looksInPeriod(name: string): Promise<number> {
  await clock.advance(5_000)
  const before = looks(name)
  await clock.advance(PERIOD_MS)
  return looks(name) - before
}

async function reasonsOn(name: string): Promise<string[]> {
  const { items } = await cluster.client.list(event, { namespace: 'default' })
  return items.flatMap(({ involvedObject, reason }) =>
    involvedObject.name === name && reason ? [reason] : [],
  )
}

test('a selector that does not match its template is refused at the door', async () => {
  const spec = { selector: { matchLabels: { app: 'another' } }, template, serviceName: 's' }
  for (const kind of [deployment, replicaSet, statefulSet, daemonSet])
    await assert.rejects(
      cluster.client.create(kind as typeof deployment, { metadata: at('bad'), spec } as never),
      error => isStatus(error, 'Invalid'),
      kind.kind,
    )
})

test('owners in a circle are left alone', async () => {
  const { client } = cluster
  const uids: string[] = []
  for (const name of ['hen', 'egg'])
    uids.push((await client.create(configMap, { metadata: at(name) })).metadata.uid ?? '')
  const owned = (name: string, owner: string, uid = '') =>
    client.patch(configMap, at(name), 'merge', {
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid }] },
    })
  await owned('hen', 'egg', uids[1])
  await owned('egg', 'hen', uids[0])
  const count = await looksInPeriod('garbage-collector-controller')
  assert.ok(count <= 20, `${count} looks`)
  assert.equal((await client.get(configMap, 'hen', 'default')).metadata.uid, uids[0])
})

test('a schedule that never comes makes no job and no haste', async () => {
  const { client } = cluster
  const jobTemplate = { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } }
  const spec = { schedule: '0 0 31 2 *', jobTemplate }
  await client.create(cronJob, { metadata: at('never'), spec } as never)
  const count = await looksInPeriod('cronjob-controller')
  assert.ok(count <= 5, `${count} looks`)
})

test('a metric that never comes is told, every fifteen seconds and no sooner', async () => {
  const { client } = cluster
  const spec = { replicas: 1, selector: { matchLabels: { app: 'a' } }, template }
  await client.create(deployment, { metadata: at('scaled'), spec } as never)
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' }
  await client.create(horizontalPodAutoscaler, {
    metadata: at('scaled'),
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3 },
  } as never)
  const count = await looksInPeriod('horizontal-pod-autoscaler-controller')
  assert.ok(count >= 30 && count <= 45, `${count} looks`)
  const { status } = await client.get(horizontalPodAutoscaler, 'scaled', 'default')
  const active = (status.conditions ?? []).find(({ type }) => type === 'ScalingActive')
  assert.equal(active?.status, 'False')
  assert.equal(active?.reason, 'FailedGetResourceMetric')
  assert.ok((await reasonsOn('scaled')).includes('FailedGetResourceMetric'))
})

test('pods beyond a quota are tried for less and less often', async () => {
  const { client } = cluster
  await inTime(
    client.create(resourceQuota, {
      metadata: at('none'),
      spec: { hard: { pods: '0' } },
    } as never),
  )
  await clock.advance(2_000)
  const labels = { app: 'refused' }
  const spec = {
    replicas: 100,
    selector: { matchLabels: labels },
    template: { ...template, metadata: { labels } },
  }
  await inTime(client.create(replicaSet, { metadata: at('refused'), spec } as never))
  const count = await looksInPeriod('replicaset-controller')
  assert.ok(count <= 30, `${count} looks`)
  const { status } = await inTime(client.get(replicaSet, 'refused', 'default'))
  const failure = status.conditions?.find(({ type }) => type === 'ReplicaFailure')
  assert.equal(failure?.reason, 'FailedCreate')
  assert.ok((await reasonsOn('refused')).includes('FailedCreate'))
  await inTime(client.delete(resourceQuota, at('none')))
})

test('a budget for pods that nobody controls says so, once', async () => {
  const { client } = cluster
  const labels = { app: 'alone' }
  await clock.advance(2_000)
  await inTime(
    client.create(pod, { metadata: { ...at('alone'), labels }, spec: template.spec } as never),
  )
  await inTime(
    client.create(podDisruptionBudget, {
      metadata: at('alone'),
      spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
    } as never),
  )
  const count = await looksInPeriod('disruption-controller')
  assert.ok(count <= 25, `${count} looks`)
  const { status } = await inTime(client.get(podDisruptionBudget, 'alone', 'default'))
  const allowed = (status.conditions ?? []).find(({ type }) => type === 'DisruptionAllowed')
  assert.equal(allowed?.reason, 'InsufficientPods')
  const reasons = await reasonsOn('alone')
  assert.deepEqual(reasons, ['UnmanagedPods'])
})
