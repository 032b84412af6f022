/** Custom objects that the schema or the rules of their definition refuse, change or take. */

type Json = Readonly<Record<string, unknown>>

export const GROUP = 'judged.example.com'
const text = { type: 'string' }
const short = { type: 'string', maxLength: 10 }
const whole = { type: 'integer' }
const object = (properties: Json, more: Json = {}) => ({ type: 'object', properties, ...more })
const list = (items: unknown, more: Json = {}) => ({ type: 'array', items, ...more })
const rules = (...given: (string | Json)[]) => ({
  'x-kubernetes-validations': given.map(each => (typeof each === 'string' ? { rule: each } : each)),
})
const SET = { 'x-kubernetes-list-type': 'set' }
const MAP = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] }

export const FORMATS: readonly string[] = [
  'bsonobjectid',
  'uri',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'cidr',
  'mac',
  'uuid',
  'uuid3',
  'uuid4',
  'uuid5',
  'isbn',
  'isbn10',
  'isbn13',
  'creditcard',
  'ssn',
  'hexcolor',
  'rgbcolor',
  'byte',
  'password',
  'date',
  'duration',
  'datetime',
  'date-time',
  'k8s-short-name',
  'k8s-long-name',
]

const spec = object(
  {
    text,
    short,
    shortest: { ...text, minLength: 2 },
    pattern: { ...text, pattern: '^a+$' },
    oneOfThree: { ...text, enum: ['a', 'b', 'c'] },
    numbers: { ...whole, enum: [1, 2] },
    whole,
    int32: { ...whole, format: 'int32' },
    int64: { ...whole, format: 'int64' },
    real: { type: 'number' },
    float: { type: 'number', format: 'float' },
    bounded: { ...whole, minimum: 2, maximum: 8, multipleOf: 2 },
    between: {
      type: 'number',
      minimum: 1,
      exclusiveMinimum: true,
      maximum: 2,
      exclusiveMaximum: true,
    },
    flag: { type: 'boolean' },
    either: { 'x-kubernetes-int-or-string': true },
    nullable: { ...text, nullable: true },
    presetNullable: { ...text, nullable: true, default: 'a' },
    preset: { ...text, default: 'a' },
    presets: object({ b: { ...text, default: 'x' }, c: whole }, { default: { c: 1 } }),
    list: list(text, { minItems: 1, maxItems: 2 }),
    set: list(text, SET),
    numberSet: list(whole, SET),
    keyed: list(object({ k: text, v: { ...text, default: 'd' } }, { required: ['k'] }), MAP),
    map: { type: 'object', additionalProperties: whole, maxProperties: 2 },
    small: { type: 'object', additionalProperties: text, minProperties: 1 },
    closed: object({ a: text, b: object({ c: text }) }, { required: ['a'] }),
    open: object({ a: text }, { 'x-kubernetes-preserve-unknown-fields': true }),
    any: { 'x-kubernetes-preserve-unknown-fields': true },
    pod: {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
    },
    all: { ...text, allOf: [{ minLength: 2 }, { pattern: 'a' }] },
    some: { ...text, anyOf: [{ minLength: 4 }, { pattern: 'a' }] },
    single: { ...text, oneOf: [{ minLength: 4 }, { pattern: 'a' }] },
    never: { ...text, not: { enum: ['x'] } },
    choice: object({ a: text, b: text }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
    ...Object.fromEntries(FORMATS.map(format => [`f-${format}`, { ...text, format }])),
  },
  { required: ['text'] },
)

const ruled = object({
  plain: { ...whole, ...rules('self > 1') },
  message: { ...whole, ...rules({ rule: 'self > 1', message: 'must be more than one' }) },
  expression: {
    ...whole,
    ...rules({
      rule: 'self > 1',
      messageExpression: 'self == 1 ? "got one" : "got less"',
      message: 'unused',
    }),
  },
  badExpression: {
    ...whole,
    ...rules({
      rule: 'self > 1',
      messageExpression: '1 / (self - self) == 0 ? "a" : "b"',
      message: 'used',
    }),
  },
  emptyExpression: { ...whole, ...rules({ rule: 'self > 1', messageExpression: '" "' }) },
  longLine: {
    ...whole,
    ...rules({ rule: 'self > 1', messageExpression: '"a\\nb"', message: 'm' }),
  },
  forbidden: { ...whole, ...rules({ rule: 'self > 1', reason: 'FieldValueForbidden' }) },
  required: { ...whole, ...rules({ rule: 'self > 1', reason: 'FieldValueRequired' }) },
  duplicate: { ...whole, ...rules({ rule: 'self > 1', reason: 'FieldValueDuplicate' }) },
  wholePath: object(
    {
      a: short,
      'b-c': short,
      m: { type: 'object', maxProperties: 4, additionalProperties: short },
    },
    rules(
      { rule: "!has(self.a) || self.a != 'x'", fieldPath: '.a', message: 'no x' },
      {
        rule: "!has(self.b__dash__c) || self.b__dash__c != 'x'",
        fieldPath: '.b-c',
        reason: 'FieldValueForbidden',
      },
      {
        rule: "!has(self.m) || !('x' in self.m)",
        fieldPath: ".m['x']",
        reason: 'FieldValueDuplicate',
      },
      { rule: "!has(self.m) || !('y' in self.m)", fieldPath: '.m', reason: 'FieldValueRequired' },
    ),
  ),
  wholeDuplicate: object(
    { a: short },
    rules({ rule: "self.a != 'x'", reason: 'FieldValueDuplicate' }),
  ),
  items: list({ ...short, ...rules("self != 'x'") }, { maxItems: 4 }),
  listRule: list(short, { maxItems: 4, ...rules({ rule: "!('x' in self)", message: 'no x' }) }),
  mapRule: {
    type: 'object',
    maxProperties: 4,
    additionalProperties: { ...short, ...rules("self != 'x'") },
  },
  keyed: list(
    object({ k: short, v: { ...short, ...rules('self == oldSelf') } }, { required: ['k'] }),
    { ...MAP, maxItems: 4 },
  ),
  immutable: { ...short, ...rules({ rule: 'self == oldSelf', message: 'never changes' }) },
  onceSet: object({ a: short }, rules('!has(oldSelf.a) || has(self.a)')),
  optional: {
    ...short,
    ...rules({
      rule: "oldSelf.hasValue() ? self != 'same' || oldSelf.value() == 'same' : self != 'first'",
      optionalOldSelf: true,
      message: 'by what it was',
    }),
  },
  ratchet: { ...short, ...rules("self != 'bad'") },
  later: { ...short, ...rules("self != 'sooner'") },
  laterLength: { type: 'string', maxLength: 77 },
  laterList: list({ ...short, ...rules("self != 'sooner'") }, { maxItems: 4 }),
  grown: { ...whole, ...rules('self >= oldSelf', 'self < 100') },
  fails: { ...whole, ...rules('10 / self > 0') },
  index: list(short, { maxItems: 4, ...rules("self[1] == 'a'") }),
  either: {
    'x-kubernetes-int-or-string': true,
    ...rules("type(self) == int ? self > 1 : self == 'a'"),
  },
  span: { type: 'string', format: 'duration', ...rules("self > duration('1m')") },
  raw: { type: 'string', format: 'byte', maxLength: 20, ...rules("self == b'a'") },
  day: { type: 'string', format: 'date', ...rules("self > timestamp('2020-01-01T00:00:00Z')") },
  nullable: { ...short, nullable: true, ...rules("self != 'x'") },
  two: object(
    { a: whole, b: whole },
    rules('self.a < self.b', { rule: 'self.a > 0', message: 'positive' }),
  ),
})

const definition = (kind: string, schema: unknown, more: Json = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.toLowerCase()}s.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: `${kind.toLowerCase()}s`, kind },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        ...more,
      },
    ],
  },
})

