/** What the OpenAPI documents of the two servers say of custom resources. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import type { Shown } from './differences.ts'
import { type Both, differing, picked, read } from './openapi-documents.ts'
import { Pair } from './pair.ts'
import { DEFINED, GROUP } from './variants/published-definitions.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const REVERSED = GROUP.split('.').reverse().join('.')
const WAIT_MS = 60_000
const KINDS = DEFINED.map(({ spec }) => spec.names.kind)
const VERSIONS = ['v1', 'v2']
/** What Proa always speaks, upstream only tells where it may. */
const FLAGS = ['--feature-gates=CBORServingAndStorage=true']

describe('OpenAPI documents', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  const documents = new Map<string, Both>()

  before(async () => {
    pair = await Pair.start(FLAGS)
    for (const body of DEFINED) {
      const answers = await pair.both({ method: 'POST', path: DEFINITIONS, body })
      for (const { status, text } of answers) assert.equal(status, 201, text)
    }
    const last = `${REVERSED}.v1.${KINDS.at(-1)}`
    documents.set('v2', await shownOnce('/openapi/v2', last))
    documents.set('v3 v1', await shownOnce(`/openapi/v3/apis/${GROUP}/v1`, last))
    documents.set(
      'v3 v2',
      await shownOnce(`/openapi/v3/apis/${GROUP}/v2`, `${REVERSED}.v2.Several`),
    )
    documents.set('index', await shownOnce('/openapi/v3', `${GROUP}/v1`))
  })
  after(() => pair?.stop())

  /** Both documents, as soon as both tell of what was defined last. */
  async function shownOnce(path: string, name: string): Promise<Both> {
    const until = Date.now() + WAIT_MS
    for (;;) {
      const told = await pair.both({ method: 'GET', path })
      if (told.every(({ text }) => text.includes(`${name}"`))) return [read(told[0]), read(told[1])]
      if (Date.now() > until)
        assert.fail(`${path} lacks ${name}: ${told.map(({ status }) => status)}`)
      await delay(500)
    }
  }

  const compare = (document: string, pick: (shown: Shown) => unknown) =>
    assert.deepEqual(differing(documents.get(document) as Both, pick), [])

  for (const kind of KINDS)
    for (const version of VERSIONS) {
      if (version !== 'v1' && kind !== 'Several') continue
      for (const name of [kind, `${kind}List`].map(each => `${REVERSED}.${version}.${each}`)) {
        test(`${name} in version 2`, () => compare('v2', ({ definitions }) => definitions[name]))
        test(`${name} in version 3`, () =>
          compare(`v3 ${version}`, ({ components }) => components.schemas[name]))
      }
    }

  for (const version of VERSIONS) {
    test(`${version}: all named schemas in version 3`, () =>
      compare(`v3 ${version}`, ({ components }) => Object.keys(components.schemas).sort()))
    test(`${version}: paths in version 3`, () => compare(`v3 ${version}`, ({ paths }) => paths))
    test(`${version}: what stands beside them in version 3`, () =>
      compare(`v3 ${version}`, ({ paths: _, components, ...rest }) => {
        const { schemas, ...others } = components
        return { ...rest, others, ...picked(schemas, name => !name.startsWith(REVERSED)) }
      }))
  }

  test('names in version 2', () =>
    compare('v2', ({ definitions }) =>
      Object.keys(definitions)
        .filter(name => name.startsWith(REVERSED))
        .sort(),
    ))
  test('paths in version 2', () =>
    compare('v2', ({ paths }) => picked(paths, path => path.includes(GROUP))))
  test('what stands beside them in version 2', () =>
    compare('v2', ({ paths: _, definitions: __, ...rest }) => rest))

  test('the index has what upstream has, and of custom resources nothing else', () => {
    const [upstream, proa] = documents.get('index') as Both
    const missing = Object.keys(upstream.paths).filter(path => !(path in proa.paths))
    assert.deepEqual(missing, [])
    compare('index', ({ paths }) =>
      Object.keys(paths)
        .filter(path => path.includes(GROUP))
        .sort(),
    )
  })
})
