/** Custom objects are refused, defaulted and pruned by Proa as by upstream. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { type Asked, Pair } from './pair.ts'
import {
  CHANGED,
  DEFINITIONS,
  FORMATS,
  GROUP,
  OBJECTS_THAT_DIFFER,
  RULED,
  SHAPES,
} from './variants/custom-objects.ts'
import { TEXTS } from './variants/texts.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const WAIT_MS = 30_000
const at = (plural: string) => `/apis/${GROUP}/v1/namespaces/default/${plural}`
const body = (kind: string, name: string, spec: unknown, more: object = {}) => ({
  apiVersion: `${GROUP}/v1`,
  kind,
  metadata: { name },
  spec,
  ...more,
})
const post = (plural: string, kind: string, spec: unknown, name = 'a'): Asked => ({
  method: 'POST',
  path: `${at(plural)}?dryRun=All`,
  body: body(kind, name, spec),
})

describe('a custom object with', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
    for (const definition of DEFINITIONS) {
      const answers = await pair.both({ method: 'POST', path: CRDS, body: definition })
      for (const { status, text } of answers) assert.equal(status, 201, text)
    }
    for (const plural of ['shapes', 'rules']) await served(plural)
  })
  after(() => pair?.stop())

  async function served(plural: string): Promise<void> {
    const until = Date.now() + WAIT_MS
    for (;;) {
      const told = await pair.both({ method: 'GET', path: at(plural) })
      if (told.every(({ status }) => status === 200)) return
      assert.ok(Date.now() < until, `${plural} are not served`)
      await delay(200)
    }
  }

  const told = async (all: readonly Asked[]) => {
    const lines: string[] = []
    for (const asked of all) lines.push(...(await pair.compare(asked)))
    return unexpected(lines)
  }
  const alike = async (...all: Asked[]) => assert.deepEqual(await told(all), [])

  const tried = (name: string, asked: Asked) =>
    test(name, async () => {
      const lines = await told([asked])
      if (OBJECTS_THAT_DIFFER[name])
        assert.notDeepEqual(lines, [], 'it is told alike by now: it need not be accepted')
      else assert.deepEqual(lines, [])
    })

  for (const [name, spec] of Object.entries(SHAPES))
    tried(name, post('shapes', 'Shape', typeof spec === 'object' ? { text: 'a', ...spec } : spec))

  for (const format of FORMATS)
    test(`texts in the format ${format}`, () =>
      alike(...TEXTS.map(text => post('shapes', 'Shape', { text: 'a', [`f-${format}`]: text }))))

  for (const [name, spec] of Object.entries(RULED))
    tried(`${name} against rules`, post('rules', 'Rule', spec))
  test('a name against a rule', () => alike(post('rules', 'Rule', {}, 'refused')))

  for (const [number, [name, [first, then]]] of Object.entries(CHANGED).entries())
    test(`${name}, changed`, async () => {
      const object = `c${number}`
      const path = `${at('rules')}/${object}`
      await alike(
        { method: 'POST', path: at('rules'), body: body('Rule', object, first) },
        {
          method: 'PATCH',
          path,
          body: { spec: { ...cleared(first, then), ...then } },
          headers: { 'content-type': 'application/merge-patch+json' },
        },
      )
    })

  test('null that may be, applied by several', () => {
    const apply = (manager: string, spec: object): Asked => ({
      method: 'PATCH',
      path: `${at('shapes')}/nulls?fieldManager=${manager}`,
      body: body('Shape', 'nulls', spec),
      headers: { 'content-type': 'application/apply-patch+yaml' },
    })
    const merge = (spec: object): Asked => ({
      method: 'PATCH',
      path: `${at('shapes')}/nulls`,
      body: { spec },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    const nulls = { nullable: null, presetNullable: null }
    return alike(
      apply('one', { text: 'a', ...nulls }),
      apply('two', { nullable: null }),
      apply('two', { nullable: 'x' }),
      apply('two', {}),
      apply('three', { presetNullable: 'b' }),
      merge({ nullable: 'c' }),
      apply('one', { text: 'a', ...nulls }),
      apply('one', { text: 'a', presetNullable: null }),
      apply('one', { text: 'a' }),
    )
  })

  test('what the rules of later find wrong may stay', async () => {
    const [, rule] = DEFINITIONS
    const path = `${at('rules')}/stays`
    const patch = (spec: object) => ({
      method: 'PATCH' as const,
      path,
      body: { spec },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    await alike({
      method: 'POST',
      path: at('rules'),
      body: body('Rule', 'stays', { later: 'x', laterLength: 'aaaa', laterList: ['x', 'y'] }),
    })
    const changed = structuredClone(rule) as { spec: { versions: { schema: object }[] } }
    const [version] = changed.spec.versions
    assert.ok(version)
    const schema = JSON.stringify(version.schema)
      .replaceAll('"sooner"', '"x"')
      .replaceAll('77', '3')
    version.schema = JSON.parse(schema)
    const answers = await pair.both({
      method: 'PATCH',
      path: `${CRDS}/rules.${GROUP}`,
      body: { spec: changed.spec },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    for (const { status, text } of answers) assert.equal(status, 200, text)
    await strict()
    await alike(
      patch({ plain: 5 }),
      patch({ later: 'x', plain: 6 }),
      patch({ laterList: ['x', 'z'] }),
      patch({ laterLength: 'bbbb' }),
      patch({ later: 'y' }),
      patch({ later: 'x' }),
    )
  })

  /** Until both refuse what the definition has refused since it was changed. */
  async function strict(): Promise<void> {
    const until = Date.now() + WAIT_MS
    for (;;) {
      const told = await pair.both(post('rules', 'Rule', { laterLength: 'aaaa' }))
      if (told.every(({ status }) => status === 422)) return
      assert.ok(Date.now() < until, 'the change of the definition is not seen')
      await delay(200)
    }
  }

  test('unknown fields by what is asked of them', () =>
    alike(
      ...['Strict', 'Warn', 'Ignore'].map(
        (validation): Asked => ({
          method: 'POST',
          path: `${at('shapes')}?dryRun=All&fieldValidation=${validation}`,
          body: body(
            'Shape',
            'a',
            {
              text: 'a',
              zz: 1,
              closed: { a: 'a', zz: 1 },
              keyed: [{ k: 'a', zz: 1 }],
              pod: { apiVersion: 'v1', kind: 'Pod', metadata: { zz: 1 } },
            },
            { more: 1 },
          ),
        }),
      ),
    ))
})

/** Fields that only the first has, taken away. */
const cleared = (first: object, then: object) =>
  Object.fromEntries(
    Object.keys(first)
      .filter(name => !(name in then))
      .map(name => [name, null]),
  )
