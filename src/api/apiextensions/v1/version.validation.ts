/** What one version says besides its schema: subresources, columns, selectable fields and its deprecation. */
import {
  duplicate,
  type FieldError,
  invalid,
  required,
  tooMany,
} from '../../machinery/field-error.ts'
import { propertyOf, valuesOf } from '../custom/walk.ts'
import type { CustomResourceVersion } from './custom-resource-definition.schema.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string']
const COLUMN_FORMATS = [
  'byte',
  'date',
  'date-time',
  'double',
  'float',
  'int32',
  'int64',
  'password',
]
const MAXIMUM_SELECTABLE_FIELDS = 8
const MAXIMUM_WARNING_LENGTH = 256

export function wrongDeprecation(
  { deprecated, deprecationWarning: text }: CustomResourceVersion,
  path: string,
): FieldError[] {
  if (text === undefined) return []
  const field = `${path}.deprecationWarning`
  if (!deprecated) return [invalid(field, text, 'can only be set for deprecated versions')]
  const errors: FieldError[] = []
  if (new TextEncoder().encode(text).length > MAXIMUM_WARNING_LENGTH)
    errors.push(invalid(field, text, `must be <= ${MAXIMUM_WARNING_LENGTH} characters long`))
  if (text === '') errors.push(invalid(field, text, 'must not be an empty string'))
  const at = [...text].findIndex(letter => letter !== ' ' && /[\p{C}\p{Z}]/u.test(letter))
  if (at >= 0)
    errors.push(
      invalid(
        field,
        text,
        `must only contain printable UTF-8 characters; non-printable character found at index ${at}`,
      ),
    )
  return errors
}

export function wrongSubresources(
  subresources: CustomResourceVersion['subresources'],
  path: string,
): FieldError[] {
  const scale = subresources?.scale
  if (!scale) return []
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale
  return [
    ...wrongScalePath(specReplicasPath, `${path}.scale.specReplicasPath`, ['.spec']),
    ...wrongScalePath(statusReplicasPath, `${path}.scale.statusReplicasPath`, ['.status']),
    ...(labelSelectorPath
      ? wrongScalePath(labelSelectorPath, `${path}.scale.labelSelectorPath`, ['.spec', '.status'])
      : []),
  ]
}

function wrongScalePath(text: string, field: string, roots: readonly string[]): FieldError[] {
  if (text === '') return [required(field)]
  const errors = wrongPath(text, field)
  if (errors.length > 0 || roots.some(root => text.startsWith(`${root}.`))) return errors
  const where = roots.length > 1 ? `either ${roots.join(' or ')}` : roots[0]
  return [invalid(field, text, `should be a json path under ${where}`)]
}

function wrongPath(text: string, field: string): FieldError[] {
  return text.startsWith('.')
    ? []
    : [invalid(field, text, 'must be a simple json path starting with .')]
}

export function wrongColumns(
  columns: CustomResourceVersion['additionalPrinterColumns'],
  path: string,
): FieldError[] {
  return (columns ?? []).flatMap(({ name, type, format, jsonPath }, at) => {
    const place = `${path}[${at}]`
    const errors = name ? [] : [required(`${place}.name`)]
    const types = `must be one of ${COLUMN_TYPES.join(',')}`
    if (!type) errors.push(required(`${place}.type`, types))
    else if (!COLUMN_TYPES.includes(type)) errors.push(invalid(`${place}.type`, type, types))
    if (format && !COLUMN_FORMATS.includes(format))
      errors.push(invalid(`${place}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`))
    if (!jsonPath) errors.push(required(`${place}.JSONPath`))
    else errors.push(...wrongPath(jsonPath, `${place}.JSONPath`))
    return errors
  })
}

interface Selected {
  readonly schema: JsonSchemaProps | undefined
  readonly path: string
  /** What is said where there is no schema. */
  readonly without: string
}

export function wrongSelectableFields(
  fields: CustomResourceVersion['selectableFields'],
  { schema, path, without }: Selected,
): FieldError[] {
  if (!fields || fields.length === 0) return []
  if (!schema) return [invalid(path, '', without)]
  const seen = new Set<string>()
  const errors = fields.flatMap(({ jsonPath }, at): FieldError[] => {
    const field = `${path}[${at}].jsonPath`
    if (!jsonPath) return [required(field)]
    const found = followPath(schema, jsonPath)
    if ('wrong' in found) return [invalid(field, jsonPath, `is an invalid path: ${found.wrong}`)]
    const wrong: FieldError[] = []
    if (found.names[0] === 'metadata')
      wrong.push(invalid(field, jsonPath, 'must not point to fields in metadata'))
    if (!['string', 'boolean', 'integer'].includes(found.schema.type ?? ''))
      wrong.push(
        invalid(
          field,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      )
    const name = found.names.join('.')
    if (seen.has(name)) wrong.push(duplicate(field, jsonPath))
    seen.add(name)
    return wrong
  })
  if (seen.size > MAXIMUM_SELECTABLE_FIELDS)
    errors.push(tooMany(path, seen.size, MAXIMUM_SELECTABLE_FIELDS))
  return errors
}

type Followed =
  | { readonly names: readonly string[]; readonly schema: JsonSchemaProps }
  | { readonly wrong: string }

/** The schema at a path of names, such as `.spec.colour`. */
export function followPath(schema: JsonSchemaProps, path: string): Followed {
  if (path.includes('[')) return { wrong: 'array notation is not allowed' }
  const [first = '', ...names] = path.split('.')
  if (first !== '') return { wrong: `expected [ or . but got: ${first}` }
  let at = schema
  for (const name of names) {
    if (name === '') return { wrong: 'unexpected end of JSON path' }
    const inner = at.properties ? propertyOf(at, name) : valuesOf(at)
    if (!inner) return { wrong: 'does not refer to a valid field' }
    at = inner
  }
  return { names, schema: at }
}
