/** Somebody sets the wall clock by hours, forth and back: spans are measured by another clock, so nothing ends early or stays too long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Deployment, deployment } from '#api/apps/v1/deployment.ts'
import { event } from '#api/core/v1/event.ts'
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { systemClock } from '#host/clock.ts'
import { type Cluster, startCluster } from '#index'
import { jumpyClock } from '../../src/base/testing/jumpy-clock.ts'

const HOURS = [5, -9, 30, -50, 24, 24, -80, 56]
const HOUR_MS = 3_600_000
const WAIT_MS = 60_000

const labels = { app: 'web' }
const web = {
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 3,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: [{ name: 'web', image: 'web:1' }] },
    },
  },
} as unknown as Partial<Deployment>

async function running({ client }: Cluster, count: number): Promise<readonly Pod[]> {
  for (const started = performance.now(); performance.now() - started < WAIT_MS; await pause(10)) {
    const { items } = await client.list(pod, { namespace: 'default' })
    const ready = items.filter(({ metadata, status }) =>
      status?.conditions?.some(
        ({ type, status }) => type === 'Ready' && status === 'True' && !metadata.deletionTimestamp,
      ),
    )
    if (ready.length === count && items.length === count) return items
  }
  return assert.fail(`${count} pods do not run after ${WAIT_MS} ms`)
}

test('nodes stay ready, pods stay, events stay, and watches resume from before', async () => {
  const clock = jumpyClock(systemClock)
  await using cluster = await startCluster({ clock, nodes: { kind: 'hollow', count: 2 } })
  const { client } = cluster
  await client.create(deployment, web)
  const before = await running(cluster, 3)
  const events = await client.list(event, { namespace: 'default' })
  assert.ok(events.items.length > 0)
  const lost: string[] = []
  const wereReady = new Set<string>()
  const watching = await client.watch(node)
  const leave = watching.subscribe({
    next: ({ object }) => {
      const { metadata, status } = object as { metadata: { name: string }; status?: NodeStatus }
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')
      if (ready?.status === 'True') wereReady.add(metadata.name)
      else if (wereReady.has(metadata.name)) lost.push(`${metadata.name} is ${ready?.status}`)
    },
    end: () => lost.push('the watch ended'),
  })
  for (const [at, hours] of HOURS.entries()) {
    clock.jump(hours * HOUR_MS)
    const metadata = { name: `jump-${at}`, namespace: 'default' }
    const involvedObject = { kind: 'Pod', name: 'web', namespace: 'default' }
    await client.create(event, { metadata, involvedObject } as never)
    await pause(250)
  }
  leave()
  assert.deepEqual(lost, [])
  assert.equal(wereReady.size, 2)
  const lives = (pods: readonly Pod[]) =>
    pods.map(({ metadata, status }) => [metadata.uid, status?.containerStatuses?.[0]?.containerID])
  assert.deepEqual(lives(await running(cluster, 3)), lives(before))
  const left = await client.list(event, { namespace: 'default' })
  const names = new Set(left.items.map(({ metadata }) => metadata.name))
  for (const { metadata } of events.items)
    assert.ok(names.has(metadata.name), `${metadata.name} is gone`)
  await resumes(cluster, events.metadata.resourceVersion)
  // Work goes on at whatever time it is now.
  const held = await client.get(deployment, 'web', 'default')
  await client.update(deployment, { ...held, spec: { ...held.spec, replicas: 5 } })
  await running(cluster, 5)
})

interface NodeStatus {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[]
}

/** Everything since a revision is still told. */
async function resumes({ client }: Cluster, resourceVersion: string): Promise<void> {
  const events = await client.watch(event, { namespace: 'default', resourceVersion })
  const told: string[] = []
  const leave = events.subscribe({ next: ({ type }) => void told.push(type), end() {} })
  for (const started = performance.now(); told.length === 0; await pause(5))
    assert.ok(performance.now() - started < WAIT_MS, 'the watch tells nothing')
  leave()
  assert.ok(!told.includes('ERROR'))
}
