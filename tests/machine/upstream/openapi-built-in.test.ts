/** What the OpenAPI documents of the two servers say of built-in kinds: all schemas and all paths, in both versions of the format. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { type Accepted, besides } from './accepted.ts'
import type { Shown } from './differences.ts'
import { type Both, differing, read } from './openapi-documents.ts'
import { EVERYTHING, Pair } from './pair.ts'

const ACCEPTED: readonly Accepted[] = [
  {
    line: /\.description: upstream nothing, Proa "TEXT"$/,
    why: 'every field has a description here, some of upstream’s have none',
  },
  {
    line: /\.(JSONSchemaProps\.properties\.\w+|IngressRule\.properties\.http)\.(\$ref: upstream "\S+", Proa nothing|allOf: upstream nothing, Proa \S+)$/,
    why: 'in version 3 a reference with a description has to be wrapped, and upstream has no description there',
  },
  {
    line: /v1alpha1\.Variable\.x-kubernetes-map-type: upstream nothing, Proa "atomic"$/,
    why: 'the other versions of the type are owned as a whole, too, and here it only stands in a list that is',
  },
]

const protobuf = (format: string) =>
  `application/com.github.proto-openapi.spec.${format}v1.0+protobuf`
const ACCEPTS = [
  ...['v2@', 'v2.', 'v3@', 'v3.'].map(protobuf),
  `${protobuf('v3@')}, application/json;q=0.5`,
  '*/*',
  'application/*',
  'application/yaml',
  'application/cbor, application/json;q=0.5',
]

describe('OpenAPI documents of built-in kinds', {
  skip: etcdMissing() || kubeApiServerMissing(),
}, () => {
  let pair: Pair
  /** What differed anywhere, be it accepted or not. */
  const found: string[] = []
  before(async () => {
    pair = await Pair.start([EVERYTHING])
  })
  after(() => pair?.stop())

  const documents = async (path: string): Promise<Both> => {
    const told = await pair.both({ method: 'GET', path })
    for (const { status, text } of told) assert.equal(status, 200, text)
    return [read(told[0]), read(told[1])]
  }

  function compare(both: Both, pick: (shown: Shown) => unknown): void {
    const lines = differing(both, pick)
    found.push(...lines)
    assert.deepEqual(besides(ACCEPTED, lines), [])
  }

  test('the index leads to the same documents', async () => {
    const [upstream, proa] = await documents('/openapi/v3')
    assert.deepEqual(Object.keys(proa.paths).sort(), Object.keys(upstream.paths).sort())
    for (const { paths } of [upstream, proa])
      for (const [path, { serverRelativeURL }] of Object.entries<Shown>(paths))
        assert.match(serverRelativeURL, new RegExp(`^/openapi/v3/${path}\\?hash=[0-9A-F]{64,128}$`))
  })

  test('version 3', async t => {
    const [{ paths }] = await documents('/openapi/v3')
    for (const path of Object.keys(paths)) {
      const both = await documents(`/openapi/v3/${path}`)
      await t.test(`${path}: schemas`, () => compare(both, ({ components }) => components.schemas))
      await t.test(`${path}: all else`, () =>
        compare(both, ({ components: { schemas: _, ...others }, ...rest }) => ({
          ...rest,
          others,
        })),
      )
    }
  })

  test('version 2', async t => {
    const both = await documents('/openapi/v2')
    await t.test('schemas', () => compare(both, ({ definitions }) => definitions))
    await t.test('paths', () => compare(both, ({ paths }) => paths))
    await t.test('all else', () => compare(both, ({ paths: _, definitions: __, ...rest }) => rest))
  })

  for (const path of ['/openapi/v2', '/openapi/v3/version'])
    for (const accept of ACCEPTS)
      test(`${path} for those who take ${accept}`, async () => {
        const told = await pair.both({ method: 'GET', path, headers: { accept } })
        const [upstream, proa] = told.map(({ status, headers }) => [
          status,
          headers['content-type'],
        ])
        assert.deepEqual(proa, upstream)
      })

  test('an old hash leads to the new one', async () => {
    const path = '/openapi/v3/apis/apps/v1'
    const told = await pair.both({ method: 'GET', path: `${path}?hash=OLD` })
    const [{ paths: ofUpstream }, { paths: ofProa }] = await documents('/openapi/v3')
    assert.deepEqual(
      told.map(({ status, headers }) => [status, headers.location]),
      [ofUpstream, ofProa].map(paths => [301, paths['apis/apps/v1'].serverRelativeURL]),
    )
  })

  test('what is accepted is there', () => {
    const unmet = ACCEPTED.filter(({ line }) => !found.some(each => line.test(each)))
    assert.deepEqual(unmet, [])
  })
})
