/** One set of feature gates means the same to API server, controllers and scheduler of a cluster. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { type Cluster, startCluster } from '#index'

const WAIT_MS = 60_000
const namespace = 'default'
const SERVED = new Map([['scheduling.k8s.io/v1alpha2', true]])
const GANGS = new Map([
  ['GenericWorkload', true],
  ['GangScheduling', true],
])

const IN_GROUP = { schedulingGroup: { podGroupName: 'g' } }
const create = ({ client }: Cluster, name: string, more: object = IN_GROUP) =>
  client.create(pod, {
    metadata: { name, namespace },
    spec: { containers: [{ name: 'a', image: 'a' }], ...more },
  } as never)

/** The first pods of a cluster wait for the account that they run under. */
async function until<T>(what: string, ask: () => Promise<T>): Promise<NonNullable<T>> {
  for (const started = performance.now(); performance.now() - started < WAIT_MS; ) {
    const found = await ask().catch(() => undefined)
    if (found) return found
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`never: ${what}`)
}

const boundIn = async ({ client }: Cluster): Promise<string[]> =>
  (await client.list(pod, { namespace })).items
    .filter(({ spec }) => spec.nodeName)
    .map(({ metadata }) => metadata.name ?? '')

test('with its gates a gang is kept together, and its group protected', async () => {
  await using cluster = await startCluster({ runtimeConfig: SERVED, featureGates: GANGS })
  const { client } = cluster
  const schedulingPolicy = { gang: { minCount: 2 } }
  const group = { metadata: { name: 'g', namespace }, spec: { schedulingPolicy } }
  await client.create(podGroup, group as never)
  await until('a first pod', () => create(cluster, 'one'))
  await until('the group is protected', async () => {
    const { metadata } = await client.get(podGroup, 'g', namespace)
    return metadata.finalizers?.includes('scheduling.k8s.io/podgroup-protection')
  })
  await create(cluster, 'alone', {})
  await until('who came later is bound', async () => (await boundIn(cluster)).length > 0)
  assert.deepEqual(await boundIn(cluster), ['alone'])
  await create(cluster, 'two')
  await until('all are bound', async () => (await boundIn(cluster)).length === 3)
})

test('without, a pod belongs to no group and goes alone', async () => {
  await using cluster = await startCluster({ runtimeConfig: SERVED })
  const made = await until('a pod', () => create(cluster, 'one'))
  assert.equal(made.spec.schedulingGroup, undefined)
  await until('it is bound', async () => (await boundIn(cluster)).length === 1)
})

test('gates that there are not, or that need others, end the start', async () => {
  const start = (name: string) => startCluster({ featureGates: new Map([[name, true]]) })
  await assert.rejects(start('Nothing'), {
    name: 'UserError',
    message: 'unrecognized feature gate: Nothing',
  })
  await assert.rejects(start('GangScheduling'), {
    name: 'UserError',
    message:
      'GangScheduling is enabled, but depends on features that are disabled: [GenericWorkload]',
  })
})
