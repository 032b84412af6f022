import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import fc from 'fast-check'
import { lines } from '../../core/v1/testing.ts'
import { loadPatternEngine } from '../../machinery/patterns.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { applyDefaults } from './defaults.ts'
import { validateEmbedded } from './embedded.ts'
import { validateListTypes } from './list-types.ts'
import { prune } from './prune.ts'
import { validateValue } from './validate.ts'

before(loadPatternEngine)

const OPEN = { 'x-kubernetes-preserve-unknown-fields': true }
const text: JsonSchemaProps = { type: 'string' }

describe('pruning', () => {
  const schema: JsonSchemaProps = {
    type: 'object',
    properties: {
      known: { type: 'object', properties: { a: text } },
      open: { type: 'object', ...OPEN, properties: { strict: { type: 'object' } } },
      list: { type: 'array', items: { type: 'object', properties: { a: text } } },
      map: { type: 'object', additionalProperties: { type: 'object', properties: { a: text } } },
      whole: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        properties: { spec: { type: 'object', ...OPEN } },
      },
      nullable: { type: 'string', nullable: true },
      plain: text,
    },
  }

  test('drops what the schema does not know, and tells where it was', () => {
    const { value, unknownFields } = prune(
      schema,
      {
        known: { a: 'a', b: 'b' },
        open: { anything: { goes: [1] }, strict: { gone: 1 } },
        list: [{ a: 'a', c: 1 }],
        map: { one: { a: 'a', d: 1 } },
        top: 1,
      },
      { isResource: false },
    )
    assert.deepEqual(value, {
      known: { a: 'a' },
      open: { anything: { goes: [1] }, strict: {} },
      list: [{ a: 'a' }],
      map: { one: { a: 'a' } },
    })
    assert.deepEqual(unknownFields, [
      'known.b',
      'list[0].c',
      'map.one.d',
      'open.strict.gone',
      'top',
    ])
  })

  test('keeps nulls where they are values', () => {
    assert.deepEqual(prune(schema, { nullable: null, plain: null }, { isResource: false }).value, {
      nullable: null,
    })
  })

  test('reads the metadata of embedded objects', () => {
    const { value, unknownFields } = prune(
      schema,
      {
        whole: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'a', colour: 'red' },
          spec: { b: 1 },
        },
      },
      { isResource: false },
    )
    assert.deepEqual(value, {
      whole: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { b: 1 } },
    })
    assert.deepEqual(unknownFields, ['whole.metadata.colour'])
  })

  test('keys that Object.prototype has are data', () => {
    const raw = JSON.parse('{"constructor": {"a": 1}, "__proto__": {"b": 2}, "plain": "x"}')
    const { value, unknownFields } = prune(schema, raw, { isResource: false })
    assert.deepEqual(value, { plain: 'x' })
    assert.deepEqual(unknownFields, ['__proto__', 'constructor'])
    const kept = prune({ type: 'object', ...OPEN }, raw, { isResource: false }).value
    assert.equal(JSON.stringify(kept), JSON.stringify(raw))
  })

  test('settles at once, and changes nothing that it was given', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), json => {
        const raw: unknown = JSON.parse(json)
        const { value } = prune(schema, raw, { isResource: false })
        assert.equal(JSON.stringify(raw), JSON.stringify(JSON.parse(json)))
        const again = prune(schema, value, { isResource: false })
        assert.deepEqual(again.value, value)
        assert.deepEqual(again.unknownFields, [])
      }),
    )
  })
})

describe('defaults', () => {
  const schema: JsonSchemaProps = {
    type: 'object',
    properties: {
      size: { type: 'integer', default: 3 },
      nested: {
        type: 'object',
        default: {},
        properties: { on: { type: 'boolean', default: true } },
      },
      items: {
        type: 'array',
        items: { type: 'object', properties: { mode: { type: 'string', default: 'rw' } } },
      },
      maybe: { type: 'string', nullable: true, default: 'x' },
    },
  }
  const withDefaults = (value: object) => {
    const draft = structuredClone(value)
    applyDefaults(schema, draft)
    return draft
  }

  test('fill what is absent, from the outside in', () => {
    assert.deepEqual(withDefaults({ items: [{}, { mode: 'ro' }] }), {
      items: [{ mode: 'rw' }, { mode: 'ro' }],
      size: 3,
      nested: { on: true },
      maybe: 'x',
    })
  })

  test('leave what is there, zero values and nulls that are values', () => {
    assert.deepEqual(withDefaults({ size: 0, maybe: null, nested: { on: false } }), {
      size: 0,
      maybe: null,
      nested: { on: false },
    })
  })

  test('take the place of nulls that are none', () => {
    assert.deepEqual(withDefaults({ size: null }), { size: 3, nested: { on: true }, maybe: 'x' })
  })

  test('are not shared between objects', () => {
    const first = withDefaults({}) as { nested: { on: boolean } }
    first.nested.on = false
    assert.deepEqual((withDefaults({}) as { nested: object }).nested, { on: true })
  })
})

