/**
 * The grammar of expressions as places with ways between them, so that at each place it is known which words may come next. The rules
 * are those of the language's specification, in the shape in which Go's implementation has them: its words for what is wrong
 * follow from that.
 */
import { numberOf, WORDS, type Word } from './tokens.ts'

export type RuleName =
  | 'start'
  | 'expr'
  | 'or'
  | 'and'
  | 'relation'
  | 'calc'
  | 'unary'
  | 'member'
  | 'primary'
  | 'expressions'
  | 'items'
  | 'fields'
  | 'field'
  | 'entries'
  | 'name'
  | 'optional'
  | 'literal'

/** Set of words; `BEHIND` stands for what comes behind the rule. */
export type Words = Uint8Array
export const BEHIND = WORDS.length

export type Place =
  | { readonly kind: 'word'; readonly words: Words; readonly next: Place }
  | {
      readonly kind: 'rule'
      readonly rule: RuleName
      readonly precedence: number
      readonly next: Place
    }
  | Fork
  | { readonly kind: 'end' }

/** Where several ways go on; of loops the last one leads out. */
export interface Fork {
  readonly kind: 'fork'
  readonly form: 'choice' | 'maybe' | 'once' | 'entry' | 'again'
  /** What more than the next word decides. */
  readonly decision?: Decision | undefined
  readonly ways: Place[]
  /** How tightly the sign of each way binds, in rules that begin with themselves. */
  readonly binds?: readonly number[] | undefined
}

export type Decision = 'unary' | 'minus' | 'suffix' | 'primary' | 'literal' | 'comma'

type Part = (next: Place) => Place

const setOf = (words: readonly Word[]): Words => {
  const set = new Uint8Array(BEHIND + 1)
  for (const word of words) set[numberOf(word)] = 1
  return set
}

const word =
  (...words: Word[]): Part =>
  next => ({ kind: 'word', words: setOf(words), next })

const rule =
  (name: RuleName, precedence = 0): Part =>
  next => ({ kind: 'rule', rule: name, precedence, next })

const inTurn =
  (...parts: Part[]): Part =>
  next =>
    parts.reduceRight((behind, part) => part(behind), next)

const maybe =
  (part: Part): Part =>
  next => ({ kind: 'fork', form: 'maybe', ways: [part(next), next] })

const oneOf =
  (decision: Decision | undefined, ...parts: Part[]): Part =>
  next => ({ kind: 'fork', form: 'choice', decision, ways: parts.map(part => part(next)) })

/** Any number of times; `binds` is about what repeats. */
const often =
  (part: Part, decision?: Decision, binds?: readonly number[]): Part =>
  next => {
    const again: Fork = { kind: 'fork', form: 'again', decision, binds, ways: [] }
    const way = part(again)
    again.ways.push(way, next)
    return { kind: 'fork', form: 'entry', decision, binds, ways: [way, next] }
  }

const onceOrMore =
  (part: Part, decision?: Decision): Part =>
  next => {
    const again: Fork = { kind: 'fork', form: 'again', decision, ways: [] }
    const way = part(again)
    again.ways.push(way, next)
    return { kind: 'fork', form: 'once', ways: [way] }
  }

const listOf = (item: Part, decision?: Decision) =>
  inTurn(item, often(inTurn(word("','"), item), decision))

const call = inTurn(word("'('"), maybe(rule('expressions')), word("')'"))
const mark = maybe(word("'?'"))
const dot = maybe(word("'.'"))
const sign = maybe(word("'-'"))
const comma = maybe(word("','"))
const expr = rule('expr')

