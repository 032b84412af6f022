/** Definitions that a kube-apiserver refuses, each for something else. */

type Json = Readonly<Record<string, unknown>>
type Change = (definition: Given) => void

/** What the changes change: a definition that is taken. */
export interface Given {
  metadata: Record<string, unknown>
  spec: Record<string, unknown> & {
    names: Record<string, unknown>
    versions: (Record<string, unknown> & { schema?: { openAPIV3Schema?: unknown } })[]
  }
}

export const valid = (): Given & Json => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.refused.example.com' },
  spec: {
    group: 'refused.example.com',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } },
      },
    ],
  },
})

const version = (definition: Given) => definition.spec.versions[0] as Given['spec']['versions'][0]
/** With this as the whole schema. */
const schema =
  (given: unknown): Change =>
  definition => {
    version(definition).schema = { openAPIV3Schema: given }
  }
const object = (properties: Json, more: Json = {}) => ({ type: 'object', properties, ...more })
/** With these fields in the spec. */
const fields = (properties: Json, more: Json = {}): Change =>
  schema(object({ spec: object(properties, more) }))
const field = (given: unknown): Change => fields({ a: given })
const rules = (...given: unknown[]): Change =>
  fields({ a: { type: 'string', maxLength: 10 } }, { 'x-kubernetes-validations': given })
const spec =
  (more: Json): Change =>
  definition =>
    Object.assign(definition.spec, more)
const names =
  (more: Json): Change =>
  definition =>
    Object.assign(definition.spec.names, more)
const ofVersion =
  (more: Json): Change =>
  definition =>
    Object.assign(version(definition), more)
const versions =
  (...more: Json[]): Change =>
  definition => {
    definition.spec.versions = more.map(each => ({ ...version(definition), ...each }))
  }
const SIZED = object({
  spec: object({
    size: { type: 'integer' },
    labels: { type: 'string' },
    list: { type: 'array', items: { type: 'string' } },
  }),
  status: object({ size: { type: 'integer' } }),
})
const sized =
  (more: Json): Change =>
  definition =>
    Object.assign(version(definition), { schema: { openAPIV3Schema: SIZED } }, more)
const scale = (more: Json) =>
  sized({
    subresources: {
      scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size', ...more },
    },
  })
const selectable = (...paths: unknown[]) =>
  sized({ selectableFields: paths.map(jsonPath => ({ jsonPath })) })
const column = (...given: Json[]) => sized({ additionalPrinterColumns: given })
const webhook = (more: Json): Change =>
  spec({
    conversion: {
      strategy: 'Webhook',
      webhook: {
        clientConfig: { url: 'https://a.example/convert' },
        conversionReviewVersions: ['v1'],
        ...more,
      },
    },
  })

const text = { type: 'string' }
const EMBEDDED = { type: 'object', 'x-kubernetes-embedded-resource': true }
const OPEN = { 'x-kubernetes-preserve-unknown-fields': true }
const EITHER = { 'x-kubernetes-int-or-string': true }
const list = (items: unknown, more: Json = {}) => ({ type: 'array', items, ...more })
const mapList = (items: unknown, ...keys: string[]) =>
  list(items, { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys })

