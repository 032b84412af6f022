import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { loadCelEngine } from '../../cel/engine.ts'
import { lines } from '../../core/v1/testing.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'
import { wrongSchema } from './schema.validation.ts'

before(loadCelEngine)

const wrong = (schema: JsonSchemaProps, hasStatus = false) =>
  lines(wrongSchema(schema, '', { hasStatus })).map(line =>
    line.replaceAll('.openAPIV3Schema', 'S'),
  )

/** The schema of a field `a`, and how what is wrong with it begins. */
const field = (a: JsonSchemaProps): JsonSchemaProps => ({ type: 'object', properties: { a } })
const A = 'S.properties[a]'

const ruleShown = (rule: string) =>
  `Invalid value: {"Rule":"${rule.replaceAll('"', '\\"')}","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}`

const list = (more: JsonSchemaProps): JsonSchemaProps => field({ type: 'array', ...more })
const keyed = (items: JsonSchemaProps, keys = ['name']) =>
  list({
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    items,
  })
const named: JsonSchemaProps = { type: 'object', properties: { name: { type: 'string' } } }

const cases: readonly [string, JsonSchemaProps, readonly string[]][] = [
  ['is an object', { type: 'object' }, []],
  [
    'needs a type',
    field({}),
    [`${A}.type: Required value: must not be empty for specified object fields`],
  ],
  [
    'needs the type of items',
    list({ items: {} }),
    [`${A}.items.type: Required value: must not be empty for specified array items`],
  ],
  ['needs items', list({}), [`${A}.items: Required value: must be specified`]],
  ['may leave the type to int-or-string', field({ 'x-kubernetes-int-or-string': true }), []],
  [
    'may spell int-or-string out in one way',
    field({
      'x-kubernetes-int-or-string': true,
      anyOf: [{ type: 'integer' }, { type: 'string' }],
    }),
    [],
  ],
  [
    'says types outside of combinations',
    field({ type: 'string', anyOf: [{ type: 'string', description: 'x' }] }),
    [
      `${A}.anyOf[0].description: Forbidden: must be empty to be structural`,
      `${A}.anyOf[0].type: Forbidden: must be empty to be structural`,
    ],
  ],
  [
    'describes all that it narrows',
    { type: 'object', oneOf: [{ properties: { b: { minimum: 1 } } }] },
    ['S.properties[b]: Required value: because it is defined in S.oneOf[0].properties[b]'],
  ],
  [
    'has no values of a map at the root',
    { type: 'object', additionalProperties: { type: 'string' } },
    ['S.additionalProperties: Forbidden: must not be used at the root'],
  ],
  [
    'narrows no metadata but names',
    {
      type: 'object',
      properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
    },
    [
      'S.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
    ],
  ],
  [
    'may narrow names',
    {
      type: 'object',
      properties: {
        metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 5 } } },
      },
    },
    [],
  ],
  [
    'has patterns that can be compiled',
    field({ type: 'string', pattern: 'a(b' }),
    [
      `${A}.pattern: Invalid value: "a(b": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): \`a(b\``,
    ],
  ],
  [
    'embeds objects alone',
    field({ type: 'string', 'x-kubernetes-embedded-resource': true }),
    [
      `${A}.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields`,
      `${A}.type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true`,
    ],
  ],
  [
    'has no $ref',
    field({ type: 'object', $ref: '#/x' }),
    [`${A}.$ref: Forbidden: $ref is not supported`],
  ],
  [
    'has one schema for all items',
    list({ items: [{ type: 'string' }] }),
    [`${A}.items: Forbidden: items must be a schema object and not an array`],
  ],
  [
    'is a struct or a map',
    field({
      type: 'object',
      properties: { b: { type: 'string' } },
      additionalProperties: { type: 'string' },
    }),
    [
      `${A}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
    ],
  ],
  [
    'does not compare all items',
    list({ uniqueItems: true, items: { type: 'string' } }),
    [
      `${A}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
  ],
  [
    'keeps unknown fields or does not say so',
    field({ type: 'object', 'x-kubernetes-preserve-unknown-fields': false }),
    [`${A}.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined`],
  ],
  [
    'has defaults of the right type',
    field({ type: 'integer', default: 'one' }),
    [`${A}.default: Invalid value: "string":  in body must be of type integer: "string"`],
  ],
  [
    'has defaults that it knows',
    field({ type: 'object', default: { b: 1 } }),
    [`${A}.default: Invalid value: {"b":1}: must not have unknown fields`],
  ],
  [
    'has no defaults in metadata',
    { type: 'object', properties: { kind: { type: 'string', default: 'A' } } },
    ['S.properties[kind].default: Forbidden: must not be set in top-level kind'],
  ],
  ['keys lists by required fields', keyed({ ...named, required: ['name'] }), []],
  [
    'keys lists by fields that are always there',
    keyed(named),
    [
      `${A}.items.properties[name].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
  ],
  [
    'keys lists by fields that exist',
    keyed({ ...named, required: ['name'] }, ['name', 'b', 'name']),
    [
      `${A}.x-kubernetes-list-map-keys: Invalid value: ["name","b","name"]: entries must all be names of item properties`,
      `${A}.x-kubernetes-list-map-keys: Invalid value: ["name","b","name"]: must not contain duplicate entries`,
    ],
  ],
  [
    'keys only lists of objects',
    keyed({ type: 'string' }),
    [
      `${A}.items.type: Invalid value: "string": must be object if parent array's x-kubernetes-list-type is map`,
    ],
  ],
  [
    'has sets of what is whole',
    list({ 'x-kubernetes-list-type': 'set', items: { type: 'object' } }),
    [
      `${A}.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set`,
    ],
  ],
  [
    'knows three types of lists',
    list({ 'x-kubernetes-list-type': 'heap', items: { type: 'string' } }),
    [
      `${A}.x-kubernetes-list-type: Unsupported value: "heap": supported values: "atomic", "set", "map"`,
    ],
  ],
  [
    'knows two types of maps',
    field({ type: 'object', 'x-kubernetes-map-type': 'heap' }),
    [
      `${A}.x-kubernetes-map-type: Unsupported value: "heap": supported values: "atomic", "granular"`,
    ],
  ],
  [
    'has rules that say something',
    field({ type: 'string', 'x-kubernetes-validations': [{ rule: ' ' }] }),
    [`${A}.x-kubernetes-validations[0].rule: Required value: rule is not specified`],
  ],
  [
    'has messages of one line',
    field({ type: 'string', 'x-kubernetes-validations': [{ rule: 'true', message: 'a\nb' }] }),
    [
      `${A}.x-kubernetes-validations[0].message: Invalid value: "a\\nb": must not contain line breaks`,
    ],
  ],
  [
    'has rules that can be compiled',
    field({ type: 'string', 'x-kubernetes-validations': [{ rule: 'self ==' }] }),
    [
      `${A}.x-kubernetes-validations[0].rule: ${ruleShown('self ==')}: compilation failed: ERROR: <input>:1:8: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self ==\n | .......^`,
    ],
  ],
  [
    'has rules that are true or false',
    field({ type: 'string', 'x-kubernetes-validations': [{ rule: '"yes"' }] }),
    [
      `${A}.x-kubernetes-validations[0].rule: ${ruleShown('"yes"')}: cel expression must evaluate to a bool`,
    ],
  ],
  [
    'has rules for what has a type',
    field({
      'x-kubernetes-preserve-unknown-fields': true,
      'x-kubernetes-validations': [{ rule: 'self == 1' }],
    }),
    [
      `${A}.x-kubernetes-validations: Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations`,
    ],
  ],
  [
    'has rules for fields that are there, of types that can be compared',
    field({
      type: 'object',
      properties: { n: { type: 'integer' } },
      'x-kubernetes-validations': [{ rule: 'self.m > 1' }, { rule: 'self.n == "1"' }],
    }),
    [
      `${A}.x-kubernetes-validations[0].rule: ${ruleShown('self.m \\u003e 1')}: compilation failed: ERROR: <input>:1:5: undefined field 'm'\n | self.m > 1\n | ....^`,
      `${A}.x-kubernetes-validations[1].rule: ${ruleShown('self.n == "1"')}: compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.n == "1"\n | .......^`,
    ],
  ],
  [
    'has its expressions looked at only where it is sound itself',
    field({
      type: 'object',
      uniqueItems: true,
      'x-kubernetes-validations': [{ rule: 'self.m' }],
      properties: { n: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self' }] } },
    }),
    [
      `${A}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
      `${A}.properties[n].x-kubernetes-validations[0].rule: ${ruleShown('self')}: cel expression must evaluate to a bool`,
    ],
  ],
  [
    'has no expressions looked at beside wrong defaults',
    field({ type: 'integer', default: 'x', 'x-kubernetes-validations': [{ rule: 'self' }] }),
    [`${A}.default: Invalid value: "string":  in body must be of type integer: "string"`],
  ],
  [
    'has messages that are texts',
    field({
      type: 'integer',
      'x-kubernetes-validations': [{ rule: 'self > 1', messageExpression: 'self' }],
    }),
    [
      `${A}.x-kubernetes-validations[0].messageExpression: Invalid value: {"Rule":"self \\u003e 1","Message":"","MessageExpression":"self","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string`,
    ],
  ],
  ...['.b', 'a', '.', '.a.b', '.list[0]', ".a['b'", '.a..b'].map(
    (fieldPath): (typeof cases)[number] => [
      `has a path that leads somewhere, unlike ${fieldPath}`,
      field({
        type: 'object',
        properties: { a: { type: 'object' }, list: { type: 'array', items: { type: 'string' } } },
        'x-kubernetes-validations': [{ rule: 'true', fieldPath }],
      }),
      [
        `${A}.x-kubernetes-validations[0].fieldPath: Invalid value: ${JSON.stringify(fieldPath)}: must be a valid path`,
      ],
    ],
  ),
  [
    'has a path into objects and maps',
    field({
      type: 'object',
      properties: {
        'a-b': { type: 'object', additionalProperties: { type: 'string' } },
      },
      'x-kubernetes-validations': [
        { rule: 'true', fieldPath: ".a-b['x y']" },
        { rule: 'true', fieldPath: "['a-b'].z" },
      ],
    }),
    [],
  ],
  [
    'looks at old values where there can be some',
    field({
      type: 'array',
      maxItems: 10,
      items: {
        type: 'object',
        properties: {
          b: {
            type: 'string',
            maxLength: 10,
            'x-kubernetes-validations': [{ rule: 'self == oldSelf' }],
          },
        },
      },
    }),
    [
      `${A}.items.properties[b].x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${A}`,
    ],
  ],
  [
    'looks at old values in keyed lists',
    field({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: {
        type: 'object',
        required: ['k'],
        properties: { k: { type: 'string' } },
        'x-kubernetes-validations': [{ rule: 'self == oldSelf' }],
      },
    }),
    [],
  ],
  [
    'has defaults that its rules take',
    field({
      type: 'integer',
      default: 1,
      'x-kubernetes-validations': [{ rule: 'self > 1', message: 'more than one' }],
    }),
    [`${A}.default: Invalid value: 1: more than one`],
  ],
  [
    'has an optional old value where it is used',
    field({
      type: 'string',
      'x-kubernetes-validations': [{ rule: 'true', optionalOldSelf: true }],
    }),
    [
      `${A}.x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
    ],
  ],
  [
    'has known reasons',
    field({ type: 'string', 'x-kubernetes-validations': [{ rule: 'true', reason: 'Because' }] }),
    [
      `${A}.x-kubernetes-validations[0].reason: Unsupported value: "Because": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
    ],
  ],
]

describe('a schema', () => {
  for (const [what, schema, expected] of cases)
    test(what, () => {
      assert.deepEqual(wrong(schema), expected)
    })

  test('says at its root what can be told without the status, where there is one', () => {
    const schema: JsonSchemaProps = { type: 'object', oneOf: [{ required: ['a'] }] }
    assert.deepEqual(wrong(schema), [])
    const [line = ''] = wrong(schema, true)
    assert.match(
      line,
      /^S: Invalid value: .*: only \[Description Type Format .* XValidations\] fields are/,
    )
  })
})