export const DEFINITIONS = [
  definition('Shape', object({ spec, status: object({ a: text }) }), {
    subresources: { status: {} },
  }),
  definition(
    'Rule',
    object({ spec: ruled }, rules({ rule: "self.metadata.name != 'refused'", message: 'not so' })),
  ),
]

/** By what is tried, the spec of a Shape besides its text. */
export const SHAPES: Readonly<Record<string, unknown>> = {
  nothing: {},
  'no text at all': { text: undefined },
  'null for what is required': { text: null },
  'a number for a text': { text: 1 },
  'a list for a text': { text: [] },
  'too long': { short: 'aaaaaaaaaaa' },
  'too long in letters of two bytes': { short: 'äääääääääää' },
  'just long enough': { short: 'ääääääääää' },
  'too short': { shortest: 'a' },
  'another pattern': { pattern: 'b' },
  'none of three': { oneOfThree: 'd' },
  'no such number': { numbers: 3 },
  'a real for a whole': { whole: 1.5 },
  'a whole real': { whole: 1.0 },
  'a text for a whole': { whole: '1' },
  'a flag for a whole': { whole: true },
  'beyond 32 bits': { int32: 3_000_000_000 },
  'beyond 53 bits': { int64: 1e18 },
  'a text for a real': { real: 'a' },
  'a large float': { float: 1e300 },
  'too small': { bounded: 1 },
  'too large': { bounded: 10 },
  'no multiple': { bounded: 3 },
  'at the open bounds': { between: 1 },
  'at the other open bound': { between: 2 },
  'a text for a flag': { flag: 'true' },
  'a flag for either': { either: true },
  'a real for either': { either: 1.5 },
  'an object for either': { either: {} },
  'null where it may be': { nullable: null, presetNullable: null },
  'null where it may not be': { short: null, preset: null, whole: null },
  'null within a list': { list: [null] },
  'null for a required field': { closed: { a: null } },
  'null in a map': { map: { a: null } },
  'presets within': { presets: {} },
  'presets in items': { keyed: [{ k: 'a' }] },
  'a list too short': { list: [] },
  'a list too long': { list: ['a', 'b', 'c'] },
  'a text for a list': { list: 'a' },
  'numbers in a list': { list: [1, 2] },
  'twice in a set': { set: ['a', 'b', 'a', 'b'] },
  'twice in a set of numbers': { numberSet: [1, 2, 1] },
  'a key twice': { keyed: [{ k: 'a' }, { k: 'b' }, { k: 'a', v: 'c' }] },
  'without a key': { keyed: [{ v: 'a' }] },
  'a map too large': { map: { a: 1, b: 2, c: 3 } },
  'texts in a map': { map: { a: 'x' } },
  'a map too small': { small: {} },
  'a list for a map': { map: [] },
  'without what is required': { closed: {} },
  'unknown fields': { closed: { a: 'a', z: 1, b: { c: 'c', d: 1 } }, zz: { a: 1 } },
  'unknown fields that may be': { open: { a: 'a', z: { y: 1 } }, any: { b: [1] } },
  'a text for an object': { closed: 'a' },
  'anything at all': { any: 'a' },
  'an embedded nothing': { pod: {} },
  'an embedded kind alone': { pod: { kind: 'Pod' } },
  'an embedded pod': {
    pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', zz: 1 }, spec: { b: 1 } },
  },
  'an embedded pod with bad names': {
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'A_',
        namespace: 'B_',
        labels: { 'a b': 'c d' },
        annotations: { 'a b': '' },
        finalizers: ['a b'],
      },
    },
  },
  'an embedded pod of no version': { pod: { apiVersion: 'v1/a/b', kind: 'Pod' } },
  'an embedded pod of no kind': { pod: { apiVersion: 'v1', kind: 'a b' } },
  'an embedded pod with bad types': { pod: { apiVersion: 1, kind: [], metadata: { labels: 'a' } } },
  'an embedded pod with bad metadata': { pod: { apiVersion: 'v1', kind: 'Pod', metadata: 'a' } },
  'not all': { all: 'b' },
  'not some': { some: 'b' },
  'not one': { single: 'aaaa' },
  'not a single one': { single: 'b' },
  never: { never: 'x' },
  'no choice': { choice: {} },
  'two choices': { choice: { a: 'a', b: 'b' } },
  'no object': 'a',
}

