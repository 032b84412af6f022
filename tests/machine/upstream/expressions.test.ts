/** What expressions give, and what goes wrong in them, is told by Proa as by upstream: by rules that never hold and say what they saw. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { Pair } from './pair.ts'
import { FINE_VALUES } from './variants/expressions-of-fine-values.ts'
import { OF_LIBRARIES } from './variants/expressions-of-libraries.ts'
import { LISTS_AND_TEXTS } from './variants/expressions-of-lists-and-texts.ts'
import { WRONG_VALUES } from './variants/expressions-of-wrong-values.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GROUP = 'expressions.example.com'
const WAIT_MS = 30_000
/** Of one definition, whose rules together may cost only so much. */
const AT_ONCE = 40

const text = (maxLength: number) => ({ type: 'string', maxLength })
const PROPERTIES = {
  s: text(20),
  i: { type: 'integer' },
  d: { type: 'number' },
  b: { type: 'boolean' },
  l: { type: 'array', maxItems: 5, items: { type: 'integer' } },
  ls: { type: 'array', maxItems: 5, items: text(10) },
  m: { type: 'object', maxProperties: 5, additionalProperties: text(10) },
  t: { type: 'string', format: 'date-time' },
  t9: { type: 'string', format: 'date-time' },
  dt: { type: 'string', format: 'date' },
  du: { type: 'string', format: 'duration' },
  o: { type: 'object', properties: { x: text(10), y: { type: 'integer' } } },
  ios: { 'x-kubernetes-int-or-string': true },
  by: { ...text(20), format: 'byte' },
  absent: text(5),
}
const spec = {
  s: 'text',
  i: 3,
  d: 1.5,
  b: true,
  l: [3, 1, 2],
  ls: ['b', 'a'],
  m: { k: 'v', j: 'w' },
  t: '2024-01-02T03:04:05Z',
  t9: '2024-01-02T03:04:05.123456789Z',
  dt: '2024-01-02',
  du: '1h30m',
  o: { x: 'ox', y: 7 },
  ios: 5,
  by: 'YWJj',
}

function definition(plural: string, expressions: readonly string[]) {
  const rules = expressions.map(expression => {
    const shown = `"%s".format([${expression}])`
    return { rule: `${shown} == "\\u0001"`, messageExpression: shown }
  })
  const ofSpec = { type: 'object', properties: PROPERTIES, 'x-kubernetes-validations': rules }
  const openAPIV3Schema = { type: 'object', properties: { spec: ofSpec } }
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }
  const names = { plural, kind: `K${plural}` }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: { group: GROUP, scope: 'Namespaced', names, versions: [version] },
  }
}

describe('expressions', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  async function served(path: string): Promise<void> {
    const until = Date.now() + WAIT_MS
    for (;;) {
      const told = await pair.both({ method: 'GET', path })
      if (told.every(({ status }) => status === 200)) return
      assert.ok(Date.now() < until, `${path} is not served`)
      await delay(100)
    }
  }

  const tried = (name: string, expressions: readonly string[]) => {
    for (let at = 0; at < expressions.length; at += AT_ONCE)
      test(`${name} from ${at + 1} on`, async () => {
        const some = expressions.slice(at, at + AT_ONCE)
        const plural = `${name}${at}`
        await evaluated(plural, some)
      })
  }

  async function evaluated(plural: string, some: readonly string[]): Promise<void> {
    const body = definition(plural, some)
    const made = await pair.both({ method: 'POST', path: CRDS, body })
    for (const answer of made) assert.equal(answer.status, 201, answer.text)
    const path = `/apis/${GROUP}/v1/namespaces/default/${plural}`
    await served(path)
    const object = { apiVersion: `${GROUP}/v1`, kind: `K${plural}`, metadata: { name: 'a' }, spec }
    assert.deepEqual(unexpected(await pair.compare({ method: 'POST', path, body: object })), [])
  }

  tried('lists', LISTS_AND_TEXTS)
  tried('libraries', OF_LIBRARIES)
  tried('edges', WRONG_VALUES)
  tried('fine', FINE_VALUES)
})
