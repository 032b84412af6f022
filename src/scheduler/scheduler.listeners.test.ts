/** Informers are shared by all roles of a process, and outlive a scheduler that loses its lease. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import type { Informers } from '#client/informer.ts'
import type { RoleContext } from '#client/role.ts'
import { startScheduler } from './scheduler.ts'
import { serveCluster } from './testing/served-cluster.ts'
import { nodeOf } from './testing/world.ts'

/** The same informers; who listens is noted, by the kind's plural. */
function counting(informers: Informers): { informers: Informers; listening: string[] } {
  const listening: string[] = []
  return {
    listening,
    informers: {
      ...informers,
      for(kind, query) {
        const informer = informers.for(kind, query)
        return {
          synced: informer.synced,
          get revision() {
            return informer.revision
          },
          get: key => informer.get(key),
          list: namespace => informer.list(namespace),
          by: (index, value) => informer.by(index, value),
          addIndex: (name, valuesOf) => informer.addIndex(name, valuesOf),
          subscribe(listener) {
            const end = informer.subscribe(listener)
            listening.push(kind.plural)
            return () => {
              end()
              listening.splice(listening.indexOf(kind.plural), 1)
            }
          },
        }
      },
    },
  }
}

const options = {
  profiles: ['default-scheduler', 'other'].map(schedulerName => ({ schedulerName })),
  featureGates: new Map([
    ['GenericWorkload', true],
    ['GangScheduling', true],
  ]),
}

test('a scheduler that stops listens no more, however often it is started again', async t => {
  await using cluster = await serveCluster(['a'])
  const { end, ...own } = cluster.openContext()
  t.after(end)
  const { informers, listening } = counting(own.informers)
  const context: RoleContext = { ...own, informers }
  await cluster.addNode(nodeOf('n1'))
  const before: string[][] = []
  for (const name of ['first', 'second']) {
    const scheduler = startScheduler(context, options)
    try {
      await cluster.client.create(pod, {
        metadata: { name, namespace: 'a' },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      } as never)
      for (let tries = 0; scheduler.counts.scheduled === 0; tries++) {
        assert.ok(tries < 2000, `the ${name} pod was not placed`)
        await new Promise(resolve => setTimeout(resolve, 10))
      }
      before.push([...listening].sort())
    } finally {
      await scheduler.stop()
    }
    assert.deepEqual(listening, [], `after the ${name} scheduler`)
  }
  const [first, second] = before
  assert.deepEqual(first, second)
  for (const plural of [
    'deviceclasses',
    'resourceclaims',
    'persistentvolumes',
    'persistentvolumeclaims',
    'poddisruptionbudgets',
    'pods',
  ])
    assert.ok((first?.filter(one => one === plural).length ?? 0) >= 2, `${plural}, per profile`)
})
