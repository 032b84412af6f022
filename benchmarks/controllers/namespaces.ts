/** How long a namespace takes to be gone with all that is in it. */
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { secret } from '#api/core/v1/secret.ts'
import { service } from '#api/core/v1/service.ts'
import {
  type BenchCluster,
  costOf,
  type Sizes,
  sideBySide,
  tell,
  untilView,
  withCluster,
} from './bench-cluster.ts'

export async function namespaceDeletion({ objects }: Sizes): Promise<void> {
  await withCluster(1, async cluster => {
    const { client, informers } = cluster
    await fill(cluster, 'peer', objects)
    const peer = await costOf(() =>
      sideBySide(objects, index => {
        const at = { name: `object-${index}`, namespace: 'peer' }
        return client.delete(kindOf(index), at)
      }),
    )
    tell(`a client deletes ${objects} objects one by one`, peer, objects, 'the limit')
    await fill(cluster, 'full', objects)
    const deleted = await costOf(async () => {
      await client.delete(namespace, { name: 'full' })
      await untilView(
        informers.for(namespace),
        0,
        'namespaces to go',
        ({ metadata }) => metadata.name === 'full',
      )
    })
    tell(`namespace with ${objects} objects deleted → gone`, deleted, objects, '≤ 10 s for 10,000')
  })
}

const kindOf = (index: number) => [configMap, secret, configMap, service][index % 4] ?? configMap

async function fill({ client }: BenchCluster, name: string, objects: number): Promise<void> {
  await client.create(namespace, { metadata: { name } })
  await sideBySide(objects, index => {
    const metadata = { name: `object-${index}`, namespace: name, finalizers: [] }
    const kind = kindOf(index)
    const body = kind === service ? { spec: { clusterIP: 'None' } } : {}
    return client.create(kind, { metadata, ...body } as never)
  })
}
