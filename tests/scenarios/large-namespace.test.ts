/** A namespace of five thousand objects of several kinds, some with finalizers, deleted with kubectl: nothing is left, nothing else goes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { secret } from '#api/core/v1/secret.ts'
import { service } from '#api/core/v1/service.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { kubectlMissing } from '../tools/kubectl.ts'
import { until } from './hollow-workloads.ts'
import { kubectlCluster } from './kubectl-cluster.ts'

const OBJECTS = 5_000
const AT_A_TIME = 100
const KINDS: readonly [AnyKind, object][] = [
  [configMap, { data: { a: 'b' } }],
  [secret, { stringData: { a: 'b' } }],
  [service, { spec: { ports: [{ port: 80 }] } }],
]

describe('a large namespace', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const scene = kubectlCluster(1)

  test(`${OBJECTS} objects go with their namespace; what a finalizer keeps, keeps it`, async () => {
    const { client } = scene.cluster
    await scene.kubectl.run('create namespace large')
    await client.create(configMap, { metadata: { name: 'stays', namespace: 'default' } })
    let made = 0
    const maker = async () => {
      for (let number = made++; number < OBJECTS; number = made++) {
        const [kind, content] = KINDS[number % KINDS.length] as (typeof KINDS)[number]
        const finalizers = number === 0 ? { finalizers: ['example.com/kept'] } : {}
        const metadata = { name: `object-${number}`, namespace: 'large', ...finalizers }
        await client.create(kind, { metadata, ...content } as never)
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, maker))
    await scene.kubectl.run('delete namespace large --wait=false')
    const countOf = async () => {
      const lists = await Promise.all(
        KINDS.map(([kind]) => client.list(kind, { namespace: 'large' })),
      )
      return lists.reduce((sum, { items }) => sum + items.length, 0)
    }
    await until('all but one to go', async () => (await countOf()) === 1)
    const told = await until('the namespace to say what keeps it', async () => {
      const { status } = await client.get(namespace, 'large')
      const found = (status.conditions ?? []).find(
        ({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True',
      )
      return found?.message
    })
    assert.match(told, /example\.com\/kept in 1 resource instances/)
    assert.match(
      await scene.kubectl.fails('create configmap late -n large'),
      /because it is being terminated/,
    )
    await scene.kubectl.run(
      'patch configmap object-0 -n large --type=merge -p {"metadata":{"finalizers":null}}',
    )
    await scene.kubectl.run('wait namespace/large --for=delete --timeout=150s')
    assert.equal(await countOf(), 0)
    assert.ok(await client.get(configMap, 'stays', 'default'))
    // The name is free again, and nothing of the old one comes back.
    await scene.kubectl.run('create namespace large')
    assert.equal((await client.list(secret, { namespace: 'large' })).items.length, 0)
  })
})
