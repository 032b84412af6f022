/** Shapes of objects as types of the expression language, so that a checker knows which fields there are. */
import { type AnySchema, isUndescribed, type ObjectShape } from '../machinery/schema.ts'

interface Registering {
  registerType(name: string, type: object): unknown
  registerOperator(signature: string, handler: () => boolean): unknown
}

const TIME = 'google.protobuf.Timestamp'

const SCALARS = {
  string: 'string',
  boolean: 'bool',
  int32: 'int',
  int64: 'int',
  double: 'double',
  bytes: 'bytes',
  quantity: 'string',
  intOrString: 'dyn',
  time: TIME,
  microTime: TIME,
  duration: 'string',
  any: 'dyn',
} as const

/** Registers the types of shapes in one environment, each once. */
export class ShapeTypes {
  readonly #target: Registering
  readonly #names = new Map<ObjectShape, string>()
  readonly #shapes = new Map<string, ObjectShape>()

  constructor(target: Registering) {
    this.#target = target
  }

  /** The name of the shape's type; `dyn` for what has fields that nobody describes. */
  of(shape: ObjectShape): string {
    const known = this.#names.get(shape)
    if (known !== undefined) return known
    if (shape.unknown) return 'dyn'
    const name = `shape.T${this.#names.size}`
    // A shape within itself has no end; there, nothing is known.
    this.#names.set(shape, 'dyn')
    const fields: Record<string, string> = {}
    for (const [field, { schema }] of Object.entries(shape.fields)) {
      const type = this.#typeOf(schema)
      fields[field] = type
      // Names that are words of the language may be written either way.
      if (RESERVED.has(field)) fields[`__${field}__`] = type
    }
    this.#target.registerType(name, { fields })
    this.#target.registerOperator(`${name} == null`, () => false)
    this.#names.set(shape, name)
    this.#shapes.set(name, shape)
    return name
  }

  /** The text with the names by which the shapes are published, in the notation of Go's implementation. */
  shown(text: string): string {
    return inGoNotation(text.replace(/shape\.T\d+/g, name => this.#shapes.get(name)?.name ?? name))
  }

  #typeOf(schema: AnySchema): string {
    if (isUndescribed(schema)) return 'dyn'
    switch (schema.type) {
      case 'list':
        return `list<${this.#typeOf(schema.items)}>`
      case 'map':
        return `map<string, ${this.#typeOf(schema.values)}>`
      case 'struct':
        return this.of(schema.shape)
      case 'alternative':
        return 'dyn'
      default:
        return SCALARS[schema.type]
    }
  }
}

/** The text with types as Go's implementation writes them. */
export function inGoNotation(text: string): string {
  const named = text
    .replaceAll('google.protobuf.Timestamp', 'timestamp')
    .replaceAll('google.protobuf.Duration', 'duration')
  return withParentheses(named)
}

/** `list<map<string, int>>` is `list(map(string, int))` there. */
function withParentheses(text: string): string {
  const next = text.replace(/\b(list|map|optional|dyn)<([^<>]*)>/g, '$1($2)')
  return next === text ? text : withParentheses(next)
}

const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)
