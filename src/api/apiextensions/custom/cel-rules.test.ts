import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { loadCelEngine } from '../../cel/engine.ts'
import { lines } from '../../core/v1/testing.ts'
import { required } from '../../machinery/field-error.ts'
import type { JsonSchemaProps, ValidationRule } from '../v1/json-schema-props.ts'
import { wrongByRules } from './cel-rules.ts'
import { celName } from './cel-values.ts'

before(loadCelEngine)

const spec: JsonSchemaProps = {
  type: 'object',
  properties: {
    least: { type: 'integer' },
    most: { type: 'integer' },
    ratio: { type: 'number' },
    name: { type: 'string' },
    since: { type: 'string', format: 'date-time' },
    span: { type: 'string', format: 'duration' },
    raw: { type: 'string', format: 'byte' },
    port: { 'x-kubernetes-int-or-string': true },
    'with-dash': { type: 'string' },
    namespace: { type: 'string' },
    amount: { type: 'string' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    tags: { type: 'array', items: { type: 'string' } },
    parts: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, size: { type: 'integer' } },
      },
    },
  },
}

/** What a rule on the spec says. */
function ruled(rule: string | ValidationRule, next: object, previous?: object): string[] {
  const rules = [typeof rule === 'string' ? { rule } : rule]
  const schema: JsonSchemaProps = {
    type: 'object',
    properties: { spec: { ...spec, 'x-kubernetes-validations': rules } },
  }
  const old = previous && { spec: previous }
  return lines(wrongByRules(schema, { spec: next }, old, []))
}

test('what a rule says of the whole names no field', () => {
  const schema = { type: 'object', 'x-kubernetes-validations': [{ rule: 'false' }] }
  assert.deepEqual(lines(wrongByRules(schema, {}, undefined, [])), [
    '<nil>: Invalid value: failed rule: false',
  ])
})

describe('rules that hold', () => {
  const cases: readonly [string, object][] = [
    ['self.least <= self.most', { least: 1, most: 2 }],
    ['self.span > duration("59m") && self.raw == b"a"', { span: '1h', raw: 'YQ==' }],
    ['!has(self.name) || self.name.startsWith("a")', {}],
    [
      'has(self.parts[0].size) && !has(self.parts[1].size) && self.parts.all(p, has(p.name))',
      { parts: [{ name: 'a', size: 1 }, { name: 'b' }] },
    ],
    [
      'self.tags.all(t, self.parts.filter(p, p.name == t).exists(p, has(self.parts[0].name)))',
      { tags: ['a'], parts: [{ name: 'a' }] },
    ],
    ['self.ratio < 1.0', { ratio: 0.5 }],
    ['self.ratio == 1.0', { ratio: 1 }],
    ['self.name.matches("^a+$")', { name: 'aaa' }],
    ['self.name.find("[0-9]+") == "12"', { name: 'a12b3' }],
    ['self.name.findAll("[0-9]+") == ["12", "3"]', { name: 'a12b3' }],
    ['self.tags.all(t, size(t) < 3) && self.tags.exists(t, t == "b")', { tags: ['a', 'b'] }],
    ['self.tags.map(t, t + "x").filter(t, t != "ax").size() == 1', { tags: ['a', 'b'] }],
    ['self.tags.isSorted() && self.tags.indexOf("b") == 1', { tags: ['a', 'b'] }],
    [
      'self.parts.map(p, p.size).sum() == 3 && self.parts.map(p, p.size).max() == 2',
      { parts: [{ size: 1 }, { size: 2 }] },
    ],
    ['self.labels.all(k, k == "a") && self.labels["a"] == "b"', { labels: { a: 'b' } }],
    ['self.since < timestamp("2027-01-01T00:00:00Z")', { since: '2026-01-01T00:00:00Z' }],
    ['type(self.port) == int ? self.port > 1 : self.port == "http"', { port: 80 }],
    ['type(self.port) == int ? self.port > 1 : self.port == "http"', { port: 'http' }],
    [
      'self.with__dash__dash == "x" && self.__namespace__ == "y"',
      { 'with-dash': 'x', namespace: 'y' },
    ],
    ['quantity(self.amount).isGreaterThan(quantity("1500m"))', { amount: '2' }],
    ['quantity(self.amount).add(quantity("1")).asInteger() == 3', { amount: '2' }],
    ['isURL(self.name)', { name: 'https://example.com' }],
  ]
  for (const [rule, value] of cases)
    test(rule, () => {
      assert.deepEqual(ruled(rule, value), [])
    })
})

