import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { podDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { startTestCluster } from '../testing/test-cluster.ts'

test('a pod that two budgets count is told of, one that one counts is not', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  const namespace = 'default'
  for (const [name, app] of [
    ['a', 'web'],
    ['b', 'web'],
    ['c', 'db'],
  ] as const)
    await client.create(podDisruptionBudget, {
      metadata: { name, namespace },
      spec: { minAvailable: 1, selector: { matchLabels: { app } } },
    } as never)
  await cluster.until(
    'budgets',
    () => cluster.informers.for(podDisruptionBudget).list().length === 3,
  )
  for (const app of ['db', 'web'])
    await client.create(pod, {
      metadata: { name: app, namespace, labels: { app } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    } as never)
  const events = async () => {
    const { items } = await client.list(event, { namespace })
    return items.filter(({ reason }) => reason === 'MultiplePodDisruptionBudgets')
  }
  await cluster.until('the event', async () => (await events()).length > 0)
  const found = await events()
  assert.deepEqual(
    [
      ...new Set(
        found.map(({ involvedObject, message, type }) =>
          [involvedObject.name, type, message].join(),
        ),
      ),
    ],
    [
      'web,Warning,Pod "default"/"web" matches multiple PodDisruptionBudgets.  Chose "a" arbitrarily.',
    ],
  )
})
