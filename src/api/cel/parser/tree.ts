/** Makes an expression of what was recognized, with its macros written out. Goes through what is wrong, too, for what else is. */
import { doubleOf, intOf, textOf, uintOf } from './constants.ts'
import type { Constant, ConstantType, Entry, Expression, FieldValue, Item } from './expression.ts'
import { type Macro, MacroError } from './macros.ts'
import { isParsed, isToken, type Parsed } from './recognizer.ts'
import { type Complaint, NOWHERE, type Token, UNREAD } from './tokens.ts'

/** How deep an expression may be in itself, of operators, fields and methods. */
const MAXIMUM_DEPTH = 250

/** Words that name nothing, though they are read as names. */
const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

class TooDeep extends Error {}

export class Reader {
  readonly #macros: ReadonlyMap<string, Macro>
  readonly #complain: (complaint: Complaint) => void
  #depth = 0

  constructor(macros: ReadonlyMap<string, Macro>, complain: (complaint: Complaint) => void) {
    this.#macros = macros
    this.#complain = complain
  }

  whole(parsed: Parsed): Expression | undefined {
    try {
      return this.#read(ruleIn(parsed, 0))
    } catch (thrown) {
      if (!(thrown instanceof TooDeep)) throw thrown
      this.#complain({ at: NOWHERE, message: 'max recursion depth exceeded' })
      return undefined
    }
  }

