/**
 * Names in an expression that nobody declared. Go's checker tells each of them, in the order of their places, also what is below a call
 * that it does not know; this engine stops at the first.
 */
import { shownAt } from './shown-at.ts'
import { LOOPS, type Node } from './two-variables.ts'

export interface Declared {
  hasVariable(name: string): boolean
  hasFunction(name: string): boolean
}

interface Placed extends Node {
  readonly start: number
  readonly end: number
}

/** Loops that the engine knows itself, by name and number of arguments. */
const OWN_LOOPS = ['all/2', 'exists/2', 'exists_one/2', 'map/2', 'map/3', 'filter/2']
/** How many of a loop's arguments name what goes round. */
const NAMED: Readonly<Record<string, number>> = Object.fromEntries([
  ...OWN_LOOPS.map(key => [key, 1]),
  ...LOOPS.map(key => [key, key.endsWith('/2') ? 1 : 2]),
])

export const undeclared = (name: string) => `undeclared reference to '${name}' (in container '')`

/** `cel.bind(name, value, …)`, which the engine knows and rules and policies do not. */
export function usesBind(part: unknown): boolean {
  if (Array.isArray(part)) return part.some(usesBind)
  if (!isNode(part)) return false
  const [name, receiver] = Array.isArray(part.args) ? part.args : []
  const isOfCel = isNode(receiver) && receiver.op === 'id' && receiver.args === 'cel'
  return (part.op === 'rcall' && name === 'bind' && isOfCel) || usesBind(part.args)
}

const isNode = (part: unknown): part is Placed =>
  typeof part === 'object' && part !== null && 'op' in part

/** All of them as Go's compiler shows errors; undefined where there are none. */
export function undeclaredIn(tree: unknown, text: string, declared: Declared): string | undefined {
  const found: { at: number; name: string }[] = []
  const walk = (part: unknown, local: ReadonlySet<string>): void => {
    if (Array.isArray(part)) for (const each of part) walk(each, local)
    if (!isNode(part)) return
    const { op, args, start } = part
    if (op === 'id') {
      const name = String(args)
      if (!local.has(name) && !declared.hasVariable(name)) found.push({ at: start, name })
    } else if (op === 'call') call(part, args as [string, Placed[]], local)
    else if (op === 'rcall') called(args as [string, Placed, Placed[]], local)
    else walk(args, local)
  }
  const call = (
    { start }: Placed,
    [name, args]: readonly [string, Placed[]],
    local: ReadonlySet<string>,
  ) => {
    if (!declared.hasFunction(name)) found.push({ at: opening(text, name, start), name })
    walk(args, local)
  }
  const called = (
    [name, receiver, args]: readonly [string, Placed, Placed[]],
    local: ReadonlySet<string>,
  ) => {
    walk(receiver, local)
    const count = NAMED[`${name}/${args.length}`]
    if (count !== undefined) {
      const names = args.slice(0, count).map(each => String(each.args))
      return walk(args.slice(count), new Set([...local, ...names]))
    }
    if (!declared.hasFunction(name)) found.push({ at: opening(text, name, receiver.end), name })
    walk(args, local)
  }
  walk(tree, new Set())
  if (found.length === 0) return undefined
  found.sort((a, b) => a.at - b.at)
  return found.map(({ at, name }) => shownAt(text, at, undeclared(name))).join('\n')
}

/** Where Go's parser says that a call is. */
const opening = (text: string, name: string, from: number) =>
  text.indexOf('(', text.indexOf(name, from))
