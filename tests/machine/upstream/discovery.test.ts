/** What the two servers say of themselves: groups, versions and resources, with all that clients read there, and the columns of tables. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { type Accepted, besides } from './accepted.ts'
import { EVERYTHING, Pair } from './pair.ts'

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const TABLE = 'application/json;as=Table;g=meta.k8s.io;v=v1'

const ACCEPTED: readonly Accepted[] = [
  {
    line: /\.serverAddressByClientCIDRs\[0\]\.serverAddress: /,
    why: 'upstream tells the address of its machine, Proa the one that was asked',
  },
  {
    line: /only the following media types are accepted: /,
    why: 'Proa takes CBOR, which upstream has behind a gate',
  },
  { line: /: order upstream /, why: 'the order of members means nothing in JSON' },
  {
    line: /\.columnDefinitions\[\d+\]\.description: upstream "(?!", Proa ""$)/,
    why: 'descriptions are in words of our own, of columns of which upstream says nothing, too',
  },
  {
    line: /\.(metadata\.(resourceVersion|continue|remainingItemCount)|rows\S*): /,
    why: 'only columns are asked for',
  },
]

const groups = [...new Set(kinds.map(({ group }) => group).filter(group => group !== ''))]
const versions = [...new Set(kinds.map(versionPath))]

function versionPath(kind: AnyKind): string {
  return kind.group ? `/apis/${apiVersionOf(kind)}` : '/api/v1'
}

describe('discovery', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start([EVERYTHING])
  })
  after(() => pair?.stop())

  const compare = async (path: string, accept: string) => {
    const headers = { accept }
    assert.deepEqual(besides(ACCEPTED, await pair.compare({ method: 'GET', path, headers })), [])
  }

  for (const path of ['/api', '/apis', ...groups.map(group => `/apis/${group}`), ...versions])
    test(path, () => compare(path, 'application/json'))

  for (const root of ['/api', '/apis'])
    test(`${root} in one document`, () => compare(root, AGGREGATED))

  for (const accept of [TABLE, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'])
    for (const path of ['/api', '/apis', '/apis/apps', '/apis/apps/v1', '/api/v1'])
      for (const more of ['', ', application/json'])
        test(`${path} as ${accept}${more}`, () => compare(path, accept + more))

  for (const kind of kinds.filter(({ verbs }) => verbs.includes('list')))
    test(`columns of ${apiVersionOf(kind)} ${kind.kind}`, () =>
      compare(`${versionPath(kind)}/${kind.plural}?limit=1`, TABLE))

  test('what APIServices say of the rank of versions', async () => {
    const told = await pair.both({
      method: 'GET',
      path: '/apis/apiregistration.k8s.io/v1/apiservices',
    })
    const [upstream, proa] = told.map(({ text }) => ranksIn(text))
    assert.deepEqual(proa, upstream)
  })

  test('custom resources, and where their groups stand', async () => {
    // By their names the groups stand otherwise than by those of their versions.
    for (const [group, ...names] of [
      ['a.example.com', 'v1alpha1'],
      ['b.example.com', 'v1beta1', 'v1'],
      ['c.example.com', 'v1'],
    ] as const) {
      const body = ofCustom(group, names)
      const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
      for (const { status, text } of await pair.both({ method: 'POST', path, body }))
        assert.equal(status, 201, text)
      const until = Date.now() + 30_000
      const isShown = async () =>
        (await pair.both({ method: 'GET', path: '/apis', headers: { accept: AGGREGATED } })).every(
          ({ text }) => text.includes(group),
        )
      while (!(await isShown())) assert.ok(Date.now() < until, `${group} is not shown`)
      for (const name of names) await compare(`/apis/${group}/${name}`, 'application/json')
    }
    await compare('/apis', 'application/json')
    await compare('/apis', AGGREGATED)
  })
})

interface Service {
  readonly metadata: { readonly name: string }
  readonly spec: object
}
const ranksIn = (text: string) =>
  Object.fromEntries(
    JSON.parse(text).items.map(({ metadata, spec }: Service) => [metadata.name, spec]),
  )

const ofCustom = (group: string, names: readonly string[]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `kites.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'kites', kind: 'Kite', shortNames: ['kt'], categories: ['all'] },
    versions: names.map((name, index) => ({
      name,
      served: true,
      storage: index === 0,
      subresources: {
        status: {},
        scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
      },
      schema: {
        openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    })),
  },
})
