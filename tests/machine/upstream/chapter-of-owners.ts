/** A chapter about owners of kinds that somebody defined, of the whole cluster, that are not there, or that wait for what they own. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiEnd } from '../etcd/servers.ts'
import { DEFINITIONS } from './non-resource-paths.ts'
import { isThere, until } from './story.ts'

const WHOLES = '/apis/belongings.example.com/v1/wholes'
const MERGE = 'application/merge-patch+json'

const definition = (plural: string, scope: string) => ({
  metadata: { name: `${plural}s.belongings.example.com`, labels: { story: 'belongings' } },
  spec: {
    group: 'belongings.example.com',
    scope,
    names: {
      plural: `${plural}s`,
      singular: plural,
      kind: `${plural[0]?.toUpperCase()}${plural.slice(1)}`,
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    ],
  },
})

export async function own(api: ApiEnd, place: string): Promise<void> {
  const core = `/api/v1/namespaces/${place}`
  const things = `/apis/belongings.example.com/v1/namespaces/${place}/things`
  await api.want('POST', DEFINITIONS, definition('thing', 'Namespaced'))
  await api.want('POST', DEFINITIONS, definition('whole', 'Cluster'))
  for (const path of [things, WHOLES])
    await until(`${path} is served`, async () => (await api.ask('GET', path)).status === 200)
  const apiVersion = 'belongings.example.com/v1'
  const make = async (path: string, kind: string, name: string, more: object = {}) => {
    const made = await api.want('POST', path, { apiVersion, kind, metadata: { name, ...more } })
    return { apiVersion, kind, name, uid: made.metadata.uid }
  }
  const owned = (name: string, ownerReferences: readonly object[], more: object = {}) =>
    api.want('POST', `${core}/configmaps`, { metadata: { name, ownerReferences, ...more } })
  const whole = await make(WHOLES, 'Whole', 'all')
  const [first, second, third, fourth] = [
    await make(things, 'Thing', 'first'),
    await make(things, 'Thing', 'second'),
    await make(things, 'Thing', 'third'),
    await make(things, 'Thing', 'fourth'),
  ]
  await owned('of-first', [first])
  await owned('of-two', [first, second])
  await owned('of-second', [second])
  await owned('of-the-whole', [whole])
  await owned('blocking', [{ ...third, blockOwnerDeletion: true }])
  await owned('held', [{ ...fourth, blockOwnerDeletion: true }], {
    finalizers: ['example.com/hold'],
  })
  await owned('of-nobody', [
    { ...first, name: 'missing', uid: '11111111-2222-3333-4444-555555555555' },
  ])
  await owned('of-an-impostor', [{ ...first, uid: '11111111-2222-3333-4444-666666666666' }])
  const nested = await make(things, 'Thing', 'nested', {})
  const child = await make(things, 'Thing', 'child', { ownerReferences: [nested] })
  await owned('grandchild', [child])
  await sleep(1000)
  await api.want('DELETE', `${things}/first`, { propagationPolicy: 'Background' })
  await until('of two owners one is left', async () => {
    const { metadata } = await api.want('GET', `${core}/configmaps/of-two`)
    return metadata.ownerReferences.length === 1
  })
  await api.want('DELETE', `${things}/second`, { propagationPolicy: 'Orphan' })
  await api.want('DELETE', `${things}/third`, { propagationPolicy: 'Foreground' })
  await api.want('DELETE', `${things}/fourth`, { propagationPolicy: 'Foreground' })
  await api.want('DELETE', `${things}/nested`, { propagationPolicy: 'Foreground' })
  await api.want('DELETE', `${WHOLES}/all`)
  for (const name of [
    'of-first',
    'of-the-whole',
    'of-nobody',
    'of-an-impostor',
    'grandchild',
    'blocking',
  ])
    await until(`${name} is gone`, async () => !(await isThere(api, `${core}/configmaps/${name}`)))
  await api.want('PATCH', `${core}/configmaps/held`, { metadata: { finalizers: null } }, MERGE)
  await until('fourth is gone', async () => !(await isThere(api, `${things}/fourth`)))
  await make(things, 'Thing', 'last')
  for (const name of ['things', 'wholes']) {
    const path = `${DEFINITIONS}/${name}.belongings.example.com`
    await api.want('DELETE', path)
    await until(`${name} are gone`, async () => !(await isThere(api, path)))
  }
}
