/**
 * What is computed before there is a value: conversions of constants, and patterns. Where that fails, there is no program of an expression
 * with which nothing else is wrong.
 */
import { messageOf } from '#base/errors.ts'
import { compilePattern } from '../machinery/patterns.ts'
import { type Constant, type Expression, partsOf } from './parser/expression.ts'
import { shortest } from './printing.ts'

/** The first failure, undefined where there is none. */
export function unfoldable(expression: Expression): string | undefined {
  try {
    fold(expression)
    return undefined
  } catch (thrown) {
    if (thrown instanceof Failure) return `program instantiation failed: ${thrown.message}`
    throw thrown
  }
}

class Failure extends Error {}

/** What the part is, where it is one that is known. */
function fold(part: Expression): Constant | undefined {
  if (part.kind === 'constant') return part
  // What is copied was looked at where it was written.
  const values = part.kind === 'copy' ? [] : partsOf(part).map(fold)
  if (part.kind !== 'call') return undefined
  const { name, target, args } = part
  const last = values.at(-1)
  const pattern = PATTERNS.has(name) ? values[1] : undefined
  if (pattern?.type === 'string') checkPattern(pattern)
  if ((name === '_[_]' || name === '_[?_]') && last?.type === 'null')
    throw new Failure('invalid qualifier type: types.Null')
  const convert = target || args.length !== 1 ? undefined : CONVERSIONS[name]
  if (!last || !convert) return undefined
  if (last.type === 'null') throw new Failure(`no such overload: ${name}(null_type)`)
  return convert(last)
}

const PATTERNS = new Set(['matches', 'find', 'findAll'])

function checkPattern({ value }: Constant): void {
  try {
    compilePattern(String(value))
  } catch (thrown) {
    throw new Failure(messageOf(thrown))
  }
}

type Convert = (constant: Constant) => Constant | undefined

const made = (constant: Constant, type: Constant['type'], value: Constant['value']): Constant => ({
  ...constant,
  type,
  value,
})

const notOf = (type: string): Failure =>
  new Failure(`type conversion error from 'string' to '${type}'`)

const whole =
  (type: 'int' | 'uint', [least, most]: readonly [bigint, bigint], overflow: string): Convert =>
  constant => {
    const { value } = constant
    if (typeof value === 'string' && !/^[+-]?\d+$/.test(value)) throw notOf(type)
    if (typeof value === 'number' && !Number.isFinite(value)) throw new Failure(overflow)
    const number = BigInt(typeof value === 'number' ? Math.trunc(value) : String(value))
    if (number >= least && number <= most) return made(constant, type, number)
    throw typeof value === 'string' ? notOf(type) : new Failure(overflow)
  }

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True']
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False']
const NUMBER = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan|0[xX].*p.*)$/i

const CONVERSIONS: Readonly<Record<string, Convert>> = {
  bool: constant => {
    const { value } = constant
    if (typeof value !== 'string') return constant
    if (![...TRUE, ...FALSE].includes(value)) throw notOf('bool')
    return made(constant, 'bool', TRUE.includes(value))
  },
  double: constant => {
    const { value } = constant
    if (typeof value === 'string' && !NUMBER.test(value)) throw notOf('double')
    return made(constant, 'double', Number(value))
  },
  int: whole('int', [-(2n ** 63n), 2n ** 63n - 1n], 'integer overflow'),
  uint: whole('uint', [0n, 2n ** 64n - 1n], 'unsigned integer overflow'),
  string: constant => {
    const { type, value } = constant
    if (type === 'bytes') return undefined
    return made(constant, 'string', typeof value === 'number' ? shortest(value) : String(value))
  },
  // Others tell of wrong ones.
  bytes: () => undefined,
  duration: () => undefined,
  timestamp: () => undefined,
}
