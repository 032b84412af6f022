/** What Go calls the types of a schema. */
import { SCALARS } from '../scalars.ts'
import type { AnySchema, InlinedFields, ObjectShape } from '../schema.ts'
import { namedTypeOf } from './named-types.ts'

export const lastPart = (name: string) => name.slice(name.lastIndexOf('.') + 1)

/** The last parts of a name: of `io.k8s.api.core.v1.PodSpec` two are `v1.PodSpec`. */
const lastParts = (name: string, count: number) => name.split('.').slice(-count).join('.')

export const goName = ({ name }: ObjectShape) => lastParts(name, 2)

export function goType(schema: AnySchema): string {
  switch (schema.type) {
    case 'list':
      return `[]${goType(schema.items)}`
    case 'map':
      return `map[string]${goType(schema.values)}`
    case 'struct':
    case 'alternative':
      return goName(schema.shape)
    case 'any':
      return schema.anyType ? lastParts(schema.anyType.name, 2) : SCALARS.any.goType
    default:
      return SCALARS[schema.type].goType
  }
}

export const goTypeOfField = ({ name }: ObjectShape, field: string, schema: AnySchema): string =>
  namedTypeOf(`${lastParts(name, 3)}.${field}`) ?? goType(schema)

/** Of the items of a list or the values of a map of this type: what stands after the brackets, where there are any. */
export function goTypeOfParts(type: string, parts: AnySchema): string {
  const end = type.startsWith('[]') || type.startsWith('map[') ? type.indexOf(']') : -1
  return end < 0 ? goType(parts) : type.slice(end + 1)
}

/** The structs within the outer one in which Go has the field, from without. */
export function embeddedIn(inlined: readonly InlinedFields[] = [], field: string): string[] {
  const part = inlined.find(({ fields }) => fields.includes(field))
  return part ? [lastPart(part.shapeName), ...embeddedIn(part.inlined, field)] : []
}