  #read(parsed: Parsed | undefined): Expression {
    const inner = parsed && unwrapped(parsed)
    if (!inner) return NOTHING
    switch (inner.rule) {
      case 'expr':
        return this.#deeper(() => this.#choice(inner))
      case 'or':
        return this.#logic(inner, '_||_')
      case 'and':
        return this.#logic(inner, '_&&_')
      case 'relation':
      case 'calc':
        return this.#deeper(() => this.#operator(inner))
      case 'unary':
        return this.#sign(inner)
      case 'member':
        return this.#deeper(() => this.#suffix(inner))
      case 'primary':
        return this.#primary(inner)
      case 'literal':
        return this.#literal(inner)
      default:
        return NOTHING
    }
  }

  #deeper(read: () => Expression): Expression {
    if (++this.#depth > MAXIMUM_DEPTH) throw new TooDeep()
    const made = read()
    this.#depth--
    return made
  }

  #wrong(at: number, message: string): Expression {
    this.#complain({ at, message })
    return { kind: 'nothing', at }
  }

  #choice(parsed: Parsed): Expression {
    const { start } = tokenIn(parsed, 1) as Token
    const args = [0, 2, 4].map(at => this.#read(ruleIn(parsed, at)))
    return { kind: 'call', at: start, name: '_?_:_', args }
  }

  #logic({ parts }: Parsed, name: string): Expression {
    const args = parts.filter(isParsed).map(part => this.#read(part))
    const signs = parts.filter(isToken)
    // As if the tree was balanced, whose root is the one in the middle.
    return { kind: 'call', at: signs[signs.length >> 1]?.start ?? 0, name, args }
  }

  #operator(parsed: Parsed): Expression {
    const { text, start } = tokenIn(parsed, 1) as Token
    const args = [0, 2].map(at => this.#read(ruleIn(parsed, at)))
    return { kind: 'call', at: start, name: text === 'in' ? '@in' : `_${text}_`, args }
  }

  #sign({ way, parts, start }: Parsed): Expression {
    if (way < 0) return { kind: 'constant', at: start, type: 'string', value: '' }
    const signs = parts.filter(isToken)
    const operand = this.#read(parts.find(isParsed))
    if (signs.length % 2 === 0) return operand
    return { kind: 'call', at: start, name: way === 1 ? '!_' : '-_', args: [operand] }
  }

  #suffix(parsed: Parsed): Expression {
    const { way, parts, start } = parsed
    const operand = this.#read(ruleIn(parsed, 0))
    const first = tokenIn(parsed, 1)
    if (!first) return { kind: 'nothing', at: start }
    const isOptional = tokenIn(parsed, 2)?.text === '?'
    const rest = isOptional ? 3 : 2
    if (way === 0) return this.#field(operand, first, isOptional, ruleIn(parsed, rest))
    if (way === 1) {
      const [name, open] = [tokenIn(parsed, 2), tokenIn(parsed, 3)]
      if (!name) return { kind: 'nothing', at: start }
      return this.#call(open?.start ?? start, name.text, operand, this.#list(parts))
    }
    const index = this.#read(ruleIn(parsed, rest))
    const name = isOptional ? '_[?_]' : '_[_]'
    return { kind: 'call', at: first.start, name, args: [operand, index] }
  }

  #field(of: Expression, { start }: Token, isOptional: boolean, named?: Parsed): Expression {
    if (!named) return { kind: 'nothing', at: start }
    const field = this.#name(named)
    if (!isOptional) return { kind: 'field', at: start, of, field, isTest: false }
    const name: Constant = { kind: 'constant', at: named.start, type: 'string', value: field }
    return { kind: 'call', at: start, name: '_?._', args: [of, name] }
  }

  #name(named: Parsed, at = named.start): string {
    const token = tokenIn(named, 0)
    const problem = token ? (named.way === 1 ? "unsupported syntax: '`'" : '') : NO_NAME
    if (problem !== '') this.#wrong(at, problem)
    return token?.text ?? ''
  }

  /** The arguments of a call among its parts. */
  #list(parts: Parsed['parts']): Expression[] {
    const list = parts.find(part => isParsed(part) && part.rule === 'expressions')
    return rulesIn(list).map(part => this.#read(part))
  }

  #call(at: number, name: string, target: Expression | undefined, args: Expression[]): Expression {
    // A function that is named from the root, with a dot before it, is no method.
    const isRooted = !target && name.startsWith('.')
    const macro = this.#macros.get(`${target ? '.' : ''}${name}/${args.length}`)
    try {
      const made = isRooted ? undefined : macro?.({ at, target, args })
      if (made) return made
    } catch (thrown) {
      if (!(thrown instanceof MacroError)) throw thrown
      return this.#wrong(thrown.at, thrown.message)
    }
    return { kind: 'call', at, name, target, args }
  }

  #primary(parsed: Parsed): Expression {
    const { way, parts, start } = parsed
    if (way < 0) return NOTHING
    if (way === 0 || way === 1) return this.#named(parsed)
    const open = parts.find(part => isToken(part) && part.text === (way === 3 ? '[' : '{'))
    const at = open?.start ?? start
    const inner = parts.find(isParsed)
    if (way === 3) return { kind: 'list', at, items: rulesIn(inner).map(each => this.#item(each)) }
    if (way === 4) return { kind: 'map', at, entries: this.#entries(inner) }
    const names = parts.slice(0, parts.indexOf(open as Token)).filter(isToken)
    const type = names.map(({ text }) => text).join('')
    return { kind: 'message', at, type, fields: this.#fields(inner) }
  }

  #named({ way, parts, start }: Parsed): Expression {
    const dot = isToken(parts[0] as Token) && (parts[0] as Token).text === '.' ? '.' : ''
    const [name, open] = parts.slice(dot.length).filter(isToken)
    if (!name) return { kind: 'nothing', at: start }
    if (RESERVED.has(name.text)) return this.#wrong(start, `reserved identifier: ${name.text}`)
    if (way === 0) return { kind: 'name', at: name.start, name: dot + name.text }
    return this.#call(open?.start ?? start, dot + name.text, undefined, this.#list(parts))
  }

  #item(parsed: Parsed): Item {
    const value = this.#read(parsed.parts.find(isParsed))
    return { value, isOptional: tokenIn(parsed, 0) !== undefined }
  }

  #entries(list: Parsed | undefined): Entry[] {
    const colons = colonsIn(list)
    const [keys, values] = pairsIn(list)
    return colons.flatMap((colon, at) => {
      const [key, value] = [keys[at], values[at]]
      if (!key || !value) return []
      const { value: made, isOptional } = this.#item(key)
      return [{ at: colon.start, key: made, value: this.#read(value), isOptional }]
    })
  }

  #fields(list: Parsed | undefined): FieldValue[] {
    const colons = colonsIn(list)
    const [names, values] = pairsIn(list)
    return colons.flatMap((colon, at) => {
      const [name, value] = [names[at], values[at]]
      const named = name?.parts.find(isParsed)
      if (!named || !value) return []
      // What is wrong with a name is told of the whole list.
      const text = this.#name(named, (list as Parsed).start)
      const isOptional = tokenIn(name as Parsed, 0) !== undefined
      return [{ at: colon.start, name: text, value: this.#read(value), isOptional }]
    })
  }

  #literal({ way, parts, start }: Parsed): Expression {
    const tokens = parts.filter(isToken)
    const text = tokens.at(-1)?.text ?? ''
    const made = (type: ConstantType, value: Constant['value']): Constant => ({
      kind: 'constant',
      at: start,
      type,
      value,
    })
    try {
      if (way === 0) return made('int', intOf(text, tokens.length > 1))
      if (way === 1) return made('uint', uintOf(text))
      if (way === 2) return made('double', doubleOf(text, tokens.length > 1))
      if (way === 3) return made('string', textOf(text, false))
      if (way === 4) return made('bytes', textOf(text.slice(1), true))
    } catch (thrown) {
      return this.#wrong(start, (thrown as Error).message)
    }
    if (way === 7) return made('null', null)
    return way < 0 ? NOTHING : made('bool', way === 5)
  }
}

const NOTHING: Expression = { kind: 'nothing', at: UNREAD }
const NO_NAME = 'unsupported ident kind'

const ruleIn = ({ parts }: Parsed, at: number): Parsed | undefined => {
  const part = parts[at]
  return part && !isToken(part) ? part : undefined
}
const tokenIn = ({ parts }: Parsed, at: number): Token | undefined => {
  const part = parts[at]
  return part && isToken(part) ? part : undefined
}
const rulesIn = (parsed: Parsed | Token | undefined): Parsed[] =>
  parsed && !isToken(parsed) ? parsed.parts.filter(isParsed) : []

const colonsIn = (list: Parsed | undefined): Token[] =>
  (list?.parts ?? []).filter(isToken).filter(({ text }) => !text.includes(','))

/** What stands before the colons, and behind. */
function pairsIn(list: Parsed | undefined): readonly [Parsed[], Parsed[]] {
  const rules = rulesIn(list)
  return [rules.filter(({ rule }) => rule !== 'expr'), rules.filter(({ rule }) => rule === 'expr')]
}

/** Rules of one part and brackets say nothing of their own. */
function unwrapped(parsed: Parsed): Parsed | undefined {
  let inner: Parsed | undefined = parsed
  for (;;) {
    const { rule, way, parts }: Parsed = inner
    const isWrapped =
      (parts.length === 1 && WRAPPING.has(rule)) ||
      (rule === 'unary' && way === 0) ||
      (rule === 'primary' && (way === 2 || way === 6))
    if (!isWrapped) return inner
    const next: Parsed | Token | undefined = parts.find(isParsed)
    if (!next || isToken(next)) return undefined
    inner = next
  }
}

const WRAPPING = new Set(['expr', 'or', 'and', 'relation', 'calc', 'member'])