export const REFUSED: Readonly<Record<string, Change>> = {
  'without a name': ({ metadata }) => delete metadata.name,
  'by another name': ({ metadata }) => {
    metadata.name = 'others.refused.example.com'
  },
  'without a group': spec({ group: '' }),
  'of a group that is no domain': spec({ group: 'Refused_Example' }),
  'of a group without a dot': spec({ group: 'refused' }),
  'of a protected group': definition => {
    definition.spec.group = 'things.k8s.io'
    definition.metadata.name = 'things.things.k8s.io'
  },
  'of a protected group with a wrong approval': definition => {
    definition.spec.group = 'things.k8s.io'
    definition.metadata.name = 'things.things.k8s.io'
    definition.metadata.annotations = { 'api-approved.kubernetes.io': 'yes' }
  },
  'without a scope': spec({ scope: '' }),
  'of an unknown scope': spec({ scope: 'Galaxy' }),
  'without names': spec({ names: {} }),
  'with bad names': names({ plural: 'Things', singular: 'Thing', kind: 'thing_', listKind: '1' }),
  'with a bad short name': names({ shortNames: ['Th', 'ok', 'a b'] }),
  'with a bad category': names({ categories: ['All'] }),
  'with one name for one and for lists': names({ listKind: 'Thing' }),
  'without versions': spec({ versions: [] }),
  'without versions at all': ({ spec: given }) => delete (given as { versions?: unknown }).versions,
  'with a bad version': versions({ name: 'V1_' }),
  'with a version without a name': versions({ name: '' }),
  'with a version twice': versions({}, { storage: false }),
  'with two stored versions': versions({}, { name: 'v2' }),
  'without a stored version': versions({ storage: false }),
  'without schema': ofVersion({ schema: undefined }),
  'with an empty schema': ofVersion({ schema: {} }),
  'with a deprecation of what is not': ofVersion({ deprecationWarning: 'gone' }),
  'with an empty deprecation': ofVersion({ deprecated: true, deprecationWarning: '' }),
  'with a long deprecation': ofVersion({ deprecated: true, deprecationWarning: 'a'.repeat(300) }),
  'with a deprecation of two lines': ofVersion({ deprecated: true, deprecationWarning: 'a\nb' }),
  'that preserves unknown fields': spec({ preserveUnknownFields: true }),
  'with an unknown conversion': spec({ conversion: { strategy: 'Magic' } }),
  'with a conversion without strategy': spec({ conversion: { strategy: '' } }),
  'with a webhook but no use for it': spec({
    conversion: { strategy: 'None', webhook: { conversionReviewVersions: ['v1'] } },
  }),
  'without a webhook': spec({ conversion: { strategy: 'Webhook' } }),
  'with a webhook that is nowhere': webhook({ clientConfig: {} }),
  'with a webhook in two places': webhook({
    clientConfig: { url: 'https://a.example', service: { name: 'a', namespace: 'b' } },
  }),
  'with a webhook without TLS': webhook({ clientConfig: { url: 'http://a.example' } }),
  'with a webhook with a query': webhook({ clientConfig: { url: 'https://u:p@a.example?x#y' } }),
  'with a webhook of a nameless service': webhook({ clientConfig: { service: {} } }),
  'with a webhook of a bad port': webhook({
    clientConfig: { service: { name: 'a', namespace: 'b', port: 70_000, path: 'no//way' } },
  }),
  'with a webhook of bad certificates': webhook({
    clientConfig: { url: 'https://a.example', caBundle: 'bm8=' },
  }),
  'with a webhook of no versions': webhook({ conversionReviewVersions: [] }),
  'with a webhook of unknown versions': webhook({ conversionReviewVersions: ['v9'] }),
  'with a webhook of bad versions': webhook({ conversionReviewVersions: ['v1', 'V_', 'v1'] }),
  'with a root that is no object': schema(text),
  'with a root without a type': schema({ properties: { spec: { type: 'object' } } }),
  'with a root that may be null': schema({ type: 'object', nullable: true }),
  'with rules for names that are none': schema(
    object({ metadata: object({ labels: { type: 'object' } }) }),
  ),
  'with metadata that is no object': schema(object({ metadata: text })),
  'with an apiVersion that is no text': schema(object({ apiVersion: { type: 'integer' } })),
  'with an embedded root': schema({ type: 'object', 'x-kubernetes-embedded-resource': true }),
  'with a field without a type': field({}),
  'with a field of an unknown type': field({ type: 'float' }),
  'with a field that is null': field({ type: 'null' }),
  'with items without a type': field(list({})),
  'with a list without items': field({ type: 'array' }),
  'with a list of items by place': field({ type: 'array', items: [text] }),
  'with values without a type': field({ type: 'object', additionalProperties: {} }),
  'with fields and values': field(object({ b: text }, { additionalProperties: text })),
  'with values that may not be': field({ type: 'object', additionalProperties: false }),
  'with a reference': field({ $ref: '#/definitions/a' }),
  'with definitions': field({ type: 'object', definitions: { a: text } }),
  'with dependencies': field({ type: 'object', dependencies: { a: ['b'] } }),
  'with patterns of fields': field({ type: 'object', patternProperties: { a: text } }),
  'with additional items': field(list(text, { additionalItems: text })),
  'with unique items': field(list(text, { uniqueItems: true })),
  'with an id': field({ ...text, id: 'a', $schema: 'b' }),
  'with a pattern that is none': field({ ...text, pattern: '(' }),
  'with a pattern that looks ahead': field({ ...text, pattern: '(?=a)b' }),
  'with values in a junctor': field({ ...text, anyOf: [{ type: 'string', title: 'a' }] }),
  'with a description in a junctor': field({
    ...text,
    allOf: [{ description: 'a', default: 'b' }],
  }),
  'with nullable in not': field({ ...text, not: { nullable: true } }),
  'with a field in a junctor alone': fields(
    { a: text },
    { anyOf: [{ properties: { b: { minLength: 1 } } }] },
  ),
  'with items in a junctor alone': field({ ...text, oneOf: [{ items: { minLength: 1 } }] }),
  'with extensions in a junctor': field({
    ...text,
    allOf: [OPEN, EITHER, { 'x-kubernetes-embedded-resource': true }],
  }),
  'with metadata in a junctor': schema(
    object({}, { allOf: [{ properties: { metadata: { minProperties: 1 } } }] }),
  ),
  'with a type of both': field({ ...EITHER, type: 'string' }),
  'with junctors of both that are not those': field({ ...EITHER, anyOf: [{ type: 'string' }] }),
  'with an embedded text': field({ ...text, 'x-kubernetes-embedded-resource': true }),
  'with an embedded nothing': field(EMBEDDED),
  'with an embedded apiVersion that is no text': field({
    ...EMBEDDED,
    properties: { apiVersion: { type: 'integer' }, kind: object({}), metadata: text },
  }),
  'with an open text': field({ ...text, ...OPEN }),
  'with what is not open': field({ type: 'object', 'x-kubernetes-preserve-unknown-fields': false }),
  'with an unknown list type': field(list(text, { 'x-kubernetes-list-type': 'bag' })),
  'with a list type of no list': field({ ...text, 'x-kubernetes-list-type': 'atomic' }),
  'with a set of objects': field(list(object({ b: text }), { 'x-kubernetes-list-type': 'set' })),
  'with a set of lists': field(list(list(text), { 'x-kubernetes-list-type': 'set' })),
  'with a set of what may be null': field(
    list({ ...text, nullable: true }, { 'x-kubernetes-list-type': 'set' }),
  ),
  'with keys but no map': field(list(object({ b: text }), { 'x-kubernetes-list-map-keys': ['b'] })),
  'with a map without keys': field(list(object({ b: text }), { 'x-kubernetes-list-type': 'map' })),
  'with a map with a key twice': field(mapList(object({ b: text }, { required: ['b'] }), 'b', 'b')),
  'with a map with a key that is no field': field(mapList(object({ b: text }), 'c')),
  'with a map with a key that may be absent': field(mapList(object({ b: text }), 'b')),
  'with a map with a key that may be null': field(
    mapList(object({ b: { ...text, nullable: true, default: 'a' } }), 'b'),
  ),
  'with a map with a key that is a list': field(
    mapList(object({ b: list(text) }, { required: ['b'] }), 'b'),
  ),
  'with a map of texts': field(mapList(text, 'b')),
  'with a map of what may be null': field(
    mapList(object({ b: text }, { required: ['b'], nullable: true }), 'b'),
  ),
  'with an unknown map type': field({ type: 'object', 'x-kubernetes-map-type': 'flat' }),
  'with a map type of no map': field({ ...text, 'x-kubernetes-map-type': 'atomic' }),
  'with a default of another type': field({ ...text, default: 1 }),
  'with a default that is refused': field({ ...text, maxLength: 1, default: 'ab', enum: ['c'] }),
  'with a default that is pruned': field(object({ b: text }, { default: { c: 1 } })),
  'with a default of null': field({ ...text, default: null }),
  'with a default within a default that is refused': field(
    object({ b: { ...text, default: 2 } }, { default: {} }),
  ),
  'with a default of the root': schema({ type: 'object', default: {} }),
  'with a default of metadata': schema(
    object({ metadata: { type: 'object', default: { name: 'a' } } }),
  ),
  'with a default of an embedded resource': field({ ...EMBEDDED, ...OPEN, default: { a: 1 } }),
  'with a default against a rule': field({
    type: 'integer',
    default: 1,
    'x-kubernetes-validations': [{ rule: 'self > 1' }],
  }),
  'with an enum of nothing': field({ ...text, enum: [] }),
  'with an enum of one twice': field({ ...text, enum: ['a', 'a'] }),
  'with an enum of other types': field({ ...text, enum: ['a', 1, null] }),
  'with bounds that are turned': field({ type: 'integer', minimum: 3, maximum: 1, multipleOf: 0 }),
  'with lengths that are turned': field({ ...text, minLength: 3, maxLength: 1 }),
  'with lengths below nothing': field({ ...text, minLength: -1, maxLength: -2 }),
  'with a requirement twice': fields({ a: text }, { required: ['a', 'a'] }),
  'with an unknown format': field({ ...text, format: 'int32' }),
  'with a name too strange': fields({ '': text }),
  'with a rule that is empty': rules({ rule: '' }),
  'with a rule of spaces': rules({ rule: '  ' }),
  'with a rule that does not parse': rules({ rule: 'self.a ==' }),
  'with a rule that is not true or false': rules({ rule: 'self.a' }),
  'with a rule of an unknown field': rules({ rule: 'self.b == 1' }),
  'with a rule of another type': rules({ rule: 'self.a > 1' }),
  'with an unknown function': rules({ rule: 'self.a.shout()' }),
  'with a message of two lines': rules({ rule: 'true', message: 'a\nb' }),
  'with a message of spaces': rules({ rule: 'true', message: ' ' }),
  'with a long message': rules({ rule: 'true', message: 'a'.repeat(2049) }),
  'with a rule of two lines and no message': rules({ rule: 'true &&\n true' }),
  'with a message expression that is no text': rules({ rule: 'true', messageExpression: '1' }),
  'with a message expression that does not parse': rules({
    rule: 'true',
    messageExpression: 'self.',
  }),
  'with an empty message expression': rules({ rule: 'true', messageExpression: ' ' }),
  'with an unknown reason': rules({ rule: 'true', reason: 'FieldBoring' }),
  'with a path to nothing': rules({ rule: 'true', fieldPath: '.b' }),
  'with a path that does not parse': rules({ rule: 'true', fieldPath: 'a' }),
  'with a path into a list': fields(
    { l: list(object({ b: text }), { maxItems: 2 }) },
    { 'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.l[0].b' }] },
  ),
  'with an optional old value that is not used': rules({ rule: 'true', optionalOldSelf: true }),
  'with an old value in an atomic list': field(
    list({ ...text, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] }, { maxItems: 3 }),
  ),
  'with a rule that costs too much': field(
    list({ ...text, 'x-kubernetes-validations': [{ rule: "self.matches('a*')" }] }),
  ),
  'with a rule over all twice': field(
    list(text, { 'x-kubernetes-validations': [{ rule: 'self.all(x, self.all(y, x == y))' }] }),
  ),
  'with too many rules at once': fields(
    Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map(name => [
        name,
        list(text, {
          maxItems: 2800,
          'x-kubernetes-validations': [{ rule: "self.all(x, x.startsWith('a'))" }],
        }),
      ]),
    ),
  ),
  'with rules without a type': field({ ...OPEN, 'x-kubernetes-validations': [{ rule: 'true' }] }),
  'with rules in a junctor': field({
    ...text,
    anyOf: [{ 'x-kubernetes-validations': [{ rule: 'true' }] }],
  }),
  'with rules of metadata': schema(
    object({
      metadata: {
        type: 'object',
        'x-kubernetes-validations': [
          { rule: 'self.name != ""' },
          { rule: 'self.labels.size() > 0' },
        ],
      },
    }),
  ),
  'with a column without a name': column({ name: '', type: 'string', jsonPath: '.spec.size' }),
  'with a column of an unknown type': column({ name: 'A', type: 'text', jsonPath: '.spec.size' }),
  'with a column of no path': column({ name: 'A', type: 'string', jsonPath: '' }),
  'with a column of a bad path': column(
    { name: 'A', type: 'string', jsonPath: '.spec[' },
    { name: 'B', type: 'string', jsonPath: 'spec' },
  ),
  'with a column of an unknown format': column({
    name: 'A',
    type: 'string',
    format: 'curly',
    jsonPath: '.spec',
  }),
  'with scale of no paths': scale({ specReplicasPath: '', statusReplicasPath: '' }),
  'with scale of other paths': scale({
    specReplicasPath: '.status.size',
    statusReplicasPath: '.spec.size',
    labelSelectorPath: '.metadata.a',
  }),
  'with scale of bad paths': scale({
    specReplicasPath: 'spec',
    statusReplicasPath: '.status[0]',
    labelSelectorPath: '.status.',
  }),
  'with scale of paths to nothing': scale({ specReplicasPath: '.spec.nothing' }),
  'with scale of whole parts': scale({ specReplicasPath: '.spec', statusReplicasPath: '.status' }),
  'with a field to select by that is nowhere': selectable('.spec.nothing'),
  'with a field to select by twice': selectable('.spec.size', '.spec.size'),
  'with a field to select by without a path': selectable(''),
  'with a field to select by with a bad path': selectable('spec', '.spec[0]', '.spec.size.'),
  'with a list to select by': selectable('.spec.list', '.spec', '.metadata.name'),
  'with too many fields to select by': selectable(
    '.spec.size',
    '.spec.labels',
    '.status.size',
    '.a',
    '.b',
    '.c',
    '.d',
    '.e',
    '.f',
  ),
}

const INTERNAL = 'upstream shows versions by the names of its internal structures'

/** Those that Proa tells otherwise, and why. */
export const DIFFERS: Readonly<Record<string, string>> = {
  'with a version twice': INTERNAL,
  'with two stored versions': INTERNAL,
  'without a stored version': INTERNAL,
}

/** With what it is refused for. */
export function refused(change: Change): object {
  const definition = valid()
  change(definition)
  return definition
}
