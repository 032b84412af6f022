import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deepFreeze } from '#base/freeze.ts'
import { configMap } from '../core/v1/config-map.ts'
import { decodeObject, decodeShape } from './decode.ts'
import { defineKind, objectShape } from './kind.ts'
import {
  alternative,
  any,
  boolean,
  bytes,
  double,
  duration,
  int32,
  int64,
  intOrString,
  list,
  map,
  microTime,
  type ObjectShape,
  quantity,
  shape,
  string,
  struct,
  time,
} from './schema.ts'
import { isStatus } from './status.ts'

const part = shape('io.k8s.api.test.v1.Part', 'A part.', {
  name: string(1).required(),
  count: int32(2),
  weight: int64(3).optional(),
  share: double(4),
  on: boolean(5).optional(),
  off: boolean(6),
})
const everything = shape('io.k8s.api.test.v1.Everything', 'One field of each type.', {
  part: struct(1, part).optional(),
  shown: struct(2, part).always(),
  parts: list(3, part),
  names: list(4, string()).required(),
  byName: map(5, part),
  labels: map(6, string()),
  amount: quantity(7),
  at: time(8),
  atMicro: microTime(9),
  seen: time(10).required(),
  span: duration(11),
  port: intOrString(12),
  data: bytes(13),
  raw: any(14),
  constructor: string(15),
})
const decode = (raw: unknown) => decodeShape(everything, raw)
const message = (raw: unknown) => {
  try {
    decode(raw)
  } catch (thrown) {
    assert.ok(isStatus(thrown, 'BadRequest'), String(thrown))
    return thrown.message
  }
  return assert.fail(`accepted ${JSON.stringify(raw)}`)
}
const shown = { shown: { name: '' }, names: [], at: null, atMicro: null, seen: null }

test('absent fields show as the schema says', () => {
  assert.deepEqual(decode({}).value, shown)
  assert.deepEqual(decode({ part: {}, shown: null, parts: [], labels: {}, names: null }).value, {
    part: { name: '' },
    ...shown,
  })
  assert.deepEqual(
    decode({ part: { count: 0, weight: 0, on: false, off: false, name: '', share: 0 } }).value,
    { part: { name: '', weight: 0, on: false }, ...shown },
  )
})

test('values come out canonical', () => {
  const { value } = decode({
    amount: '0.5',
    at: '2026-01-02T04:00:00.9+01:00',
    atMicro: '2026-01-02T05:00:00.123456+02:00',
    span: '90s',
    port: 80,
    data: 'aGk=',
    raw: { __proto__: null, z: [1, { b: 2 }] },
    labels: { a: null },
    parts: [null, { name: 'x' }],
  })
  assert.deepEqual(value, {
    ...shown,
    parts: [{ name: '' }, { name: 'x' }],
    labels: { a: '' },
    amount: '500m',
    at: '2026-01-02T03:00:00Z',
    atMicro: '2026-01-02T03:00:00.123456Z',
    span: '1m30s',
    port: 80,
    data: 'aGk=',
    raw: { z: [1, { b: 2 }] },
  })
  assert.equal(decode({ amount: 2 }).value.amount, '2')
})

test('wrong types are told as upstream tells them', () => {
  const cannot = 'json: cannot unmarshal'
  assert.equal(
    message({ parts: [{ name: 'a' }, { name: 1 }] }),
    `${cannot} number into Go struct field Part.parts.name of type string`,
  )
  assert.equal(
    message({ parts: [{ name: 'a', count: 1 }, 'x'] }),
    `${cannot} string into Go struct field Everything.parts of type v1.Part`,
  )
  assert.equal(
    message({ parts: { a: 1 } }),
    `${cannot} object into Go struct field Everything.parts of type []v1.Part`,
  )
  assert.equal(
    message({ labels: { a: true } }),
    `${cannot} bool into Go struct field Everything.labels of type string`,
  )
  assert.equal(
    message({ labels: 'x' }),
    `${cannot} string into Go struct field Everything.labels of type map[string]string`,
  )
  assert.equal(
    message({ part: { name: 'x' }, port: [] }),
    `${cannot} array into Go struct field Everything.port of type int32`,
  )
  assert.equal(message([]), `${cannot} array into Go value of type v1.Everything`)
  assert.equal(
    message({ shown: { count: 1.5 } }),
    `${cannot} number 1.5 into Go struct field Part.shown.count of type int32`,
  )
})