const RULES: Readonly<Record<RuleName, Part>> = {
  start: inTurn(expr, word('<EOF>')),
  expr: inTurn(rule('or'), maybe(inTurn(word("'?'"), rule('or'), word("':'"), expr))),
  or: inTurn(rule('and'), often(inTurn(word("'||'"), rule('and')))),
  and: inTurn(rule('relation'), often(inTurn(word("'&&'"), rule('relation')))),
  relation: inTurn(
    rule('calc'),
    often(
      inTurn(word("'<'", "'<='", "'>='", "'>'", "'=='", "'!='", "'in'"), rule('relation', 2)),
      undefined,
      [1],
    ),
  ),
  calc: inTurn(
    rule('unary'),
    often(
      oneOf(
        undefined,
        inTurn(word("'*'", "'/'", "'%'"), rule('calc', 3)),
        inTurn(word("'+'", "'-'"), rule('calc', 2)),
      ),
      undefined,
      [2, 1],
    ),
  ),
  unary: oneOf(
    'unary',
    rule('member'),
    inTurn(onceOrMore(word("'!'")), rule('member')),
    inTurn(onceOrMore(word("'-'"), 'minus'), rule('member')),
  ),
  member: inTurn(
    rule('primary'),
    often(
      oneOf(
        'suffix',
        inTurn(word("'.'"), mark, rule('name')),
        inTurn(word("'.'"), word('IDENTIFIER'), call),
        inTurn(word("'['"), mark, expr, word("']'")),
      ),
      undefined,
      [1, 1, 1],
    ),
  ),
  primary: oneOf(
    'primary',
    inTurn(dot, word('IDENTIFIER')),
    inTurn(dot, word('IDENTIFIER'), call),
    inTurn(word("'('"), expr, word("')'")),
    inTurn(word("'['"), maybe(rule('items')), comma, word("']'")),
    inTurn(word("'{'"), maybe(rule('entries')), comma, word("'}'")),
    inTurn(
      dot,
      word('IDENTIFIER'),
      often(inTurn(word("'.'"), word('IDENTIFIER'))),
      word("'{'"),
      maybe(rule('fields')),
      comma,
      word("'}'"),
    ),
    rule('literal'),
  ),
  expressions: listOf(expr),
  items: listOf(rule('optional'), 'comma'),
  fields: listOf(inTurn(rule('field'), word("':'"), expr), 'comma'),
  field: inTurn(mark, rule('name')),
  entries: listOf(inTurn(rule('optional'), word("':'"), expr), 'comma'),
  name: oneOf(undefined, word('IDENTIFIER'), word('ESC_IDENTIFIER')),
  optional: inTurn(mark, expr),
  literal: oneOf(
    'literal',
    inTurn(sign, word('NUM_INT')),
    word('NUM_UINT'),
    inTurn(sign, word('NUM_FLOAT')),
    word('STRING'),
    word('BYTES'),
    word("'true'"),
    word("'false'"),
    word("'null'"),
  ),
}

const END: Place = { kind: 'end' }

/** Where each rule begins. */
export const BEGINNINGS: Readonly<Record<RuleName, Place>> = Object.fromEntries(
  Object.entries(RULES).map(([name, part]) => [name, part(END)]),
) as Record<RuleName, Place>

const known = new Map<Place, Words>()

/** What may come next at this place; `BEHIND` where the rule may end there. */
export function wordsAt(place: Place): Words {
  const words = known.get(place) ?? gathered(place)
  known.set(place, words)
  return words
}

function gathered(place: Place): Words {
  if (place.kind === 'word') return place.words
  if (place.kind === 'rule') return wordsAt(BEGINNINGS[place.rule])
  const set = new Uint8Array(BEHIND + 1)
  if (place.kind === 'end') set[BEHIND] = 1
  else for (const way of place.ways) add(set, wordsAt(way))
  return set
}

export function add(set: Words, more: Words): void {
  for (let word = 0; word < set.length; word++) if (more[word]) set[word] = 1
}

/** A single word as it is, several in braces. */
export function shownWords(set: Words): string {
  const shown = WORDS.filter((_, word) => set[word])
  return shown.length === 1 ? String(shown[0]) : `{${shown.join(', ')}}`
}