describe('rules that do not hold', () => {
  const rule = 'self.least <= self.most'
  const wrong = { least: 2, most: 1 }

  test('are told with their message, or as they are', () => {
    assert.deepEqual(ruled(rule, wrong), [
      'spec: Invalid value: failed rule: self.least <= self.most',
    ])
    assert.deepEqual(ruled({ rule, message: 'least is too much' }, wrong), [
      'spec: Invalid value: least is too much',
    ])
    const messageExpression = '"at most " + string(self.most)'
    assert.deepEqual(ruled({ rule, messageExpression, message: 'x' }, wrong), [
      'spec: Invalid value: at most 1',
    ])
    assert.deepEqual(ruled({ rule, messageExpression: 'self.none', message: 'x' }, wrong), [
      'spec: Invalid value: x',
    ])
  })

  test('name the field and the reason that they are about', () => {
    const more = { rule, message: 'x', fieldPath: '.least' }
    assert.deepEqual(ruled({ ...more, reason: 'FieldValueForbidden' }, wrong), [
      'spec.least: Forbidden: x',
    ])
    assert.deepEqual(ruled({ ...more, reason: 'FieldValueRequired' }, wrong), [
      'spec.least: Required value: x',
    ])
    for (const [fieldPath, field] of [
      ['.with-dash', 'spec.with-dash'],
      [".labels['a.b/c']", 'spec.labels[a.b/c]'],
      ['.labels.a', 'spec.labels[a]'],
      ["['labels'].a", 'spec.labels[a]'],
    ] as const)
      assert.deepEqual(ruled({ ...more, fieldPath, reason: 'FieldValueForbidden' }, wrong), [
        `${field}: Forbidden: x`,
      ])
  })

  test('at a scalar show it', () => {
    const schema: JsonSchemaProps = {
      type: 'object',
      properties: {
        list: {
          type: 'array',
          items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 1' }] },
        },
        map: {
          type: 'object',
          additionalProperties: {
            type: 'string',
            'x-kubernetes-validations': [{ rule: 'self == ""' }],
          },
        },
      },
    }
    assert.deepEqual(
      lines(wrongByRules(schema, { list: [2, 1], map: { k: 'v' } }, undefined, [])),
      [
        'list[1]: Invalid value: 1: failed rule: self > 1',
        'map[k]: Invalid value: "v": failed rule: self == ""',
      ],
    )
  })

  test('may stay where nothing changed', () => {
    const found = { spec: { ...spec, 'x-kubernetes-validations': [{ rule }] } }
    const schema: JsonSchemaProps = { type: 'object', properties: found }
    const old = { spec: wrong }
    assert.deepEqual(
      wrongByRules(schema, old, old, []).map(({ mayStay }) => mayStay),
      [true],
    )
    assert.deepEqual(
      wrongByRules(schema, old, { spec: { least: 3, most: 1 } }, []).map(({ mayStay }) => mayStay),
      [undefined],
    )
  })

  test('may stay in a list that is as it was, though its items have no past', () => {
    const items: JsonSchemaProps = {
      type: 'string',
      'x-kubernetes-validations': [{ rule: "self != 'b'" }],
    }
    const schema: JsonSchemaProps = {
      type: 'object',
      properties: { tags: { type: 'array', items }, size: { type: 'integer' } },
    }
    const judged = (tags: string[]) =>
      wrongByRules(schema, { tags, size: 2 }, { tags: ['a', 'b'], size: 1 }, []).map(
        ({ field, mayStay }) => [field, mayStay],
      )
    assert.deepEqual(judged(['a', 'b']), [['tags[1]', true]])
    assert.deepEqual(judged(['b']), [['tags[0]', undefined]])
  })

  test('because they cannot be evaluated say why', () => {
    const [line = ''] = ruled('self.none > 1', {})
    assert.match(
      line,
      /^spec: Invalid value: "object": no such key: none evaluating rule: self\.none > 1$/,
    )
  })
})