test('numbers out of range, bad times, amounts and base64 are refused', () => {
  for (const count of [2 ** 31, -(2 ** 31) - 1, 0.5, 1e300]) message({ part: { count } })
  for (const weight of [2 ** 53, -(2 ** 53), Number.POSITIVE_INFINITY])
    message({ part: { weight } })
  message({ part: { share: Number.NaN } })
  assert.match(message({ amount: '1 GB' }), /^quantities must match the regular expression/)
  message({ amount: true })
  assert.match(message({ at: '2026-02-30T00:00:00Z' }), /day out of range/)
  assert.match(message({ at: 'now' }), /^parsing time "now" as "2006-01-02T15:04:05Z07:00"/)
  assert.equal(message({ data: 'a-b=' }), 'illegal base64 data at input byte 1')
  assert.equal(message({ span: 'long' }), 'time: invalid duration "long"')
})

test('bytes are base64 with padding; line breaks are taken out', () => {
  for (const data of ['AAAA', 'AAA=', 'AA==', 'ab+/', 'A'.repeat(4_000_000)])
    assert.equal(decode({ data }).value.data, data)
  assert.equal(decode({ data: '' }).value.data, undefined)
  assert.equal(decode({ data: 'AAAA\r\nAA==\n' }).value.data, 'AAAAAA==')
  for (const data of ['A', 'AA', 'AAA', 'AA=', 'A===', '====', 'AA==AAAA', 'A-AA', 'AAA=\u0000'])
    assert.match(message({ data }), /^illegal base64 data at input byte \d$/)
})

test('the place where bytes are not base64 is the one that Go names', () => {
  for (const [data, at] of [
    ['1', 0],
    ['a/b/c', 4],
    ['AAA', 0],
    ['AA=', 3],
    ['AA=A', 2],
    ['A===', 1],
    ['A-AA', 1],
    ['AA==AAAA', 4],
    ['AAA=A', 4],
    ['AAAA\nAB', 5],
  ] as const)
    assert.equal(message({ data }), `illegal base64 data at input byte ${at}`, data)
})

test('unknown fields are dropped and told by path', () => {
  const { value, unknownFields } = decode({
    x: 1,
    part: { name: 'a', y: 1 },
    parts: [{ name: 'a' }, { name: 'b', z: { w: 1 } }],
    byName: { k: { name: 'c', q: null } },
  })
  assert.deepEqual(unknownFields, ['x', 'part.y', 'parts[1].z', 'byName.k.q'])
  assert.deepEqual(value.part, { name: 'a' })
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`x${at}`, 1]))
  assert.equal(decode(many).unknownFields.length, 100)
})

test('of unknown fields below an alternative nobody is told', () => {
  const part = shape('io.k8s.api.test.v1.Either', 'A part or a switch.', {
    on: boolean(1),
    part: struct(2, shape('io.k8s.api.test.v1.Inner', 'A part.', { name: string(1) })).optional(),
  })
  const whole = shape('io.k8s.api.test.v1.Whole', 'One of both.', {
    either: alternative(1, part, 'part', 'on').optional(),
  })
  const { value, unknownFields } = decodeShape(whole, { either: { name: 'a', y: 1 }, x: 1 })
  assert.deepEqual(value, { either: { name: 'a' } })
  assert.deepEqual(unknownFields, ['x'])
})

test('prototype names are plain data everywhere', () => {
  const raw = JSON.parse(
    '{"labels":{"__proto__":"p","constructor":"c"},"raw":{"__proto__":{"polluted":1}},' +
      '"byName":{"__proto__":{"name":"n"}},"__proto__":{"amount":"1"}}',
  )
  const { value, unknownFields } = decode(raw)
  assert.deepEqual(unknownFields, ['__proto__'])
  assert.equal('amount' in value, false)
  assert.equal(
    JSON.stringify(value),
    '{"shown":{"name":""},"names":[],"byName":{"__proto__":{"name":"n"}},' +
      '"labels":{"__proto__":"p","constructor":"c"},"at":null,"atMicro":null,"seen":null,' +
      '"raw":{"__proto__":{"polluted":1}}}',
  )
  assert.equal(({} as { polluted?: number }).polluted, undefined)
  // The schema has a field `constructor`; the one of Object.prototype is no value of it.
  assert.equal(Object.hasOwn(decode({}).value, 'constructor'), false)
  assert.equal(decode(JSON.parse('{"constructor":"c"}')).value.constructor, 'c')
})

