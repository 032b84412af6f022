/**
 * The JSON paths of columns, as kubectl knows them: `.spec.size`, `.metadata.labels.a\.b`, `['a.b']`, `[0]`, `[-1]`,
 * `[1:3]`, `[*]`, `..name` and `[?(@.type=="Ready")]`. What is not there gives nothing. Each step is linear in what the
 * step before found, and both are bounded.
 */
import { isPlainObject } from '../../machinery/plain.ts'

/** From what was found so far to what is found below it. */
type Step = (value: unknown) => unknown[]

/** Paths longer than this are no path that anybody wrote. */
const MAXIMUM_PATH_LENGTH = 4_096
/** Wildcards and descents find no more than this. */
const MAXIMUM_FOUND = 10_000

/** All values at the path, in the order of the document. Throws where the text is no path. */
export function compileJsonPath(text: string): (root: unknown) => unknown[] {
  if (text.length > MAXIMUM_PATH_LENGTH) throw new Error('the path is too long')
  const steps = stepsOf(text)
  return root => {
    let found: unknown[] = [root]
    for (const step of steps) found = found.flatMap(step).slice(0, MAXIMUM_FOUND)
    return found
  }
}

const NAME = /(?:\\.|[^\s.[\]\\{}'"()])+/y
const BRACKET =
  /\[(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|(\*)|(-?\d+)|(-?\d*):(-?\d*)(?::(\d+))?|\?\(([^[\]]*(?:\[[^[\]]*\][^[\]]*)*)\))\]/y

function stepsOf(text: string): Step[] {
  const steps: Step[] = []
  let at = text.startsWith('$') || text.startsWith('@') ? 1 : 0
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) at += found[0].length
    return found
  }
  while (at < text.length) {
    if (text[at] === '[') {
      const bracket = match(BRACKET)
      if (!bracket) throw new Error(`unterminated array in ${JSON.stringify(text)}`)
      steps.push(bracketStep(bracket))
      continue
    }
    if (text.startsWith('..', at)) {
      at += 2
      steps.push(descend)
    } else if (text[at] === '.') at++
    else if (at > 0) throw new Error(`unexpected ${text[at]} in ${JSON.stringify(text)}`)
    if (at >= text.length || text[at] === '[') continue
    const name = match(NAME)?.[0].replace(/\\(.)/g, '$1')
    if (name === undefined) throw new Error(`unexpected ${text[at]} in ${JSON.stringify(text)}`)
    steps.push(name === '*' ? children : field(name))
  }
  return steps
}

const field =
  (name: string): Step =>
  value =>
    isPlainObject(value) && Object.hasOwn(value, name) ? [value[name]] : []

const children: Step = value =>
  Array.isArray(value) ? value : isPlainObject(value) ? Object.values(value) : []

/** The value and everything below it. */
function descend(value: unknown): unknown[] {
  const found: unknown[] = []
  const left = [value]
  while (left.length > 0 && found.length < MAXIMUM_FOUND) {
    const next = left.shift()
    found.push(next)
    left.unshift(...children(next))
  }
  return found
}

function bracketStep(bracket: RegExpExecArray): Step {
  const [, single, double, star, index, from, to, stride, filter] = bracket
  const name = single ?? double
  if (name !== undefined) return field(name.replace(/\\(.)/g, '$1'))
  if (star) return children
  if (filter !== undefined) return filterStep(filter)
  if (index !== undefined)
    return value => {
      if (!Array.isArray(value)) return []
      const item = value.at(Number(index))
      return item === undefined ? [] : [item]
    }
  return value => {
    if (!Array.isArray(value)) return []
    const slice = value.slice(from ? Number(from) : 0, to ? Number(to) : undefined)
    return slice.filter((_, at) => at % Math.max(1, Number(stride ?? 1)) === 0)
  }
}

const COMPARISON = /^\s*(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*$/

/** Items for which the comparison holds; without an operator, those that have the path at all. */
function filterStep(text: string): Step {
  const comparison = COMPARISON.exec(text)
  if (!comparison) {
    const find = operand(text.trim())
    return value => children(value).filter(item => find(item).length > 0)
  }
  const [, left = '', operator = '', right = ''] = comparison
  const [findLeft, findRight] = [operand(left), operand(right)]
  return value =>
    children(value).filter(item => {
      const [one] = findLeft(item)
      const [other] = findRight(item)
      return one !== undefined && other !== undefined && compares(one, operator, other)
    })
}

function operand(text: string): (item: unknown) => unknown[] {
  if (text.startsWith('@')) return compileJsonPath(text)
  const quoted = /^'(.*)'$|^"(.*)"$/s.exec(text)
  if (quoted) return () => [(quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1')]
  if (text === 'true' || text === 'false') return () => [text === 'true']
  const number = Number(text)
  if (text === '' || Number.isNaN(number)) throw new Error(`unrecognized operand ${text}`)
  return () => [number]
}

function compares(one: unknown, operator: string, other: unknown): boolean {
  if (operator === '==') return one === other
  if (operator === '!=') return one !== other
  if (typeof one !== typeof other || (typeof one !== 'number' && typeof one !== 'string'))
    return false
  const [a, b] = [one as number, other as number]
  if (operator === '<') return a < b
  if (operator === '<=') return a <= b
  return operator === '>' ? a > b : a >= b
}