/** By what is tried, the spec of a Rule. */
export const RULED: Readonly<Record<string, Json>> = {
  nothing: {},
  ...Object.fromEntries(
    [
      'plain',
      'message',
      'expression',
      'badExpression',
      'emptyExpression',
      'longLine',
      'forbidden',
      'required',
      'duplicate',
    ].map(name => [name, { [name]: 1 }]),
  ),
  'several paths': { wholePath: { a: 'x', 'b-c': 'x', m: { x: 'a', y: 'b' } } },
  'a whole that is there already': { wholeDuplicate: { a: 'x' } },
  'a rule on what is absent': { wholeDuplicate: {} },
  'two items': { items: ['a', 'x', 'b', 'x'] },
  'a whole list': { listRule: ['x'] },
  'values of a map': { mapRule: { a: 'y', 'b.c/d': 'x' } },
  'the first': { optional: 'first' },
  'bad from the beginning': { ratchet: 'bad' },
  'a division by nothing': { fails: 0 },
  'a place that is not there': { index: ['b'] },
  'another place': { index: ['b', 'b'] },
  'either of both': { either: 1 },
  'the other of both': { either: 'b' },
  'a short span': { span: '1s' },
  'other bytes': { raw: 'Yg==' },
  'an early day': { day: '2019-01-01' },
  'null that may be': { nullable: null },
  'what may be null': { nullable: 'x' },
  'two rules': { two: { a: 0, b: 0 } },
  'a wrong type before rules': { plain: 'a', message: 1 },
  'a wrong value before rules': { items: ['aaaaaaaaaaaa'], message: 1 },
}

/** What an object is, and what it is tried to become. */
export const CHANGED: Readonly<Record<string, readonly [Json, Json]>> = {
  'what never changes': [{ immutable: 'a' }, { immutable: 'b' }],
  'what never changes, away': [{ immutable: 'a' }, {}],
  'what never changes, new': [{}, { immutable: 'b' }],
  'in a keyed list': [
    {
      keyed: [
        { k: 'a', v: 'b' },
        { k: 'b', v: 'c' },
      ],
    },
    {
      keyed: [
        { k: 'b', v: 'd' },
        { k: 'c', v: 'd' },
      ],
    },
  ],
  'taken away': [{ onceSet: { a: 'a' } }, { onceSet: {} }],
  'by what it was': [{ optional: 'a' }, { optional: 'same' }],
  'by what it was not': [{}, { optional: 'first' }],
  smaller: [{ grown: 5 }, { grown: 4 }],
  'too large': [{ grown: 5 }, { grown: 100 }],
}

const READ = 'what cannot be read is told in other words, and refused before it is judged'

/** What Proa tells otherwise, by what is tried, and why. */
export const OBJECTS_THAT_DIFFER: Readonly<Record<string, string>> = {
  'an embedded pod with bad types': READ,
  'an embedded pod with bad metadata': READ,
}
