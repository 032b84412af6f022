/** Shapes of objects as types of the expression language, so that a checker knows which fields there are. */
import { type AnySchema, isUndescribed, type ObjectShape } from '../machinery/schema.ts'
import type { Fields } from './checker/environment.ts'
import {
  BOOL,
  BYTES,
  DOUBLE,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  struct,
  TIMESTAMP,
  type Type,
} from './checker/types.ts'

const SCALARS = {
  string: STRING,
  boolean: BOOL,
  int32: INT,
  int64: INT,
  double: DOUBLE,
  bytes: BYTES,
  quantity: STRING,
  intOrString: DYN,
  time: TIMESTAMP,
  microTime: TIMESTAMP,
  duration: STRING,
  any: DYN,
} as const

/** Names that are words of the language may be written either way. */
const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** Structs are named after the ways to them, and made when they are asked for: a shape within itself has no end. */
export class ShapeTypes {
  readonly structs = new Map<string, Fields>()

  /** Anything for what has fields that nobody describes. */
  of(shape: ObjectShape, name = rootName(shape)): Type {
    if (shape.unknown) return DYN
    if (!this.structs.has(name)) this.structs.set(name, field => this.#fieldOf(shape, name, field))
    return struct(name)
  }

  #fieldOf(shape: ObjectShape, name: string, field: string): Type | undefined {
    const [, inner = ''] = /^__(.*)__$/.exec(field) ?? []
    const own = RESERVED.has(inner) ? inner : field
    if (!Object.hasOwn(shape.fields, own)) return undefined
    const described = shape.fields[own]
    return described && this.#typeOf(described.schema, `${name}.${own}`)
  }

  #typeOf(schema: AnySchema, name: string): Type {
    if (isUndescribed(schema)) return DYN
    switch (schema.type) {
      case 'list':
        return listOf(this.#typeOf(schema.items, `${name}.@idx`))
      case 'map':
        return mapOf(STRING, this.#typeOf(schema.values, `${name}.@elem`))
      case 'struct':
        return this.of(schema.shape, name)
      case 'alternative':
        return DYN
      default:
        return SCALARS[schema.type]
    }
  }
}

/** Upstream has a number behind that is another each time. */
const rootName = ({ name = '' }: ObjectShape) => `${name.slice(name.lastIndexOf('.') + 1)}1`