test('the result is fresh, and the order of the input does not matter', () => {
  const raw = deepFreeze({ names: ['b', 'a'], part: { count: 1, name: 'x' }, raw: { a: [1] } })
  const { value } = decode(raw)
  ;(value.names as string[]).push('c')
  ;(value.part as { name: string }).name = 'y'
  assert.deepEqual(raw.names, ['b', 'a'])
  const entries = Object.entries({ ...raw, amount: '1', at: '2026-01-02T03:04:05Z' })
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), shuffled => {
      assert.equal(
        JSON.stringify(decode(Object.fromEntries(shuffled)).value),
        JSON.stringify(decode(Object.fromEntries(entries)).value),
      )
    }),
  )
})

const partOf = fc.record({
  name: fc.string(),
  count: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  weight: fc.maxSafeInteger(),
  on: fc.boolean(),
})
test('decoding twice is decoding once', () => {
  const input = fc.record(
    {
      part: partOf,
      parts: fc.array(partOf),
      labels: fc.dictionary(fc.string(), fc.string()),
      names: fc.array(fc.string()),
      raw: fc.jsonValue(),
      port: fc.oneof(fc.string(), fc.integer({ min: 0, max: 65535 })),
      amount: fc.constantFrom('1500m', '1.5Gi', '0.0001', '1e3', '-7'),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(input, raw => {
      const once = decode(raw).value
      assert.deepEqual(
        decode(JSON.parse(JSON.stringify(once))).value,
        JSON.parse(JSON.stringify(once)),
      )
    }),
  )
})

test('whatever comes in, the answer is a value or a BadRequest', () => {
  const key = fc.constantFrom(...Object.keys(everything.fields), '__proto__', 'toString')
  fc.assert(
    fc.property(fc.dictionary(key, fc.jsonValue()), raw => {
      try {
        decode(raw)
      } catch (thrown) {
        assert.ok(isStatus(thrown, 'BadRequest'), String(thrown))
      }
    }),
    { numRuns: 500 },
  )
})

test('a shape may contain itself, and free data may nest, up to a bound', () => {
  const fields: Record<string, unknown> = {}
  const tree = { name: 'io.k8s.api.test.v1.Tree', doc: 'A tree.', fields } as unknown as ObjectShape
  Object.assign(fields, { child: struct(1, tree).optional(), anything: any(2) })
  const nested = (levels: number) => {
    let value: object = {}
    for (let level = 0; level < levels; level++) value = { child: value }
    return value
  }
  assert.deepEqual(decodeShape(tree, nested(500)).value, nested(500))
  assert.throws(() => decodeShape(tree, nested(5000)), /exceeded max depth/)
  assert.throws(() => decodeShape(tree, { anything: nested(5000) }), /exceeded max depth/)
})

test('messages of whole objects name the kind', () => {
  assert.throws(
    () => decodeObject(configMap, { data: { a: 1 } }),
    (thrown: Error) =>
      thrown.message ===
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
  )
  const plain = defineKind({
    group: 'example.com',
    version: 'v1',
    kind: 'Plain',
    plural: 'plains',
    scope: 'Cluster',
    shape: objectShape('com.example.v1.Plain', 'Nothing but metadata.', {}),
  })
  assert.deepEqual(decodeObject(plain, { spec: 1, metadata: { name: 'a' } }), {
    object: { apiVersion: '', kind: '', metadata: { name: 'a' } },
    unknownFields: ['spec'],
  })
})

test('keys of maps come out in their order', () => {
  const labels = (body: object) =>
    Object.keys(
      decodeObject(configMap, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { labels: body } })
        .object.metadata.labels ?? {},
    )
  assert.deepEqual(labels({ b: '', a: '', C: '' }), ['C', 'a', 'b'])
  assert.deepEqual(labels({ a: '', b: '' }), ['a', 'b'])
})
