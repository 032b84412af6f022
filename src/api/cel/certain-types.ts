/**
 * What comes of an expression of admission, where that is certain. Go knows no type of what is read from an object, and takes such for
 * no condition and no text; the engine knows none of much that has one, too, and that is seen when it is evaluated.
 */
import { parseExpression } from './engine.ts'
import type { Node } from './two-variables.ts'

/** Types of variables by their names; undefined for what is not certain. */
export type VariableTypes = ReadonlyMap<string, string | undefined>

/** These have no type; requests and namespaces have one, which the engine is not told. */
const UNTYPED = ['object', 'oldObject', 'params']
/** What may be there or not is no more certain than what it is a part of. */
const READS = ['.', '[]', '.?', '[?]']
const UNWRAPPING = ['orValue', 'value']

/** `known` is what the engine says. */
export function certainType(
  text: string,
  known: string,
  variables: VariableTypes = new Map(),
): string | undefined {
  if (known !== 'dyn') return known
  return typeOf(parseExpression(text), variables)
}

function typeOf({ op, args }: Node, variables: VariableTypes): string | undefined {
  if (op === 'id') return UNTYPED.includes(String(args)) ? 'dyn' : undefined
  if (!Array.isArray(args)) return undefined
  const dynIf = (part: Node | undefined) =>
    part && typeOf(part, variables) === 'dyn' ? 'dyn' : undefined
  if (READS.includes(op)) {
    const [subject, field] = args as [Node, string]
    const isVariable = op === '.' && subject.op === 'id' && subject.args === 'variables'
    return isVariable ? variables.get(field) : dynIf(subject)
  }
  // One branch without a type leaves the whole without one.
  if (op === '?:') return (args as Node[]).slice(1).map(dynIf).find(Boolean)
  if (op === 'call' && args[0] === 'dyn') return 'dyn'
  return op === 'rcall' && UNWRAPPING.includes(String(args[0])) ? dynIf(args[1]) : undefined
}

const SCALARS = 'bool|int|uint|double|string|bytes|null|google\\.protobuf\\.(Duration|Timestamp)'
const NAMED_ALIKE = new RegExp(`^((list<|map<string, )*(${SCALARS}|dyn)>*)$`)

/** What a variable is that holds what the expression gives. */
export function variableType(
  text: string,
  known: string,
  variables: VariableTypes,
): string | undefined {
  const type = certainType(text, known, variables)
  return type !== undefined && NAMED_ALIKE.test(type) ? type : undefined
}