describe('rules about a change', () => {
  const rule = 'self.name == oldSelf.name'

  test('run where there is an old value', () => {
    assert.deepEqual(ruled(rule, { name: 'a' }), [])
    assert.deepEqual(ruled(rule, { name: 'a' }, { name: 'a' }), [])
    assert.equal(ruled(rule, { name: 'b' }, { name: 'a' }).length, 1)
  })

  test('may say that there need not be one', () => {
    const optional = {
      rule: 'oldSelf.hasValue() || self.name == "first"',
      optionalOldSelf: true,
    }
    assert.deepEqual(ruled(optional, { name: 'first' }), [])
    assert.equal(ruled(optional, { name: 'second' }).length, 1)
    assert.deepEqual(ruled(optional, { name: 'second' }, { name: 'first' }), [])
  })

  test('look into what there may be', () => {
    const shrunk = (rule: string) => ({ rule, optionalOldSelf: true, message: 'shrunk' })
    const rules = [
      '!oldSelf.hasValue() || oldSelf.value().tags.all(t, t in self.tags)',
      'oldSelf.optMap(old, old.tags.all(t, t in self.tags)).orValue(true)',
      'oldSelf.optFlatMap(old, old.?tags).orValue([]).all(t, t in self.tags)',
    ]
    for (const rule of rules) {
      assert.deepEqual(ruled(shrunk(rule), { tags: ['a'] }), [], rule)
      assert.deepEqual(ruled(shrunk(rule), { tags: ['a', 'b'] }, { tags: ['a'] }), [], rule)
      assert.equal(ruled(shrunk(rule), { tags: ['a'] }, { tags: ['b'] }).length, 1, rule)
    }
  })

  test('of an item find it by its keys', () => {
    const parts = spec.properties?.parts
    const schema: JsonSchemaProps = {
      type: 'object',
      properties: {
        parts: {
          ...parts,
          items: {
            ...(parts?.items as JsonSchemaProps),
            'x-kubernetes-validations': [{ rule: 'self.size >= oldSelf.size', message: 'shrank' }],
          },
        },
      },
    }
    const old = { parts: [{ name: 'a', size: 2 }] }
    const next = {
      parts: [
        { name: 'b', size: 0 },
        { name: 'a', size: 1 },
      ],
    }
    assert.deepEqual(lines(wrongByRules(schema, next, old, [])), [
      'parts[1]: Invalid value: shrank',
    ])
  })
})

test('the root shows the names of the object', () => {
  const schema: JsonSchemaProps = {
    type: 'object',
    'x-kubernetes-validations': [
      {
        rule: 'self.metadata.name.startsWith("a") && self.kind == "Widget" && !has(self.metadata.labels)',
      },
    ],
  }
  const object = { kind: 'Widget', metadata: { name: 'abc', labels: { a: 'b' } } }
  assert.deepEqual(lines(wrongByRules(schema, object, undefined, [])), [])
})

test('an object that is wrong already is told so, and no rule runs', () => {
  const found = lines(wrongByRules(spec, {}, undefined, [required('spec')]))
  assert.match(
    found[0] ?? '',
    /^<nil>: Invalid value: null: some validation rules were not checked/,
  )
})

