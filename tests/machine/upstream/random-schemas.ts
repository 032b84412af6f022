/** Schemas of custom resources by chance, and values that mostly fit them. */
import type { Dice } from '../../fuzz/random.ts'

export type Schema = Readonly<Record<string, unknown>> & {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly nullable?: boolean
  readonly required?: readonly string[]
}

const NAMES = ['a', 'b', 'c', 'd']
const TEXTS = ['', 'a', 'ab', 'abc', 'bad', 'x-1', 'ünï', 'aaaaaaaaaaaa', '10', '1.5']
const WHOLES = [-1, 0, 1, 2, 3, 4, 5, 10, 100]
const REALS = [...WHOLES, 0.5, -1.5, 1e9]
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  'date-time': ['2026-01-02T03:04:05Z', '2026-01-02'],
  date: ['2026-01-02', '2026-13-02'],
  duration: ['1s', '1h5m', 'x'],
  byte: ['YQ==', 'YQ', '-'],
  ipv4: ['10.0.0.1', '::1'],
  uuid: ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'x'],
  uri: ['http://a.b/c', '%'],
  hostname: ['a.b', 'a_b'],
  'made-up': ['a'],
}
/** Whatever may not stand where it is put. */
const ODD: readonly unknown[] = [null, '', 'a', 0, 1, 1.5, -1, true, [], {}, ['a', 'a'], { z: 1 }]

const happens = (dice: Dice, percent: number) => dice.below(100) < percent

/** Of what the spec of an object may be. */
export function specSchema(dice: Dice): Schema {
  const schema = objectSchema(dice, 3)
  return { ...schema, ...(happens(dice, 30) ? rulesFor(dice, schema) : {}) }
}

function schemaBy(dice: Dice, depth: number): Schema {
  const makers: ((dice: Dice, depth: number) => Schema)[] = [text, text, whole, real, flag, either]
  if (depth > 0) makers.push(list, list, objectSchema, objectSchema, mapSchema, open, choice)
  const schema = dice.pick(makers)(dice, depth - 1)
  return {
    ...schema,
    ...(happens(dice, 12) ? { nullable: true } : {}),
    ...(happens(dice, 25) ? rulesFor(dice, schema) : {}),
    ...(happens(dice, 25) ? presetFor(dice, schema) : {}),
  }
}

/** In defaults upstream goes by formats that it does not know, too. */
const presetFor = (dice: Dice, schema: Schema) => ({
  default:
    valueFor(dice, schema, happens(dice, 10) && schema.format !== 'made-up' ? 30 : 0) ?? null,
})

/** Some of these. */
function someOf(dice: Dice, percent: number, parts: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(Object.entries(parts).filter(() => happens(dice, percent)))
}

function text(dice: Dice): Schema {
  if (happens(dice, 20)) return { type: 'string', enum: ['a', 'ab', dice.pick(TEXTS.slice(3))] }
  if (happens(dice, 25)) return { type: 'string', format: dice.pick(Object.keys(FORMATS)) }
  return {
    type: 'string',
    ...someOf(dice, 20, {
      minLength: dice.below(3),
      maxLength: 3 + dice.below(8),
      pattern: dice.pick(['^a', '^[a-z]*$', 'b', '^.{0,3}$']),
      ...composed(dice, [{ pattern: '^a' }, { maxLength: 2 }, { enum: ['a', 'bad'] }]),
    }),
  }
}

const composed = (dice: Dice, parts: readonly object[]) => ({
  anyOf: [dice.pick(parts), dice.pick(parts)],
  oneOf: [dice.pick(parts), dice.pick(parts)],
  allOf: [dice.pick(parts)],
  not: dice.pick(parts),
})

const bounds = (dice: Dice) =>
  someOf(dice, 20, {
    minimum: dice.pick([-1, 0, 1, 2]),
    maximum: dice.pick([3, 5, 10]),
    exclusiveMinimum: true,
    exclusiveMaximum: true,
    multipleOf: dice.pick([2, 5]),
    ...composed(dice, [{ minimum: 1 }, { maximum: 4 }, { enum: [0, 1, 2] }]),
  })

const whole = (dice: Dice): Schema => ({
  type: 'integer',
  ...(happens(dice, 20) ? { format: dice.pick(['int32', 'int64']) } : {}),
  ...bounds(dice),
})

const real = (dice: Dice): Schema => ({
  type: 'number',
  ...(happens(dice, 20) ? { format: dice.pick(['float', 'double']) } : {}),
  ...bounds(dice),
})

