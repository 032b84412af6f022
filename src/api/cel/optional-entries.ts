/**
 * `[?maybe, x]` and `{?key: maybe}`: entries that are left out where their value is not there. The engine has no such syntax. The mark is
 * replaced by a sign of the same length that the engine reads as an operator, which is then taken out of the tree again.
 */
import type { Add, Target } from './library.ts'
import type { Node } from './two-variables.ts'

/** Texts, comments and blanks, names, or a single sign. */
const TOKEN =
  /[bB]?[rR]?(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)|\/\/[^\n]*|\s+|[A-Za-z_]\w*|[\s\S]/g
const BLANK = /^(?:\s|\/\/)/
/** What may stand before the bracket of an index. */
const INDEXED = /[\w)\]}"'`]$/

export interface Masked {
  readonly text: string
  /** Where the marks stand. */
  readonly marks: ReadonlySet<number>
}

/** As long as it was, with the marks of entries as operators. */
export function maskOptionalEntries(text: string): Masked {
  const marks = new Set<number>()
  if (!/[[,{]\s*\?/.test(text)) return { text, marks }
  const open: boolean[] = []
  let before = ''
  let isWanted = false
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (BLANK.test(token)) continue
    if (token === '?' && isWanted) marks.add(index)
    if (token === '[' || token === '{' || token === '(')
      open.push(token === '{' || (token === '[' && !INDEXED.test(before)))
    const isOpening = '[{,'.includes(token)
    isWanted = isOpening && open.at(-1) === true
    if (')]}'.includes(token)) open.pop()
    before = token
  }
  const letters = text.split('')
  for (const at of marks) letters[at] = '!'
  return { text: letters.join(''), marks }
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
  const entries = entriesOf(node)
  const marked = entries.filter(([key]) => unmark(key, marks))
  if (marked.length === 0) return
  for (const [, value] of marked) replace(value, call(MAYBE, { ...value }, parse))
  replace(node, call(PRESENT, { ...node }, parse))
}

/** What carries the mark, and the value that may be there; the same in lists. */
function entriesOf({ op, args }: Node): (readonly [Node, Node])[] {
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
    Object.fromEntries(
      Object.entries(map)
        .filter(([, value]) => isThere(value))
        .map(([key, value]) => [key, contentOf(value)]),
    ),
  )
}
