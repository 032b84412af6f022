/** Short ways to write and look at pods in tests. */
import assert from 'node:assert/strict'
import { event } from '#api/core/v1/event.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { rest, startTestCluster, type TestCluster } from './hollow-cluster.ts'

export const at = (name: string) => ({ name, namespace: 'default' })
export const sh = (script: string) => ['sh', '-c', script]
export const web = { name: 'web', image: 'nginx' }

export async function withCluster(work: (cluster: TestCluster) => Promise<void>) {
  const cluster = await startTestCluster()
  try {
    await work(cluster)
  } finally {
    await cluster.stop()
  }
}

export function statusOf(pod: Pod, index = 0) {
  const status = pod.status?.containerStatuses?.[index]
  assert.ok(status)
  return status
}

export const conditionOf = (pod: Pod, type: string) =>
  pod.status?.conditions?.find(condition => condition.type === type)

/** `type reason message` of a pod's events, sorted. */
export async function eventsOf({ client }: TestCluster, pod: string) {
  await rest()
  const { items } = await client.list(event, { namespace: 'default' })
  return items
    .filter(item => item.involvedObject.name === pod)
    .map(item => `${item.type} ${item.reason} ${item.message}`)
    .sort()
}