describe('validation', () => {
  const field = (a: JsonSchemaProps): JsonSchemaProps => ({ type: 'object', properties: { a } })
  const wrong = (schema: JsonSchemaProps, a: unknown) => lines(validateValue(field(schema), { a }))
  const number = (more: JsonSchemaProps): JsonSchemaProps => ({ type: 'number', ...more })
  const cases: readonly [JsonSchemaProps, unknown, readonly string[]][] = [
    [text, 'x', []],
    [text, 1, ['a: Invalid value: "integer": a in body must be of type string: "integer"']],
    [text, null, ['a: Invalid value: "null": a in body must be of type string: "null"']],
    [{ ...text, nullable: true }, null, []],
    [
      { type: 'integer' },
      1.5,
      [
        'a: Invalid value: "number": a in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in a',
      ],
    ],
    [{ type: 'integer', format: 'int32' }, -(2 ** 31), []],
    [
      { type: 'integer', format: 'int32' },
      2 ** 31,
      ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a'],
    ],
    [{ type: 'number', format: 'float' }, 3.4e38, []],
    [
      { type: 'number', format: 'float' },
      1e39,
      ['<nil>: Invalid value: "": Checked value must be of type number with format float in a'],
    ],
    [{ type: 'integer' }, 2n ** 60n, []],
    [{ type: 'number' }, 1, []],
    [
      { 'x-kubernetes-int-or-string': true },
      true,
      ['a: Invalid value: "boolean": a in body must be of type integer,string: "boolean"'],
    ],
    [{ ...text, enum: ['b', 'c'] }, 'd', ['a: Unsupported value: "d": supported values: "b", "c"']],
    [
      { ...text, minLength: 2, pattern: '^x+$' },
      'é',
      ['a: Invalid value: "é": a in body should be at least 2 chars long'],
    ],
    [{ ...text, maxLength: 1, pattern: 'x' }, 'ab', ['a: Too long: may not be more than 1 byte']],
    [{ ...text, maxLength: 1 }, '😀', []],
    [
      { ...text, pattern: '^b+$' },
      'abba',
      ['a: Invalid value: "abba": a in body should match \'^b+$\''],
    ],
    [{ ...text, pattern: 'b+' }, 'abba', []],
    [
      { ...text, format: 'date-time' },
      'now',
      ['a: Invalid value: "now": a in body must be of type date-time: "now"'],
    ],
    [{ ...text, format: 'no such format' }, 'now', []],
    [
      number({ minimum: 1 }),
      0,
      ['a: Invalid value: 0: a in body should be greater than or equal to 1'],
    ],
    [
      number({ minimum: 1, exclusiveMinimum: true }),
      1,
      ['a: Invalid value: 1: a in body should be greater than 1'],
    ],
    [
      number({ maximum: 1 }),
      2,
      ['a: Invalid value: 2: a in body should be less than or equal to 1'],
    ],
    [
      number({ maximum: 1, exclusiveMaximum: true }),
      1,
      ['a: Invalid value: 1: a in body should be less than 1'],
    ],
    [
      { ...text, format: 'date-time' },
      3,
      ['a: Invalid value: "int64": a in body must be of type date-time: "int64"'],
    ],
    [
      { ...text, format: 'date-time' },
      true,
      ['a: Invalid value: "": a in body must be of type date-time: ""'],
    ],
    [
      { type: 'integer', format: 'int64' },
      '3',
      ['a: Invalid value: "string": a in body must be of type integer: "string"'],
    ],
    [number({ multipleOf: 0.1 }), 0.3, []],
    [{ type: 'integer', multipleOf: 3 }, 2n ** 60n + 2n, []],
    [
      number({ multipleOf: -1 }),
      3,
      ['a: Invalid value: -1: factor MultipleOf declared for a must be positive: -1'],
    ],
    [number({ multipleOf: 2 }), 3, ['a: Invalid value: 3: a in body should be a multiple of 2']],
    [
      { type: 'array', minItems: 2, items: text },
      ['x'],
      ['a: Invalid value: 1: a in body should have at least 2 items'],
    ],
    [
      { type: 'array', maxItems: 0, items: text },
      ['x'],
      ['a: Too many: 1: must have at most 0 items'],
    ],
    [
      { type: 'array', items: text },
      ['x', 1],
      ['a[1]: Invalid value: "integer": a[1] in body must be of type string: "integer"'],
    ],
    [{ type: 'object', required: ['b'] }, {}, ['a.b: Required value']],
    [
      { type: 'object', additionalProperties: text },
      { k: 1 },
      ['a.k: Invalid value: "integer": a.k in body must be of type string: "integer"'],
    ],
    [
      { type: 'object', minProperties: 1 },
      {},
      ['a: Invalid value: 0: a in body should have at least 1 properties'],
    ],
    [{ type: 'object', maxProperties: 0 }, { b: 1 }, ['a: Too many: 1: must have at most 0 items']],
    [
      { type: 'integer', not: { minimum: 5 } },
      7,
      ['<nil>: Invalid value: "": "a" must not validate the schema (not)'],
    ],
    [
      { type: 'object', anyOf: [{ required: ['b'] }, { required: ['c'] }] },
      {},
      [
        '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
        'a.b: Required value',
      ],
    ],
    [
      { type: 'object', oneOf: [{ required: ['b'] }, { required: ['c'] }] },
      { b: 1, c: 1 },
      [
        '<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    ],
    [
      { type: 'integer', allOf: [{ minimum: 5 }, { minimum: 5 }, { maximum: 9 }] },
      1,
      [
        'a: Invalid value: 1: a in body should be greater than or equal to 5',
        '<nil>: Invalid value: "": "a" must validate all the schemas (allOf)',
      ],
    ],
  ]
  for (const [schema, value, expected] of cases)
    test(`of ${typeof value === 'bigint' ? value : JSON.stringify(value)} by ${JSON.stringify(schema)}`, () => {
      assert.deepEqual(wrong(schema, value), expected)
    })

  test('lets stay what was wrong before', () => {
    const schema = field({ type: 'object', properties: { b: { ...text, maxLength: 1 }, c: text } })
    const old = { a: { b: 'long', c: 'x' } }
    assert.deepEqual(validateValue(schema, { a: { b: 'long', c: 'y' } }, { old }), [])
    assert.equal(validateValue(schema, { a: { b: 'longer', c: 'x' } }, { old }).length, 1)
  })

  test('finds items of keyed lists by their keys, others not', () => {
    const items: JsonSchemaProps = {
      type: 'object',
      properties: { name: text, size: { type: 'integer', maximum: 1 } },
    }
    const list = (more: JsonSchemaProps) => field({ type: 'array', items, ...more })
    const keyed = list({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    })
    const old = { a: [{ name: 'x', size: 9 }] }
    const next = {
      a: [
        { name: 'new', size: 1 },
        { name: 'x', size: 9 },
      ],
    }
    assert.deepEqual(validateValue(keyed, next, { old }), [])
    assert.equal(validateValue(list({}), next, { old }).length, 1)
  })

  test('of a part tells where the part is', () => {
    const found = validateValue(field(text), { a: 1 }, { prefix: 'status' })
    assert.deepEqual(lines(found), [
      'status.a: Invalid value: "integer": a in body must be of type string: "integer"',
    ])
  })
})

test('sets and keyed lists hold nothing twice', () => {
  const schema: JsonSchemaProps = {
    type: 'object',
    properties: {
      set: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
      map: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['port', 'name'],
        items: { type: 'object' },
      },
    },
  }
  const value = {
    set: ['a', 'b', 'a', 'a'],
    map: [{ port: 1, name: 'a' }, { name: 'a', port: 1, more: 2 }, { name: 'a' }],
  }
  assert.deepEqual(lines(validateListTypes(schema, value)), [
    'set[2]: Duplicate value: "a"',
    'map[1]: Duplicate value: {"name":"a","port":1}',
  ])
})

test('embedded objects are objects', () => {
  const schema: JsonSchemaProps = {
    type: 'object',
    properties: { whole: { type: 'object', 'x-kubernetes-embedded-resource': true, ...OPEN } },
  }
  const wrong = (whole: object) => lines(validateEmbedded(schema, { whole }, ''))
  assert.deepEqual(wrong({}), ['whole.apiVersion: Required value', 'whole.kind: Required value'])
  assert.deepEqual(wrong({ apiVersion: 'v1', kind: 'Pod', metadata: {} }), [])
  const [line = ''] = wrong({ apiVersion: 'a/b/c', kind: '', metadata: { labels: { '-': 'x' } } })
  assert.equal(
    line,
    'whole.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
  )
  assert.match(
    wrong({ apiVersion: 'v1', kind: 'Pod', metadata: { labels: { '-': 'x' } } })[0] ?? '',
    /^whole\.metadata\.labels: Invalid value: "-"/,
  )
})
