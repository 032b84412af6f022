/** Schemas of custom resources, each of which the OpenAPI documents may show otherwise than it was written. */

type Json = Readonly<Record<string, unknown>>

const OPEN = { 'x-kubernetes-preserve-unknown-fields': true }
const EMBEDDED = { 'x-kubernetes-embedded-resource': true }
const EITHER = { 'x-kubernetes-int-or-string': true }
const text = { type: 'string' }
const object = (properties: Json, more: Json = {}) => ({ type: 'object', properties, ...more })
const list = (items: Json, more: Json = {}) => ({ type: 'array', items, ...more })
const mapOf = (values: unknown, more: Json = {}) => ({
  type: 'object',
  additionalProperties: values,
  ...more,
})
/** A whole schema with these fields in its spec. */
const spec = (fields: Json, more: Json = {}) => object({ spec: object(fields, more) })

/** Every description that a definition gives begins so, to be told from the servers' own. */
export const GIVEN = 'Given: '
const says = (what: string) => ({ description: `${GIVEN}${what}` })

/** By name of the kind, the schema of its one version. */
export const PUBLISHED: Readonly<Record<string, Json>> = {
  Bare: { type: 'object' },
  BareTold: { type: 'object', ...says('a kind without fields') },
  OpenRoot: { type: 'object', ...OPEN },
  OpenRootTold: object({ spec: object({ a: text }) }, { ...OPEN, ...says('an open kind') }),
  OpenNested: object({ spec: object({ a: text }, { ...OPEN, ...says('open within') }) }),
  OpenAnything: spec({ anything: OPEN, told: { ...OPEN, ...says('anything') } }),
  OpenInItems: spec({ all: list({ type: 'object', ...OPEN }), any: list(OPEN) }),
  OpenInValues: spec({ all: mapOf({ type: 'object', ...OPEN }), any: mapOf(OPEN) }),
  OpenMap: spec({ map: mapOf(text, OPEN) }),
  Embedded: spec({
    open: { type: 'object', ...EMBEDDED, ...OPEN },
    closed: object({ spec: object({ a: text }) }, EMBEDDED),
    told: object(
      { metadata: { type: 'object', ...says('its own') }, apiVersion: { ...text, pattern: 'v1' } },
      { ...EMBEDDED, ...says('a pod or so') },
    ),
    demanding: object({ a: text }, { ...EMBEDDED, required: ['a', 'apiVersion'] }),
    defaulted: object({ a: text }, { ...EMBEDDED, default: { apiVersion: 'v1', kind: 'A' } }),
    many: list(object({ a: text }, EMBEDDED)),
    named: mapOf(object({ a: text }, EMBEDDED)),
    nullable: object({ a: text }, { ...EMBEDDED, nullable: true }),
  }),
  Either: spec({
    plain: EITHER,
    told: { ...EITHER, ...says('a port') },
    composed: { ...EITHER, anyOf: [{ type: 'integer' }, { type: 'string' }] },
    bounded: {
      ...EITHER,
      allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, { minimum: 3 }],
      pattern: '^[0-9]+%$',
    },
    many: list(EITHER),
    named: mapOf(EITHER),
    nullable: { ...EITHER, nullable: true },
    withDefault: { ...EITHER, default: '10%' },
  }),
  Nullable: spec({
    text: { ...text, nullable: true, maxLength: 4 },
    number: { type: 'integer', nullable: true, minimum: 2, format: 'int32' },
    object: object({ a: text }, { nullable: true, required: ['a'], ...says('may be null') }),
    map: mapOf({ ...text, nullable: true }, { nullable: true }),
    list: list({ ...text, nullable: true }, { nullable: true, maxItems: 3 }),
    withDefault: { ...text, nullable: true, default: 'x', enum: ['x', 'y'] },
    not: { ...text, nullable: false },
  }),
  Junctors: spec(
    {
      all: { ...text, allOf: [{ minLength: 2 }, { pattern: 'a' }] },
      any: { ...text, anyOf: [{ minLength: 2 }, { pattern: 'a' }] },
      one: { ...text, oneOf: [{ minLength: 2 }, { pattern: 'a' }] },
      none: { ...text, not: { pattern: 'a' } },
      deep: object(
        { a: text, b: text },
        { oneOf: [{ required: ['a'] }, { required: ['b'] }], not: { required: ['c'] } },
      ),
      items: list(text, { anyOf: [{ items: { minLength: 2 } }, { maxItems: 4 }] }),
    },
    { anyOf: [{ properties: { any: { maxLength: 3 } } }, { required: ['one'] }] },
  ),
  JunctorsAtRoot: {
    ...spec({ a: text, b: text }),
    oneOf: [{ required: ['spec'] }, { properties: { spec: { required: ['a'] } } }],
    not: { required: ['other'] },
  },
  Defaults: spec(
    {
      text: { ...text, default: 'x' },
      empty: { ...text, default: '' },
      number: { type: 'integer', default: 0 },
      flag: { type: 'boolean', default: false },
      list: list({ ...text, default: 'y' }, { default: ['a'] }),
      object: object({ a: { ...text, default: 'z' } }, { default: {} }),
      map: mapOf({ ...text, default: 'v' }, { default: { k: 'v' } }),
      open: { ...OPEN, default: [1] },
    },
    { default: {} },
  ),
  Lists: spec({
    atomic: list(text, { 'x-kubernetes-list-type': 'atomic' }),
    set: list(text, { 'x-kubernetes-list-type': 'set' }),
    map: list(object({ a: text, b: text }, { required: ['a'] }), {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
    }),
    two: list(object({ a: { ...text, default: '' }, b: { ...text, default: '' } }), {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a', 'b'],
    }),
    whole: object({ a: text }, { 'x-kubernetes-map-type': 'atomic' }),
    granular: object({ a: text }, { 'x-kubernetes-map-type': 'granular' }),
    bounded: list(text, { minItems: 1, maxItems: 0, uniqueItems: false }),
    listOfLists: list(list(list({ type: 'number' }))),
  }),
  Formats: spec({
    ...Object.fromEntries(['int32', 'int64'].map(format => [format, { type: 'integer', format }])),
    ...Object.fromEntries(['float', 'double'].map(format => [format, { type: 'number', format }])),
    ...Object.fromEntries(
      [
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
        'isbn',
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
        'int-or-string',
        'quantity',
        'unheard-of',
      ].map(format => [format, { type: 'string', format }]),
    ),
  }),
  Validations: spec(
    {
      text: { ...text, minLength: 1, maxLength: 9, pattern: '^a+$', enum: ['a', 'aa'] },
      number: {
        type: 'number',
        minimum: 0,
        maximum: 10,
        exclusiveMinimum: true,
        exclusiveMaximum: true,
        multipleOf: 0.5,
      },
      zero: { type: 'integer', minimum: 0, maximum: 0, exclusiveMinimum: false },
      object: object({ a: text }, { minProperties: 1, maxProperties: 2, required: ['a'] }),
      enumOfAll: { ...OPEN, enum: [null, 1, 'a', { b: [] }] },
    },
    { required: ['text', 'number'] },
  ),
  Rules: spec(
    {
      text: {
        ...text,
        maxLength: 9,
        'x-kubernetes-validations': [
          { rule: "self != 'b'", message: 'not b', reason: 'FieldValueForbidden' },
          { rule: 'self == oldSelf', optionalOldSelf: false },
        ],
      },
      path: object(
        { a: { ...text, maxLength: 4 } },
        {
          'x-kubernetes-validations': [
            { rule: "self.a != 'x'", messageExpression: "'no ' + self.a", fieldPath: '.a' },
          ],
        },
      ),
    },
    { 'x-kubernetes-validations': [{ rule: 'has(self.text)' }] },
  ),
  Told: {
    ...object(
      {
        apiVersion: { ...text, ...says('the version') },
        kind: { ...text, ...says('the kind') },
        spec: { type: 'object', title: 'Spec', ...says('a spec'), example: { a: 1 } },
        status: object({ a: { ...text, example: 'x', externalDocs: { url: 'http://a.example' } } }),
      },
      { required: ['spec'], title: 'Told', externalDocs: { url: 'http://b.example' } },
    ),
    ...says('all that texts can say'),
  },
  Maps: spec({
    texts: mapOf(text),
    any: mapOf(true, OPEN),
    deep: mapOf(mapOf(list(mapOf({ type: 'boolean' })))),
    objects: mapOf(object({ a: text })),
    empty: { type: 'object', properties: {} },
  }),
  OpenNullable: spec({
    a: { type: 'object', ...OPEN, nullable: true },
    b: { ...OPEN, nullable: true },
    c: list(text, OPEN),
    d: object({ e: object({ f: text }, OPEN) }, OPEN),
  }),
  Named: object({
    spec: object({
      'a/b': text,
      'a.b': text,
      'a b': text,
      $ref: text,
      default: text,
      type: text,
      items: text,
      properties: text,
    }),
  }),
}
