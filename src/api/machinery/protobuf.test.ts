import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kinds } from '../kinds.ts'
import { decodeObject, decodeShape } from './decode.ts'
import { decodeProtobuf, encodeProtobuf } from './protobuf.ts'
import {
  decodeListProtobuf,
  decodeObjectProtobuf,
  decodeWatchFrame,
  encodeListProtobuf,
  encodeObjectProtobuf,
  encodeWatchFrame,
  unwrapProtobuf,
} from './protobuf-envelope.ts'
import {
  type AnySchema,
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
  name: string(1),
  count: int32(2).optional(),
})
const whole = shape(
  'io.k8s.api.test.v1.Whole',
  'One field of each type.',
  {
    name: string(1),
    flag: boolean(2).optional(),
    count: int32(3).optional(),
    big: int64(4).optional(),
    share: double(5).optional(),
    data: bytes(6),
    amount: quantity(7).optional(),
    port: intOrString(8).optional(),
    at: time(9).optional(),
    atMicro: microTime(10).optional(),
    span: duration(11).optional(),
    raw: any(12).optional(),
    parts: list(13, part),
    counts: list(14, int32()),
    labels: map(15, string()),
    byName: map(16, part),
    groups: map(17, list(undefined, string())),
    one: struct(200, part).optional(),
    left: string(1),
    right: struct(2, part).optional(),
    constructor: string(18),
  },
  { inlined: [{ number: 19, shapeName: 'io.k8s.api.test.v1.Side', fields: ['left', 'right'] }] },
)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const encoded = (object: object) => hex(encodeProtobuf(part, object))

test('bytes are those that protobuf prescribes', () => {
  assert.equal(encoded({ name: 'a', count: 300 }), '0a016110ac02')
  assert.equal(encoded({ name: '', count: 0 }), '0a001000')
  // What Go holds without a pointer is written even when it is empty.
  assert.equal(encoded({}), '0a00')
  assert.equal(encoded({ count: -1 }), '0a0010ffffffffffffffffff01')
  assert.equal(encoded({ name: 'é€😀' }), '0a09c3a9e282acf09f9880')
  const inlined = shape(
    'io.k8s.api.test.v1.In',
    'Inlined.',
    { a: string(1), b: string(1) },
    { inlined: [{ number: 2, shapeName: 'io.k8s.api.test.v1.B', fields: ['b'] }] },
  )
  assert.equal(hex(encodeProtobuf(inlined, { a: 'x', b: 'y' })), '0a017812030a0179')
  assert.deepEqual(decodeProtobuf(inlined, Buffer.from('12030a01790a0178', 'hex')), {
    a: 'x',
    b: 'y',
  })
})

test('unknown fields are skipped, packed numbers are read', () => {
  const message = Buffer.from('0a0161' + '9a0601ff' + 'a00605' + '1003', 'hex')
  assert.deepEqual(decodeProtobuf(part, message), { name: 'a', count: 3 })
  assert.deepEqual(decodeProtobuf(whole, Buffer.from('7203' + '01ac02', 'hex')), {
    counts: [1, 300],
  })
  assert.deepEqual(decodeProtobuf(whole, Buffer.from('70017002', 'hex')), { counts: [1, 2] })
})

const text = fc.string({ unit: 'grapheme', maxLength: 8 })
const seconds = fc.integer({ min: -60_000_000_000, max: 200_000_000_000 })
const instant = seconds.map(value => `${new Date(value * 1000).toISOString().slice(0, 19)}Z`)

/** Any value that the schema admits, in canonical form. */
function anyValue(schema: AnySchema, depth: number): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'list':
      return fc.array(anyValue(schema.items, depth + 1), { maxLength: depth > 4 ? 0 : 2 })
    case 'map':
      return fc.dictionary(text, anyValue(schema.values, depth + 1), { maxKeys: 2 })
    case 'struct':
      return anyObject(schema.shape, depth + 1)
    case 'alternative':
      return fc.oneof(
        anyValue(fieldOf(schema.shape, schema.object), depth + 1),
        anyValue(fieldOf(schema.shape, schema.other), depth + 1),
      )
    case 'boolean':
      return fc.boolean()
    case 'int32':
      return fc.integer()
    case 'int64':
      return fc.maxSafeInteger()
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'bytes':
      return fc.uint8Array({ maxLength: 9 }).map(value => Buffer.from(value).toString('base64'))
    case 'quantity':
      return fc.constantFrom('0', '500m', '64Mi', '1e3', '-1')
    case 'intOrString':
      return fc.oneof(fc.integer(), text)
    case 'time':
      return instant
    case 'microTime':
      return instant.map(value => value.replace('Z', '.000123Z'))
    case 'duration':
      return fc.constantFrom('0s', '1m30s', '-1h0m0s', '1.5ms')
    case 'any':
      return fc.constant({ a: [1, 'x', null, { __proto: true }] })
    case 'string':
      return text
  }
}

function fieldOf({ fields }: ObjectShape, name: string): AnySchema {
  const field = fields[name]
  assert.ok(field)
  return field.schema
}