const flag = (_: Dice): Schema => ({ type: 'boolean' })

const either = (dice: Dice): Schema => ({
  'x-kubernetes-int-or-string': true,
  ...(happens(dice, 50) ? { anyOf: [{ type: 'integer' }, { type: 'string' }] } : {}),
  ...(happens(dice, 20) ? { pattern: '^1' } : {}),
})

const open = (dice: Dice, depth: number): Schema =>
  happens(dice, 50)
    ? { 'x-kubernetes-preserve-unknown-fields': true }
    : { ...objectSchema(dice, depth), 'x-kubernetes-preserve-unknown-fields': true }

function objectSchema(dice: Dice, depth: number): Schema {
  const names = NAMES.slice(0, 1 + dice.below(NAMES.length))
  return {
    type: 'object',
    properties: Object.fromEntries(names.map(name => [name, schemaBy(dice, depth)])),
    ...someOf(dice, 12, {
      required: [dice.pick(names)],
      minProperties: 1,
      maxProperties: 2 + dice.below(2),
      'x-kubernetes-map-type': dice.pick(['atomic', 'granular']),
      ...composed(
        dice,
        names.map(name => ({ required: [name] })),
      ),
    }),
  }
}

/** One of two fields, each judged on its own once more. */
function choice(dice: Dice): Schema {
  return {
    type: 'object',
    properties: { a: { type: 'string' }, b: { type: 'integer' } },
    [dice.pick(['oneOf', 'anyOf'])]: [
      { required: ['a'], properties: { a: { minLength: 2 } } },
      { required: ['b'], ...(happens(dice, 50) ? { properties: { b: { minimum: 1 } } } : {}) },
    ],
  }
}

const mapSchema = (dice: Dice, depth: number): Schema => ({
  type: 'object',
  additionalProperties: schemaBy(dice, depth),
  ...someOf(dice, 15, {
    minProperties: 1,
    maxProperties: 2,
    'x-kubernetes-map-type': dice.pick(['atomic', 'granular']),
  }),
})

function list(dice: Dice, depth: number): Schema {
  const sizes = someOf(dice, 15, { minItems: 1, maxItems: 2 + dice.below(2) })
  const kind = dice.below(4)
  if (kind === 0)
    return { type: 'array', items: text(dice), 'x-kubernetes-list-type': 'set', ...sizes }
  if (kind > 1) return { type: 'array', items: schemaBy(dice, depth), ...sizes }
  const keys = happens(dice, 30) ? ['k', 'l'] : ['k']
  const { properties, ...item } = objectSchema(dice, depth)
  const preset = happens(dice, 50) ? { default: 'x' } : {}
  return {
    type: 'array',
    items: {
      ...item,
      properties: {
        k: { type: 'string' },
        ...(keys.length > 1 ? { l: { type: 'string', ...preset } } : {}),
        ...properties,
      },
      required: keys.length > 1 && !preset.default ? ['k', 'l'] : ['k'],
    },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    ...sizes,
  }
}

const WAS = { optionalOldSelf: true }
const OF_TEXTS: readonly object[] = [
  { rule: "self != 'bad'" },
  { rule: 'self == oldSelf', message: 'never another' },
  { rule: 'self.size() < 4', messageExpression: "'too long: ' + self" },
  { rule: "!oldSelf.hasValue() || oldSelf.value() <= self || self == 'a'", ...WAS },
  { rule: "self.startsWith('a')", reason: 'FieldValueForbidden' },
]
const OF_NUMBERS: readonly object[] = [
  { rule: 'self >= oldSelf', message: 'never smaller' },
  { rule: 'self < 50 || self == 100' },
  { rule: 'oldSelf.orValue(self) == self', reason: 'FieldValueInvalid', ...WAS },
  { rule: '10 / self > 0', message: 'divides' },
]
const OF_LISTS: readonly object[] = [
  { rule: 'self.size() >= oldSelf.size()' },
  { rule: 'self.all(x, self.exists_one(y, y == x))' },
  { rule: 'self.size() < 3', messageExpression: 'string(self.size()) + " items"' },
]

