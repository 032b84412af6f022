/** What the two servers say of themselves: groups, versions and resources, with all that clients read there. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { Pair, type Told } from './pair.ts'

const stable = new Set(
  kinds
    .filter(({ version }) => !/alpha|beta/.test(version))
    .map(kind => (kind.group ? `/apis/${apiVersionOf(kind)}` : '/api/v1')),
)
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

describe('discovery', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  for (const path of ['/api', ...stable])
    test(path, async () => {
      assert.deepEqual(unexpected(await pair.compare({ method: 'GET', path })), [])
    })

  test('the list of paths', async () => {
    const lists = await pair.both({ method: 'GET', path: '/' })
    const [upstream, proa] = lists.map(({ text }) => JSON.parse(text).paths as string[])
    const besides = (one: string[] = [], other: string[] = []) =>
      one.filter(path => !other.includes(path) && !/(alpha|beta)\d$/.test(path))
    assert.deepEqual(besides(upstream, proa), ['/flagz', '/statusz'])
    // The group has nothing but versions that upstream has behind gates.
    assert.deepEqual(besides(proa, upstream), ['/apis/storagemigration.k8s.io'])
    assert.deepEqual(proa, proa?.toSorted())
  })

  for (const root of ['/api', '/apis'])
    test(`${root} in one document`, async () => {
      const headers = { accept: AGGREGATED }
      const [upstream, proa] = await pair.both({ method: 'GET', path: root, headers })
      assert.deepEqual(stableIn(proa), stableIn(upstream))
      assert.equal(proa.headers['content-type'], upstream.headers['content-type'])
    })
})

/** The versions that are not behind gates, by group. */
function stableIn({ text }: Told): Record<string, unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: the document as it is
  const { items } = JSON.parse(text) as { items: any[] }
  return Object.fromEntries(
    items.flatMap(({ metadata, versions }) => {
      const found = versions.filter(
        ({ version }: { version: string }) => !/alpha|beta/.test(version),
      )
      return found.length > 0 ? [[metadata.name ?? '', [metadata, ...found]]] : []
    }),
  )
}
