/** Label selectors in both their forms: the text of query parameters and the LabelSelector inside objects. */
import { messageOf } from '#base/errors.ts'
import type { LabelSelector } from './metadata.ts'
import { isLabelValue, isQualifiedName } from './names.ts'
import { badRequest } from './status.ts'

export type Labels = Readonly<Record<string, string>>

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  /** Sorted and without duplicates; empty for `exists` and `!`. */
  readonly values: readonly string[]
}

/** A compiled selector. */
export interface LabelMatcher {
  readonly requirements: readonly LabelRequirement[]
  /** True when every object is selected. */
  readonly selectsEverything: boolean
  /** True when no object can be selected, as by a selector that is absent. */
  readonly selectsNothing: boolean
  matches(labels: Labels | undefined): boolean
  /** The canonical text, which parses to the same selector. */
  toString(): string
}

/** Selectors longer than this are refused; request lines are bounded to less in practice. */
const MAXIMUM_SELECTOR_LENGTH = 256 * 1024

export const everything: LabelMatcher = matcher([])
export const nothing: LabelMatcher = {
  requirements: [],
  selectsEverything: false,
  selectsNothing: true,
  matches: () => false,
  toString: () => '',
}

/** Reads `app=web,tier in (a,b),!old`. Throws BadRequest with upstream's words for what is wrong. */
export function parseLabelSelector(text: string): LabelMatcher {
  if (text.trim() === '') return everything
  if (text.length > MAXIMUM_SELECTOR_LENGTH)
    throw badRequest(`label selector is longer than ${MAXIMUM_SELECTOR_LENGTH} characters`)
  return matcher(new Parser(tokensOf(text)).parse())
}

const OBJECT_OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

/** Controllers ask for the same frozen selectors again and again. */
const compiled = new WeakMap<LabelSelector, LabelMatcher>()

/** Compiles the selector of an object; an absent one selects nothing, an empty one everything. */
export function labelMatcherOf(selector: LabelSelector | undefined | null): LabelMatcher {
  if (!selector) return nothing
  if (!Object.isFrozen(selector)) return compile(selector)
  const known = compiled.get(selector)
  if (known) return known
  const matcher = compile(selector)
  compiled.set(selector, matcher)
  return matcher
}

function compile(selector: LabelSelector): LabelMatcher {
  const requirements: LabelRequirement[] = []
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    requirements.push(checked(key, '=', [value]))
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(OBJECT_OPERATORS, operator) ? OBJECT_OPERATORS[operator] : undefined
    if (!known)
      throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`)
    requirements.push(checked(key, known, values))
  }
  return requirements.length === 0 ? everything : matcher(requirements)
}

/** The selector as Go prints it, which upstream leaves in columns, events and conditions. */
export function goTextOf(selector: LabelSelector | undefined): string {
  if (!selector) return 'nil'
  const { matchLabels = {}, matchExpressions = [] } = selector
  const labels = Object.keys(matchLabels)
    .sort()
    .map(key => `${key}: ${matchLabels[key]},`)
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
}

/** Selects what carries all of these labels, as the `selector` of a Service; nothing is checked. */
export function labelMatcherOfSet(labels: Labels | undefined): LabelMatcher {
  const entries = Object.entries(labels ?? {})
  return entries.length === 0
    ? everything
    : matcher(entries.map(([key, value]) => ({ key, operator: '=', values: [value] })))
}

function matcher(requirements: readonly LabelRequirement[]): LabelMatcher {
  const sorted = requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  const tests = sorted.map(testOf)
  return Object.freeze({
    requirements: sorted,
    selectsEverything: sorted.length === 0,
    selectsNothing: false,
    matches: (labels: Labels | undefined) => tests.every(test => test(labels ?? NO_LABELS)),
    toString: () => sorted.map(textOf).join(','),
  })
}
const NO_LABELS: Labels = {}

function testOf({ key, operator, values }: LabelRequirement): (labels: Labels) => boolean {
  // A label may be called `constructor`, so only own properties count.
  const valueIn = (labels: Labels) => (Object.hasOwn(labels, key) ? labels[key] : undefined)
  const wanted = new Set(values)
  const [only = ''] = values
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      if (values.length === 1) return labels => valueIn(labels) === only
      return labels => wanted.has(valueIn(labels) ?? (undefined as never))
    case '!=':
    case 'notin':
      return labels => !wanted.has(valueIn(labels) ?? (undefined as never))
    case 'exists':
      return labels => valueIn(labels) !== undefined
    case '!':
      return labels => valueIn(labels) === undefined
    case 'gt':
    case 'lt': {
      const bound = wholeNumber(only)
      return labels => {
        const value = wholeNumber(valueIn(labels))
        if (value === undefined || bound === undefined) return false
        return operator === 'gt' ? value > bound : value < bound
      }
    }
  }
}

function wholeNumber(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[-+]?[0-9]{1,40}$/.test(text)) return undefined
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  return BigInt.asIntN(64, value) === value ? value : undefined
}

function textOf({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case '!':
      return `!${key}`
    case 'exists':
      return key
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`
    case 'gt':
      return `${key}>${values.join(',')}`
    case 'lt':
      return `${key}<${values.join(',')}`
    default:
      return `${key}${operator}${values.join(',')}`
  }
}

