/** What an expression refers to though nobody declared it, where more is known of that than the engine is told. */
import type { VariableTypes } from './certain-types.ts'
import { parseExpression } from './engine.ts'
import { shownAt } from './shown-at.ts'
import type { Node } from './two-variables.ts'
import { undeclaredIn } from './undeclared.ts'

/** What an expression sees besides functions and types. */
export interface Seen {
  readonly names: ReadonlySet<string>
  /** The fields of `variables` and their types, where that is declared. */
  readonly variables?: VariableTypes
}

const TYPES: ReadonlySet<string> = new Set(
  'bool bytes double duration dyn int list map null_type optional string timestamp type uint'.split(
    ' ',
  ),
)

/** Undefined where all is declared, and for what cannot be parsed, of which others tell. */
export function strayReferences(text: string, { names, variables }: Seen): string | undefined {
  let tree: Node
  try {
    tree = parseExpression(text)
  } catch {
    return undefined
  }
  const hasVariable = (name: string) => names.has(name) || TYPES.has(name)
  const undeclared = undeclaredIn(tree, text, { hasVariable, hasFunction: () => true })
  if (undeclared !== undefined || !variables) return undeclared
  const stray = fieldsOfVariables(tree).filter(({ field }) => !variables.has(field))
  if (stray.length === 0) return undefined
  return stray.map(({ field, at }) => shownAt(text, at, `undefined field '${field}'`)).join('\n')
}

/** Each `variables.field`, in the order of their places, which are those of the dots. */
function fieldsOfVariables(part: unknown): { field: string; at: number }[] {
  if (Array.isArray(part)) return part.flatMap(fieldsOfVariables)
  if (!isPart(part)) return []
  const [subject, field] = part.op === '.' ? (part.args as [Node, string]) : []
  if (subject?.op !== 'id' || subject.args !== 'variables') return fieldsOfVariables(part.args)
  return [{ field: String(field), at: part.pos - 1 }]
}

const isPart = (part: unknown): part is Node & { readonly pos: number } =>
  typeof part === 'object' && part !== null && 'op' in part