/** Rules as they may stand at a place of this type. */
function rulesFor(dice: Dice, schema: Schema): object {
  const { type, properties, additionalProperties, format = '' } = schema
  // Of other types in rules.
  if (['byte', 'date', 'date-time', 'duration'].includes(format)) return {}
  const name = properties ? dice.pick(Object.keys(properties)) : 'a'
  const ofObjects = [
    { rule: `!has(oldSelf.${name}) || has(self.${name})`, fieldPath: `.${name}` },
    { rule: `has(self.${name}) && self.${name} == self.${name}`, reason: 'FieldValueRequired' },
    { rule: 'self == oldSelf', message: 'all of it stays' },
    { rule: `!has(self.${name})`, fieldPath: `.${name}`, message: 'may not be' },
  ].slice(0, properties ? 4 : 0)
  const ofMaps = [
    { rule: 'self.size() < 3' },
    { rule: "self.all(k, k != 'd')" },
    { rule: 'oldSelf.all(k, k in self)' },
  ]
  const rules: Readonly<Record<string, readonly object[]>> = {
    string: OF_TEXTS,
    integer: OF_NUMBERS,
    number: OF_NUMBERS.slice(0, 1),
    boolean: [{ rule: 'self || !oldSelf' }],
    array: OF_LISTS,
    object: additionalProperties ? ofMaps : ofObjects,
  }
  const fitting = rules[type ?? ''] ?? []
  if (fitting.length === 0) return {}
  const count = happens(dice, 20) ? 2 : 1
  return { 'x-kubernetes-validations': Array.from({ length: count }, () => dice.pick(fitting)) }
}

/** `odd` of a hundred values are of another make than the schema says. */
export function valueFor(dice: Dice, schema: Schema, odd: number): unknown {
  if (happens(dice, odd)) return dice.pick(ODD)
  if (schema.nullable && happens(dice, 15)) return null
  if (schema.enum) return dice.pick(schema.enum)
  switch (schema.type) {
    case 'string':
      return dice.pick(FORMATS[schema.format ?? ''] ?? TEXTS)
    case 'integer':
      return dice.pick(WHOLES)
    case 'number':
      return dice.pick(REALS)
    case 'boolean':
      return happens(dice, 50)
    case 'array':
      return Array.from({ length: dice.below(4) }, () =>
        valueFor(dice, schema.items as Schema, odd),
      )
    case 'object':
      return objectFor(dice, schema, odd)
    default:
      return dice.pick(['a', 1, '1', '10%', ...(odd > 0 ? ODD : [])])
  }
}

function objectFor(dice: Dice, schema: Schema, odd: number): object {
  const { properties = {}, additionalProperties, required = [] } = schema
  const names = additionalProperties ? NAMES : Object.keys(properties)
  const percent = additionalProperties ? 40 : 60
  const kept = names.filter(name => happens(dice, required.includes(name) ? 97 : percent))
  const unknown = happens(dice, odd) ? { unknown: dice.pick(ODD) } : {}
  return {
    ...Object.fromEntries(
      kept.map(name => [
        name,
        valueFor(dice, properties[name] ?? (additionalProperties as Schema), odd),
      ]),
    ),
    ...unknown,
  }
}

/** The schema with one of its parts made anew, as a later release has it. */
export function changed(dice: Dice, schema: Schema): Schema {
  const names = Object.keys(schema.properties ?? {})
  const name = dice.pick(names)
  const part = schema.properties?.[name]
  if (part?.properties && happens(dice, 60))
    return { ...schema, properties: { ...schema.properties, [name]: changed(dice, part) } }
  if (part && happens(dice, 70))
    return { ...schema, properties: { ...schema.properties, [name]: tightened(dice, part) } }
  return { ...schema, properties: { ...schema.properties, [name]: schemaBy(dice, 2) } }
}

/** Of the same type, with what it did not ask for before. */
function tightened(dice: Dice, part: Schema): Schema {
  const { type, items } = part
  if (items && happens(dice, 60)) return { ...part, items: tightened(dice, items) }
  if (part.additionalProperties && happens(dice, 60))
    return { ...part, additionalProperties: tightened(dice, part.additionalProperties) }
  if (happens(dice, 30)) return { ...part, ...rulesFor(dice, part) }
  if (happens(dice, 20)) return { ...part, ...presetFor(dice, part) }
  if (type === 'string')
    return { ...part, ...dice.pick([{ maxLength: 1 }, { pattern: '^b' }, { enum: ['bad', 'b'] }]) }
  if (type === 'integer' || type === 'number')
    return { ...part, ...dice.pick([{ minimum: 3 }, { maximum: 0 }, { multipleOf: 7 }]) }
  if (type === 'array') return { ...part, ...dice.pick([{ maxItems: 1 }, { minItems: 2 }]) }
  const needed = Object.keys(part.properties ?? {}).slice(0, 1)
  if (type === 'object')
    return {
      ...part,
      ...dice.pick([{ maxProperties: 1 }, { minProperties: 2 }, { required: needed }]),
    }
  return part
}