function anyObject(of: ObjectShape, depth = 0): fc.Arbitrary<object> {
  const fields = Object.entries(of.fields).filter(([, { schema }]) => schema.number !== undefined)
  // Deep shapes would explode if every field were there each time.
  const keys = fc.subarray(fields, { maxLength: Math.min(fields.length, depth > 3 ? 2 : 8) })
  return keys.chain(chosen =>
    fc.record(
      Object.fromEntries(chosen.map(([name, { schema }]) => [name, anyValue(schema, depth)])),
    ),
  )
}

test('what is written is read again, for every type of field', () => {
  fc.assert(
    fc.property(anyObject(whole), raw => {
      const { value } = decodeShape(whole, raw)
      const again = decodeProtobuf(whole, encodeProtobuf(whole, value))
      assert.deepEqual(decodeShape(whole, again).value, value)
    }),
    { numRuns: 500 },
  )
})

test('what is written is read again, for every kind', () => {
  for (const kind of kinds)
    fc.assert(
      fc.property(anyObject(kind.shape), raw => {
        const object = { ...raw, apiVersion: 'x/v1', kind: 'X' }
        const decoded = decodeObject(kind, object).object
        const body = encodeObjectProtobuf(kind, decoded)
        const again = decodeObject(kind, decodeObjectProtobuf(kind, body)).object
        assert.deepEqual(again, { ...decoded, ...typeOf(kind) })
      }),
      { numRuns: 20 },
    )
})
const typeOf = (kind: { group: string; version: string; kind: string }) => ({
  apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version,
  kind: kind.kind,
})

test('damaged bytes give a value or a BadRequest, quickly', () => {
  const answers = (bytes: Uint8Array) => {
    try {
      decodeShape(whole, decodeProtobuf(whole, bytes))
      unwrapProtobuf(bytes)
    } catch (thrown) {
      assert.ok(isStatus(thrown, 'BadRequest'), String(thrown))
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), answers), { numRuns: 2000 })
  const damaged = fc.tuple(anyObject(whole), fc.nat(), fc.nat(255))
  fc.assert(
    fc.property(damaged, ([object, at, byte]) => {
      const bytes = encodeProtobuf(whole, object)
      if (bytes.length > 0) bytes[at % bytes.length] = byte
      answers(bytes)
      answers(bytes.subarray(0, at % (bytes.length + 1)))
    }),
    { numRuns: 500 },
  )
})

test('messages that nest too deep are refused', () => {
  const fields: Record<string, unknown> = {}
  const tree = { name: 'io.k8s.api.test.v1.Tree', doc: 'A tree.', fields } as unknown as ObjectShape
  Object.assign(fields, { child: struct(1, tree).optional() })
  const nested = (levels: number) => {
    let message = Buffer.alloc(0)
    for (let level = 0; level < levels; level++) {
      const { length } = message
      const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
      message = Buffer.concat([Buffer.from([0x0a, ...size]), message])
    }
    return message
  }
  const shallow = decodeProtobuf(tree, nested(900))
  assert.equal(hex(encodeProtobuf(tree, shallow)), hex(nested(900)))
  assert.throws(() => decodeProtobuf(tree, nested(3000)), /exceeded max depth/)
})

test('prototype names are plain keys in protobuf, too', () => {
  const labels = JSON.parse('{"__proto__":"p","constructor":"c"}')
  const read = decodeProtobuf(whole, encodeProtobuf(whole, { labels }))
  assert.equal(JSON.stringify(read.labels), JSON.stringify(labels))
  assert.equal(Object.hasOwn(decodeProtobuf(whole, new Uint8Array()), 'constructor'), false)
})

test('envelopes, lists and the frames of watches', () => {
  const kind = { group: '', version: 'v1', kind: 'Whole', listKind: 'WholeList', shape: part }
  const body = encodeObjectProtobuf(kind, { name: 'a' })
  assert.equal(
    hex(body),
    `6b387300${'0a0b'}${'0a027631'}${'120557686f6c65'}${'1203'}${'0a0161'}1a002200`,
  )
  assert.deepEqual(decodeObjectProtobuf(kind, body), { apiVersion: 'v1', kind: 'Whole', name: 'a' })
  assert.throws(() => unwrapProtobuf(body.subarray(1)), /does not appear to be a protobuf message/)

  const items = ['a', 'b'].map(name => encodeProtobuf(part, { name }))
  const list = decodeListProtobuf(
    Buffer.concat(encodeListProtobuf(kind, { resourceVersion: '7' }, items)),
  )
  assert.equal(list.envelope.kind, 'WholeList')
  assert.equal(list.metadata.resourceVersion, '7')
  assert.deepEqual(
    list.items.map(item => decodeProtobuf(part, item).name),
    ['a', 'b'],
  )

  const frame = encodeWatchFrame('ADDED', body)
  assert.equal(new DataView(frame.buffer).getUint32(0), frame.length - 4)
  const event = decodeWatchFrame(frame.subarray(4))
  assert.equal(event.type, 'ADDED')
  assert.deepEqual(event.body, body)
})
