/** Which way to go where the grammar has several: for most the next word decides, for some more are needed. */
import { BEGINNINGS, type Decision, type Fork, type Place, wordsAt } from './grammar.ts'
import { numberOf, type Token, type Word } from './tokens.ts'

/** The words that come. */
export interface Ahead {
  ahead(distance: number): Token
  /** Throws that no way goes on to the word at this distance. */
  noWay(distance: number): never
}

/** The index of the way; the last one where nothing speaks for another. */
export function wayFrom(fork: Fork, precedence: number, ahead: Ahead): number {
  const { decision, binds, ways, form } = fork
  const { type } = ahead.ahead(0)
  if (decision) return DECISIONS[decision](ahead, fork)
  if (binds) return bindsTighter(ways[0] as Place, type, precedence, binds) ? 0 : 1
  const way = ways.findIndex(each => wordsAt(each)[type])
  if (way >= 0) return way
  return form === 'choice' ? ahead.noWay(0) : ways.length - 1
}

function bindsTighter(
  way: Place,
  type: number,
  precedence: number,
  binds: readonly number[],
): boolean {
  const signs = way.kind === 'fork' ? way.ways : [way]
  return signs.some((each, at) => wordsAt(each)[type] && (binds[at] ?? 0) >= precedence)
}

const is = ({ type }: Token, word: Word) => type === numberOf(word)
const begins = (rule: 'member' | 'literal', { type }: Token) =>
  wordsAt(BEGINNINGS[rule])[type] === 1

const isNumber = (token: Token) => is(token, 'NUM_INT') || is(token, 'NUM_FLOAT')

const DECISIONS: Readonly<Record<Decision, (ahead: Ahead, fork: Fork) => number>> = {
  unary: ahead => {
    const first = ahead.ahead(0)
    if (is(first, "'!'")) return 1
    if (is(first, "'-'")) return behindMinus(ahead) === 'number' ? 0 : 2
    return begins('member', first) ? 0 : ahead.noWay(0)
  },
  minus: ahead => {
    const first = ahead.ahead(0)
    if (!is(first, "'-'")) return begins('member', first) ? 1 : ahead.noWay(0)
    behindMinus(ahead)
    return 0
  },
  suffix: ahead => {
    if (is(ahead.ahead(0), "'['")) return 2
    const second = ahead.ahead(1)
    if (is(second, "'?'") || is(second, 'ESC_IDENTIFIER')) return 0
    if (!is(second, 'IDENTIFIER')) return ahead.noWay(1)
    return is(ahead.ahead(2), "'('") ? 1 : 0
  },
  comma: (ahead, { ways: [comma] }) => {
    if (comma?.kind !== 'word' || !is(ahead.ahead(0), "','")) return 1
    return wordsAt(comma.next)[ahead.ahead(1).type] ? 0 : 1
  },
  primary: ahead => {
    const first = ahead.ahead(0)
    if (is(first, "'.'") && !is(ahead.ahead(1), 'IDENTIFIER')) return ahead.noWay(1)
    if (is(first, "'.'") || is(first, 'IDENTIFIER')) return named(ahead)
    if (begins('literal', first)) return 6
    const bracket = (["'('", "'['", "'{'"] as const).findIndex(word => is(first, word))
    return bracket < 0 ? ahead.noWay(0) : bracket + 2
  },
  literal: ahead => {
    const first = ahead.ahead(0)
    const second = is(first, "'-'") ? ahead.ahead(1) : first
    const way = LITERALS.findIndex(word => is(second, word))
    if (way < 0 || (second !== first && !isNumber(second))) return ahead.noWay(+(second !== first))
    return way
  },
}

const LITERALS = [
  'NUM_INT',
  'NUM_UINT',
  'NUM_FLOAT',
  'STRING',
  'BYTES',
  "'true'",
  "'false'",
  "'null'",
] as const

/** Whether the sign is one of a number. */
function behindMinus(ahead: Ahead): 'number' | 'other' {
  const second = ahead.ahead(1)
  if (!begins('member', second)) return ahead.noWay(1)
  return isNumber(second) ? 'number' : 'other'
}

/** A name, a call, or the name of a type before what it is made of, which may be longer. */
function named(ahead: Ahead): number {
  let at = is(ahead.ahead(0), "'.'") ? 1 : 0
  if (is(ahead.ahead(at + 1), "'('")) return 1
  while (is(ahead.ahead(at + 1), "'.'") && is(ahead.ahead(at + 2), 'IDENTIFIER')) at += 2
  return is(ahead.ahead(at + 1), "'{'") ? 5 : 0
}
