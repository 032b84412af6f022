/** Preemption on a whole cluster: an important pod takes the room of less important ones. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import { priorityClass } from '#api/scheduling/v1/priority-class.ts'
import { type Cluster, startCluster } from '#index'
import { eventOn, isReady, until } from './hollow-workloads.ts'

let cluster: Cluster
before(async () => {
  cluster = await startCluster({ nodes: { kind: 'hollow', count: 2 } })
  for (const [name, value] of Object.entries({ lowest: 1, low: 10, high: 1000 }))
    await cluster.client.create(priorityClass, { metadata: { name }, value } as never)
  const polite = { metadata: { name: 'polite' }, value: 1000, preemptionPolicy: 'Never' }
  await cluster.client.create(priorityClass, polite as never)
})
after(() => cluster.stop())

const run = (name: string, priorityClassName: string, cpu: string) =>
  cluster.client.create(pod, {
    metadata: { name, namespace: 'default' },
    spec: {
      priorityClassName,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'nginx', resources: { requests: { cpu } } }],
    },
  } as never)
const find = (name: string) =>
  cluster.client.get(pod, name, 'default').catch(error => {
    if (isStatus(error, 'NotFound')) return undefined
    throw error
  })
const ready = (name: string) =>
  until(`${name} to be ready`, async () => {
    const found = await find(name)
    return found && isReady(found) && found
  })
const waiting = (name: string) =>
  until(`${name} to be refused`, async () => {
    const found = await find(name)
    const condition = found?.status.conditions?.find(({ type }) => type === 'PodScheduled')
    return condition?.status === 'False' && condition
  })

test('an important pod drives less important ones off a full cluster and runs where they were', async () => {
  await run('low-0', 'low', '3')
  await run('low-1', 'low', '3')
  const lows = [await ready('low-0'), await ready('low-1')]
  // Neither more of the same nor one that is not to preempt may take their room.
  await run('low-2', 'low', '3')
  const refused = await waiting('low-2')
  assert.match(
    refused.message ?? '',
    /^0\/2 nodes are available: 2 Insufficient cpu\. .*preemption: 0\/2 nodes are available: 2 No preemption victims found for incoming pod\.$/,
  )
  await run('polite', 'polite', '3')
  const polite = await waiting('polite')
  assert.match(polite.message ?? '', /preemption: not eligible due to preemptionPolicy=Never\.$/)
  await cluster.client.delete(pod, { name: 'polite', namespace: 'default' })

  const created = await run('high', 'high', '2')
  const high = await ready('high')
  const victims = await until('one to be gone', async () => {
    const left = await Promise.all(lows.map(low => find(low.metadata.name ?? '')))
    const gone = lows.filter((_low, i) => !left[i])
    return gone.length > 0 && gone
  })
  assert.equal(victims.length, 1, 'only one had to go')
  const [victim] = victims
  assert.equal(high.spec.nodeName, victim?.spec.nodeName)
  assert.equal(
    await eventOn(cluster, victim?.metadata.name ?? '', 'Preempted'),
    `Preempted by pod ${created.metadata.uid} on node ${victim?.spec.nodeName}`,
  )
})

test('a victim says why it goes', async () => {
  // Its finalizer keeps it to be read after it is gone from its node.
  const metadata = { name: 'kept', namespace: 'default', finalizers: ['example.com/kept'] }
  const resources = { requests: { cpu: '1800m' } }
  await cluster.client.create(pod, {
    metadata,
    spec: {
      priorityClassName: 'lowest',
      containers: [{ name: 'main', image: 'nginx', resources }],
    },
  } as never)
  await ready('kept')
  await run('second', 'high', '2')
  await ready('second')
  const kept = await find('kept')
  assert.ok(kept?.metadata.deletionTimestamp)
  const told = kept.status.conditions?.find(({ type }) => type === 'DisruptionTarget')
  assert.deepEqual(
    [told?.status, told?.reason, told?.message],
    [
      'True',
      'PreemptionByScheduler',
      'default-scheduler: preempting to accommodate a higher priority pod',
    ],
  )
})
