/**
 * Loops with two variables, such as `list.all(i, item, …)` and `map.transformMap(key, value, …)`, which the engine does not know:
 * they are rewritten to loops over pairs, whose halves are bound to the variables.
 */
import type { Add } from './library.ts'
import { doubleKeyIn, entriesOf, mapOf } from './values.ts'

/** What the engine's own tree looks like before macros are expanded. */
export interface Node {
  op: string
  args: unknown
}

const bound = (body: string) =>
  `cel.bind(first__, pair__[0], cel.bind(second__, pair__[1], ${body}))`
/** What is asked is written once: in a chain it would double with each link. */
const boundOptional = (made: string) =>
  `cel.bind(optional__, receiver__, optional__.hasValue() ? ${made} : optional.none())`
const PAIRS = 'pairs__(receiver__)'

/** By name and number of arguments; the names with two underscores stand for what the expression says. */
const TEMPLATES: Readonly<Record<string, string>> = {
  'all/3': `${PAIRS}.all(pair__, ${bound('body__')})`,
  'exists/3': `${PAIRS}.exists(pair__, ${bound('body__')})`,
  'existsOne/3': `${PAIRS}.exists_one(pair__, ${bound('body__')})`,
  'exists_one/3': `${PAIRS}.exists_one(pair__, ${bound('body__')})`,
  'transformList/3': `${PAIRS}.map(pair__, ${bound('body__')})`,
  'transformList/4': `${PAIRS}.filter(pair__, ${bound('filter__')}).map(pair__, ${bound('body__')})`,
  'transformMap/3': `mapOf__(${PAIRS}.map(pair__, [pair__[0], ${bound('body__')}]))`,
  'transformMap/4': `mapOf__(${PAIRS}.filter(pair__, ${bound('filter__')}).map(pair__, [pair__[0], ${bound('body__')}]))`,
  'transformMapEntry/3': `merged__(${PAIRS}.map(pair__, ${bound('body__')}))`,
  'transformMapEntry/4': `merged__(${PAIRS}.filter(pair__, ${bound('filter__')}).map(pair__, ${bound('body__')}))`,
  'optMap/2': boundOptional('optional.of(cel.bind(first__, optional__.value(), body__))'),
  'optFlatMap/2': boundOptional('cel.bind(first__, optional__.value(), body__)'),
  'sortBy/2': 'receiver__.map(first__, [body__, first__]).sortedPairs__()',
}

const loopKey = ([name, , args]: readonly unknown[]) => `${name}/${(args as Node[]).length}`

/** Turns the node into a loop that the engine knows, where it is one of these; `parse` gives the tree of a text. */
export function expandLoops(node: Node, parse: (text: string) => Node): void {
  if (node.op !== 'rcall' || !Array.isArray(node.args)) return
  const [, receiver, args] = node.args as [string, Node, Node[]]
  const key = loopKey(node.args)
  const template = Object.hasOwn(TEMPLATES, key) ? TEMPLATES[key] : undefined
  if (template === undefined) return
  const [first, second] = args
  const isForOne = args.length === 2
  const filter = args.length === 4 ? args[2] : undefined
  const parts: Record<string, Node | undefined> = {
    receiver__: receiver,
    first__: first,
    second__: isForOne ? undefined : second,
    filter__: filter,
    body__: args.at(-1),
  }
  const tree = parse(template)
  fillIn(tree, parts)
  node.op = tree.op
  node.args = tree.args
}

function fillIn(part: unknown, parts: Readonly<Record<string, Node | undefined>>): void {
  if (Array.isArray(part)) for (const each of part) fillIn(each, parts)
  if (typeof part !== 'object' || part === null || !('op' in part)) return
  const node = part as Node
  const given = node.op === 'id' ? parts[node.args as string] : undefined
  if (given) {
    node.op = given.op
    node.args = given.args
  } else fillIn(node.args, parts)
}

type Pair = readonly [unknown, unknown]

export function addTwoVariables(add: Add): void {
  add('pairs__(dyn): list', (value: unknown[] | object): Pair[] =>
    Array.isArray(value) ? value.map((item, at) => [BigInt(at), item]) : entriesOf(value),
  )
  add('mapOf__(list): map', (pairs: Pair[]) => mapOf(pairs))
  add('merged__(list): map', (maps: object[]) => {
    const entries = maps.flatMap(entriesOf)
    const double = doubleKeyIn(entries)
    if (double !== undefined) throw new Error(`insert failed: key ${double} already exists`)
    return mapOf(entries)
  })
}