/** A requirement whose key and values obey the rules for labels. */
function checked(key: string, operator: LabelOperator, values: readonly string[]) {
  const wrong: string[] = []
  const keyProblems = isQualifiedName(key)
  if (keyProblems.length > 0) wrong.push(invalidText('key', key, keyProblems.join('; ')))
  const list = JSON.stringify(values)
  if ((operator === 'in' || operator === 'notin') && values.length === 0)
    wrong.push(
      `values: Invalid value: ${list}: for 'in', 'notin' operators, values set can't be empty`,
    )
  if ((operator === 'exists' || operator === '!') && values.length > 0)
    wrong.push(
      `values: Invalid value: ${list}: values set must be empty for exists and does not exist`,
    )
  for (const [index, value] of values.entries()) {
    if ((operator === 'gt' || operator === 'lt') && wholeNumber(value) === undefined)
      wrong.push(
        invalidText(
          `values[${index}]`,
          value,
          "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
      )
    const problems = isLabelValue(value)
    if (problems.length > 0)
      wrong.push(invalidText(`values[${index}][${key}]`, value, problems.join('; ')))
  }
  if (wrong.length > 0)
    throw badRequest(wrong.length === 1 ? `${wrong[0]}` : `[${wrong.join(', ')}]`)
  return { key, operator, values: [...new Set(values)].sort() }
}

const invalidText = (field: string, value: string, why: string) =>
  `${field}: Invalid value: ${JSON.stringify(value)}: ${why}`

type TokenType =
  | 'word'
  | 'in'
  | 'notin'
  | ')'
  | '('
  | ','
  | '!'
  | '=='
  | '='
  | '!='
  | '>'
  | '<'
  | 'end'
interface Token {
  readonly type: TokenType
  readonly text: string
}

const TOKEN = /[ \t\r\n]*(==|!=|[=!(),<>]|[^=!(),<> \t\r\n]+)/y

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [, found = ''] = match
    const isWord = !/^[=!(),<>]/.test(found) && found !== 'in' && found !== 'notin'
    tokens.push({ type: isWord ? 'word' : (found as TokenType), text: found })
  }
  tokens.push({ type: 'end', text: '' })
  return tokens
}

const OPERATORS: Readonly<Partial<Record<TokenType, LabelOperator>>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
}

class Parser {
  readonly #tokens: readonly Token[]
  #position = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    if (this.#peek().type === 'end') return requirements
    for (;;) {
      const first = this.#peek()
      if (first.type !== 'word' && first.type !== '!')
        throw badRequest(
          requirements.length === 0
            ? `found '${first.text}', expected: !, identifier, or 'end of string'`
            : `found '${first.text}', expected: identifier after ','`,
        )
      requirements.push(this.#requirementOrWhyNot())
      const next = this.#take()
      if (next.type === 'end') return requirements
      if (next.type !== ',')
        throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`)
    }
  }

  /** The words `in` and `notin` are operators only right after a key. */
  #peek(): Token {
    const token = this.#tokens[this.#position] ?? { type: 'end', text: '' }
    return token.type === 'in' || token.type === 'notin'
      ? { type: 'word', text: token.text }
      : token
  }

  #take(): Token {
    const token = this.#peek()
    this.#position++
    return token
  }

  #requirementOrWhyNot(): LabelRequirement {
    try {
      return this.#requirement()
    } catch (thrown) {
      throw badRequest(`unable to parse requirement: ${messageOf(thrown)}`)
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#take()
    const negated = token.type === '!'
    if (negated) token = this.#take()
    if (token.type !== 'word') throw badRequest(`found '${token.text}', expected: identifier`)
    const key = token.text
    const problems = isQualifiedName(key)
    if (problems.length > 0) throw badRequest(invalidText('<nil>', key, problems.join('; ')))
    const next = this.#peek().type
    // After a negated key the requirement is over, whatever follows.
    if (negated || next === 'end' || next === ',') return checked(key, negated ? '!' : 'exists', [])
    const operator = this.#operator()
    const isSet = operator === 'in' || operator === 'notin'
    return checked(key, operator, isSet ? this.#set() : [this.#exactValue()])
  }

  #operator(): LabelOperator {
    const token = this.#tokens[this.#position++] ?? { type: 'end', text: '' }
    const operator = OPERATORS[token.type]
    if (operator) return operator
    throw badRequest(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`)
  }

  #exactValue(): string {
    const next = this.#peek()
    if (next.type === 'end' || next.type === ',') return ''
    this.#position++
    if (next.type === 'word') return next.text
    throw badRequest(`found '${next.text}', expected: identifier`)
  }

  /** `(a,b)`; an empty place between commas is the empty value. */
  #set(): string[] {
    const open = this.#take()
    if (open.type !== '(') throw badRequest(`found '${open.text}' expected: '('`)
    const values: string[] = []
    let wantsValue = true
    for (;;) {
      const token = this.#take()
      if (token.type === 'word' && wantsValue) {
        values.push(token.text)
        wantsValue = false
      } else if (token.type === ',' || token.type === ')') {
        if (wantsValue) values.push('')
        if (token.type === ')') return values
        wantsValue = true
      } else {
        const expected = wantsValue ? "',', ')' or identifier" : "',' or ')'"
        throw badRequest(`found '${token.text}', expected: ${expected}`)
      }
    }
  }
}
