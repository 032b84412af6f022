/** The columns of a custom resource: the name, then what its definition says, or the age. */
import { ageOf, nameColumn } from '../../machinery/columns.ts'
import { stringifyJson } from '../../machinery/exact-json.ts'
import type { Column } from '../../machinery/kind.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import type { CustomResourceVersion } from '../v1/custom-resource-definition.schema.ts'
import { compileJsonPath } from './json-path.ts'

type Definition = NonNullable<CustomResourceVersion['additionalPrinterColumns']>[number]
type Cell = string | number | boolean | null

const AGE: Definition = {
  name: 'Age',
  type: 'date',
  description: 'When the server stored the object first.',
  jsonPath: '.metadata.creationTimestamp',
}

export function columnsOf({ additionalPrinterColumns = [] }: CustomResourceVersion) {
  const definitions = additionalPrinterColumns.length > 0 ? additionalPrinterColumns : [AGE]
  const columns: Column<KubernetesObject>[] = [nameColumn]
  for (const definition of definitions) {
    const column = columnOf(definition)
    if (column) columns.push(column)
    // Upstream shows nothing behind a column whose path nobody can read.
    else break
  }
  return columns
}

function columnOf(definition: Definition): Column<KubernetesObject> | undefined {
  const { name, type, format, priority, jsonPath } = definition
  const find = pathOf(jsonPath)
  if (!find) return undefined
  const description =
    definition.description || `Custom resource definition column (in JSONPath format): ${jsonPath}`
  return {
    name,
    type: type as Column['type'],
    description,
    ...(format ? { format } : {}),
    ...(priority ? { priority } : {}),
    cell: (object, now) => {
      const [value] = find(object)
      return value === undefined || value === null ? null : cellOf(type, value, now)
    },
  }
}

function pathOf(text: string): ((root: unknown) => unknown[]) | undefined {
  try {
    return compileJsonPath(text)
  } catch {
    return undefined
  }
}

/** Values of another type than the column's are not shown. */
function cellOf(type: string, value: unknown, now: number): Cell {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : stringifyJson(value)
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? dateCell(value, now) : null
    default:
      return null
  }
}

function dateCell(text: string, now: number): string {
  return Number.isNaN(Date.parse(text)) ? '<invalid>' : ageOf(text, now)
}