test('a rule that takes too long is stopped', () => {
  const tags = Array.from({ length: 2_000 }, (_, at) => `tag-${at}`)
  const before = performance.now()
  const [line = ''] = ruled('self.tags.all(a, self.tags.all(b, a != b || a == b))', { tags })
  assert.match(line, /cost limit exceeded|running out of cost budget/)
  assert.ok(performance.now() - before < 20_000)
})

test('what is of another type cannot be looked at, least of all as an optional value', () => {
  const judged = (rule: ValidationRule, next: unknown, old: unknown) =>
    lines(
      wrongByRules(
        {
          type: 'object',
          properties: { size: { type: 'integer', 'x-kubernetes-validations': [rule] } },
        },
        { size: next },
        { size: old },
        [],
      ),
    )
  const why = 'invalid data, expected int, got string evaluating rule:'
  const at = 'size: Invalid value: "integer":'
  assert.deepEqual(judged({ rule: 'self > 0' }, 'large', 1), [`${at} ${why} self > 0`])
  assert.deepEqual(judged({ rule: 'self > oldSelf' }, 2, 'large'), [`${at} ${why} self > oldSelf`])
  const optional = { rule: 'oldSelf.orValue(0) < self', optionalOldSelf: true }
  for (const next of [2, 'larger'])
    assert.deepEqual(judged(optional, next, 'large'), [
      `${at} unsupported conversion to ref.Val: (*errors.errorString)${why} ${optional.rule}`,
    ])
})

test('a field that is null is not there, items and values of maps are', () => {
  const maybe: JsonSchemaProps = { type: 'string', nullable: true }
  const rules = [
    '!has(self.maybe) && !has(self.parts[0].maybe)',
    "size(self.list) == 2 && dyn(self.list[1]) == null && 'a' in self.map",
  ].map(rule => ({ rule }))
  const schema: JsonSchemaProps = {
    type: 'object',
    properties: {
      maybe,
      list: { type: 'array', items: maybe },
      map: { type: 'object', additionalProperties: maybe },
      parts: { type: 'array', items: { type: 'object', properties: { maybe } } },
    },
    'x-kubernetes-validations': rules,
  }
  const object = { maybe: null, list: ['a', null], map: { a: null }, parts: [{ maybe: null }] }
  assert.deepEqual(lines(wrongByRules(schema, object, undefined, [])), [])
})

test('names that the language cannot write are escaped', () => {
  assert.equal(celName('a-b.c/d__e'), 'a__dash__b__dot__c__slash__d__underscores__e')
  assert.equal(celName('for'), '__for__')
  assert.equal(celName('1a'), undefined)
})

test('after a rule that costs too much no other runs, here or below', () => {
  const within: JsonSchemaProps = {
    type: 'object',
    properties: {
      list: {
        type: 'array',
        items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self < 0' }] },
      },
    },
    'x-kubernetes-validations': [
      { rule: 'self.list.all(x, self.list.all(y, y == x))' },
      { rule: 'false' },
    ],
  }
  const list = Array.from({ length: 725 }, () => 20)
  const schema = { type: 'object', properties: { spec: within } }
  assert.deepEqual(lines(wrongByRules(schema, { spec: { list } }, undefined, [])), [
    'spec: Invalid value: "object": \'operation cancelled: actual cost limit exceeded\': no further validation rules will be run due to call cost exceeds limit for rule: self.list.all(x, self.list.all(y, y == x))',
  ])
})

test('rules for one object share a budget', () => {
  const each = { rule: 'self.all(x, self.all(y, y == x))', message: 'm' }
  const schema: JsonSchemaProps = {
    type: 'object',
    properties: {
      lists: {
        type: 'array',
        items: {
          type: 'array',
          items: { type: 'integer' },
          'x-kubernetes-validations': [each],
        },
      },
    },
  }
  const list = Array.from({ length: 400 }, () => 1)
  const lists = Array.from({ length: 20 }, () => list)
  assert.deepEqual(lines(wrongByRules(schema, { lists }, undefined, [])), [
    'lists[10]: Invalid value: "array": validation failed due to running out of cost budget, no further validation rules will be run',
  ])
})
