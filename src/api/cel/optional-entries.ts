/**
 * `[?maybe, x]` and `{?key: maybe}`: entries that are left out where their value is not there. The engine has no such syntax. The mark is
 * replaced by a sign of the same length that the engine reads as an operator, which is then taken out of the tree again.
 */
import type { Add, Target } from './library.ts'
import type { Node } from './two-variables.ts'
import { entriesOf, mapOf } from './values.ts'

/** Texts, comments and blanks, numbers, names, or a single sign. */
const TOKEN =
  /[bB]?[rR]?(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)|\/\/[^\n]*|\s+|\.\d+(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|[\s\S]/g
const BLANK = /^(?:\s|\/\/)/
/** What may stand before the bracket of an index. */
const INDEXED = /[\w)\]}"'`]$/

export interface Masked {
  readonly text: string
  /** Where the marks stand. */
  readonly marks: ReadonlySet<number>
  /** What constants are that the engine cannot read, by their places. */
  readonly constants: ReadonlyMap<number, unknown>
}

/** What the engine does not read as it is: marks, fractions and names that begin with a dot, bytes without escapes, commas of nothing. */
const UNREADABLE = /[[,{]\s*\?|\.\s*[\d_A-Za-z]|[bB][rR]?["']|\f|[[{]\s*,/

/** As long as it was, with the marks of entries as operators, and other constants in the place of what the engine cannot read. */
export function maskOptionalEntries(text: string): Masked {
  const marks = new Set<number>()
  const constants = new Map<number, unknown>()
  if (!UNREADABLE.test(text)) return { text, marks, constants }
  const letters = text.split('')
  const open: boolean[] = []
  let before = ''
  let isWanted = false
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (BLANK.test(token)) {
      for (let at = 0; at < token.length; at++) if (token[at] === '\f') letters[index + at] = ' '
      continue
    }
    if (token === ',' && isWanted && before !== ',') letters[index] = ' '
    if (token === '?' && isWanted) marks.add(index)
    maskConstant(token, index, before, { letters, constants })
    if (token === '[' || token === '{' || token === '(')
      open.push(token === '{' || (token === '[' && !INDEXED.test(before)))
    const isOpening = '[{,'.includes(token)
    isWanted = isOpening && open.at(-1) === true
    if (')]}'.includes(token)) open.pop()
    before = token
  }
  for (const at of marks) letters[at] = '!'
  return { text: letters.join(''), marks, constants }
}

interface Masking {
  readonly letters: string[]
  readonly constants: Map<number, unknown>
}

function maskConstant(
  token: string,
  at: number,
  before: string,
  { letters, constants }: Masking,
): void {
  const isOperand = before === 'in' || !/[\w)\]}"'`.]$/.test(before)
  if (token.startsWith('.') && isOperand) {
    const isFraction = token.length > 1
    if (isFraction) constants.set(at, Number(token))
    if (isFraction || /[A-Za-z_]/.test(letters[at + 1] ?? '')) letters[at] = isFraction ? '0' : ' '
  } else if (/^[bB][rR]["']/.test(token)) {
    letters[at] = ' '
    constants.set(at + 1, bytesIn(token.slice(2)))
  } else if (/^[bB]["'][^\\]*[^\0-\x7f][^\\]*$/.test(token))
    constants.set(at, bytesIn(token.slice(1)))
}

const encoder = new TextEncoder()
const bytesIn = (quoted: string) =>
  encoder.encode(/^("{3}|'{3}|["'])([\s\S]*)\1$/.exec(quoted)?.[2] ?? '')

/** Has the tree say what the text said in the place of such constants. */
export function restoreConstants(part: unknown, constants: Masked['constants']): void {
  if (constants.size === 0) return
  if (Array.isArray(part)) for (const each of part) restoreConstants(each, constants)
  if (typeof part !== 'object' || part === null || !('op' in part)) return
  const node = part as Placed
  if (node.op === 'value' && constants.has(node.start)) node.args = constants.get(node.start)
  else restoreConstants(node.args, constants)
}

interface Placed extends Node {
  readonly start: number
}

/** The names that no expression can mean. */
const MAYBE = 'maybe__'
const PRESENT = 'present__'

/** Takes the marks out of the tree and has the lists and maps around them keep what is there; `parse` gives the tree of a text. */
export function expandOptionalEntries(
  part: unknown,
  marks: ReadonlySet<number>,
  parse: (text: string) => Node,
): void {
  if (Array.isArray(part)) for (const each of part) expandOptionalEntries(each, marks, parse)
  if (typeof part !== 'object' || part === null || !('op' in part)) return
  const node = part as Node
  expandOptionalEntries(node.args, marks, parse)
  const entries = writtenEntries(node)
  const marked = entries.filter(([key]) => unmark(key, marks))
  if (marked.length === 0) return
  for (const [, value] of marked) replace(value, call(MAYBE, { ...value }, parse))
  replace(node, call(PRESENT, { ...node }, parse))
}

/** What carries the mark, and the value that may be there; the same in lists. */
function writtenEntries({ op, args }: Node): (readonly [Node, Node])[] {
  if (op === 'list') return (args as Node[]).map(item => [item, item])
  return op === 'map' ? (args as [Node, Node][]) : []
}

function call(name: string, argument: Node, parse: (text: string) => Node): Node {
  const made = parse(`${name}(1)`)
  const [, args] = made.args as [string, Node[]]
  args[0] = argument
  return made
}

function replace(node: Node, by: Node): void {
  node.op = by.op
  node.args = by.args
}

/** Whether the leftmost part was a marked one, which is then what it was without. */
function unmark(node: Node, marks: ReadonlySet<number>): boolean {
  if (node.op === '!_' && marks.has((node as Placed).start)) {
    replace(node, node.args as Node)
    return true
  }
  const { args } = node
  if (!Array.isArray(args) || node.op === 'call' || node.op === 'list' || node.op === 'map')
    return false
  const first = node.op === 'rcall' ? args[1] : args[0]
  return typeof first === 'object' && first !== null && unmark(first as Node, marks)
}

interface OptionalLike {
  hasValue(): boolean
  value(): unknown
}

class Maybe {
  readonly optional: OptionalLike
  constructor(optional: OptionalLike) {
    this.optional = optional
  }
}

const isThere = (value: unknown) => !(value instanceof Maybe) || value.optional.hasValue()
const contentOf = (value: unknown) => (value instanceof Maybe ? value.optional.value() : value)

export function addOptionalEntries(target: Target, add: Add): void {
  target.registerType('kubernetes.MaybeEntry', { ctor: Maybe, fields: {} })
  add(`${MAYBE}(dyn): dyn`, (value: OptionalLike) => new Maybe(value))
  add(`${PRESENT}(list): list<dyn>`, (list: unknown[]) => list.filter(isThere).map(contentOf))
  add(`${PRESENT}(map): map<dyn, dyn>`, (map: object) =>
    mapOf(
      entriesOf(map)
        .filter(([, value]) => isThere(value))
        .map(([key, value]) => [key, contentOf(value)]),
    ),
  )
}
