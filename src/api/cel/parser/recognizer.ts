/**
 * Recognizes an expression by its grammar, and goes on behind what is wrong: a word too much is left out, a missing one is thought of,
 * and of more than that, words are passed over until something fits again. Who writes a wrong expression is told the same as by
 * Go's implementation, whose parser is a generated one with this strategy.
 */
import {
  add,
  BEGINNINGS,
  BEHIND,
  type Fork,
  type Place,
  type RuleName,
  shownWords,
  type Words,
  wordsAt,
} from './grammar.ts'
import { type Ahead, wayFrom } from './lookahead.ts'
import { type Complaint, NOWHERE, type Token, Tokens, WORDS } from './tokens.ts'

/** How deep a rule may be within itself. */
const MAXIMUM_DEPTH = 250
const MAXIMUM_COMPLAINTS = 100
const MAXIMUM_RECOVERIES = 30
/** Words that are passed over to go on behind one mistake. */
const MAXIMUM_PASSED = 256

/** A part of the text by a rule, with what it consists of. */
export interface Parsed {
  readonly rule: RuleName
  /** Which of the rule's ways it went; -1 where none was found. */
  way: number
  readonly parts: (Parsed | Token)[]
  readonly start: number
}

export const isToken = (part: Parsed | Token): part is Token => 'type' in part
export const isParsed = (part: Parsed | Token): part is Parsed => 'rule' in part

type Rule = Extract<Place, { kind: 'rule' }>
type Expected = Extract<Place, { kind: 'word' }>

/** A rule that was begun at this place. */
interface Frame {
  readonly from: Rule | undefined
  readonly above: Frame | undefined
  readonly precedence: number
}

class Mismatch extends Error {
  readonly complaint: Complaint
  constructor(complaint: Complaint) {
    super(complaint.message)
    this.complaint = complaint
  }
}

/** Nothing more is looked at. */
class Stop extends Error {}

/** Undefined where it was given up; what is wrong is complained of either way. */
export function recognize(
  text: string,
  complain: (complaint: Complaint) => void,
): Parsed | undefined {
  const recognizer = new Recognizer(text, complain)
  try {
    return recognizer.whole()
  } catch (thrown) {
    if (thrown instanceof Stop) return undefined
    throw thrown
  }
}

class Recognizer implements Ahead {
  readonly #tokens: Tokens
  readonly #complain: (complaint: Complaint) => void
  readonly #depths = new Map<RuleName, number>()
  #index = 0
  #frame: Frame | undefined
  #place: Place = BEGINNINGS.start
  #complaints = 0
  #recoveries = 0
  /** Until a word fits, what is wrong follows from what was told before. */
  #isRecovering = false
  #lastError: { readonly index: number; readonly places: Set<Place> } | undefined

  constructor(text: string, complain: (complaint: Complaint) => void) {
    this.#tokens = new Tokens(text, complaint => this.#tell(complaint))
    this.#complain = complain
  }

  whole(): Parsed {
    return this.#rule('start', undefined, 0)
  }

  ahead(distance: number): Token {
    return this.#tokens.at(this.#index + distance)
  }

  /** Throws that there is no way on from here to the word at this distance. */
  noWay(distance: number): never {
    const [first, last] = [this.ahead(0), this.ahead(distance)]
    let met = first.type === 0 ? first.text : ''
    for (let at = 0; first.type > 0 && at <= distance; at++) {
      const { gap, text, type } = this.ahead(at)
      met += (at > 0 ? gap : '') + (type > 0 ? text : '')
    }
    const message = `no viable alternative at input ${quoted(met)}`.replace(
      /no viable alternative at input '.(true|false|null)'/,
      "mismatched input '$1' expecting IDENTIFIER",
    )
    throw new Mismatch({ at: last.start, message })
  }

  #rule(name: RuleName, from: Rule | undefined, precedence: number): Parsed {
    const depth = (this.#depths.get(name) ?? 0) + 1
    if (depth > MAXIMUM_DEPTH) this.#give(`expression recursion limit exceeded: ${MAXIMUM_DEPTH}`)
    this.#depths.set(name, depth)
    const above = this.#frame
    this.#frame = { from, above, precedence }
    let parsed: Parsed = { rule: name, way: -1, parts: [], start: this.ahead(0).start }
    try {
      for (let place = BEGINNINGS[name]; place.kind !== 'end'; ) {
        this.#place = place
        if (place.kind === 'word') {
          parsed.parts.push(this.#match(place))
          place = place.next
        } else if (place.kind === 'rule') {
          parsed.parts.push(this.#rule(place.rule, place, place.precedence))
          place = place.next
        } else {
          const way = this.#choose(place)
          // What was found is the left part of something larger.
          if (place.binds && way === 0)
            parsed = { rule: name, way: -1, parts: [parsed], start: parsed.start }
          if (place.form === 'choice') parsed.way = way
          place = place.ways[way] as Place
        }
      }
    } catch (thrown) {
      if (!(thrown instanceof Mismatch)) throw thrown
      this.#report(thrown.complaint)
      this.#recover()
    } finally {
      this.#frame = above
      this.#depths.set(name, depth - 1)
    }
    return parsed
  }

  #choose(fork: Fork): number {
    this.#synchronize(fork)
    return wayFrom(fork, this.#frame?.precedence ?? 0, this)
  }

  #synchronize(fork: Fork): void {
    const words = wordsAt(fork)
    if (this.#isRecovering || words[BEHIND] || words[this.ahead(0).type]) return
    if (fork.form !== 'again') {
      if (!this.#leaveOut()) this.#mismatch()
      return
    }
    this.#unwanted()
    const wanted = this.#expected(this.#place)
    add(wanted, this.#resumable())
    while (!this.#isEnd() && !wanted[this.ahead(0).type]) this.#index++
  }

  #match(place: Expected): Token {
    const token = this.ahead(0)
    if (place.words[token.type]) {
      this.#settle()
      this.#index++
      return token
    }
    this.#countRecovery()
    if (this.#leaveOut()) {
      this.#index++
      return this.#tokens.at(this.#index - 1)
    }
    const wanted = this.#expected(this.#place)
    if (!this.#expected(place.next)[token.type]) this.#mismatch()
    this.#begin(`missing ${shownWords(wanted)} at ${quoted(token.text)}`)
    const type = wanted.indexOf(1)
    return { type, text: `<missing ${WORDS[type]}>`, start: token.start, end: token.start, gap: '' }
  }

  /** A single word that is too much, where the one behind it fits. */
  #leaveOut(): boolean {
    if (!this.#expected(this.#place)[this.ahead(1).type]) return false
    this.#unwanted()
    this.#index++
    this.#settle()
    return true
  }

  #unwanted(): void {
    const wanted = shownWords(this.#expected(this.#place))
    this.#begin(`extraneous input ${quoted(this.ahead(0).text)} expecting ${wanted}`)
  }

  #mismatch(): never {
    const wanted = shownWords(this.#expected(this.#place))
    const { start, text } = this.ahead(0)
    const message = `mismatched input ${quoted(text)} expecting ${wanted}`
    throw new Mismatch({ at: start, message })
  }

  #begin(message: string): void {
    this.#report({ at: this.ahead(0).start, message })
  }

  #report(complaint: Complaint): void {
    if (this.#isRecovering) return
    this.#isRecovering = true
    this.#tell(complaint)
  }

  #settle(): void {
    this.#isRecovering = false
    this.#lastError = undefined
  }

  #recover(): void {
    this.#countRecovery()
    const known = this.#lastError
    let passed = 0
    const pass = () => {
      if (passed++ >= MAXIMUM_PASSED)
        this.#give(`error recovery token lookahead limit exceeded: ${MAXIMUM_PASSED}`)
      if (!this.#isEnd()) this.#index++
    }
    // Nothing would ever change where the same place fails again at the same word.
    if (known?.index === this.#index && known.places.has(this.#place)) pass()
    const places = known?.places ?? new Set()
    this.#lastError = { index: this.#index, places: places.add(this.#place) }
    const wanted = this.#resumable()
    while (!this.#isEnd() && !wanted[this.ahead(0).type]) pass()
  }

  #countRecovery(): void {
    if (this.#recoveries++ < MAXIMUM_RECOVERIES) return
    const message = `error recovery attempt limit exceeded: ${MAXIMUM_RECOVERIES}`
    this.#tell({ at: this.ahead(0).start, message })
    throw new Stop()
  }

  /** With which one of the rules that were begun could go on. */
  #resumable(): Words {
    const words: Words = new Uint8Array(BEHIND + 1)
    for (let frame = this.#frame; frame?.from; frame = frame.above)
      add(words, wordsAt(frame.from.next))
    words[BEHIND] = 0
    return words
  }

  /** What may come next, also behind the rules that may end here. */
  #expected(place: Place): Words {
    const words = wordsAt(place).slice()
    for (let frame = this.#frame; words[BEHIND] && frame; frame = frame.above) {
      words[BEHIND] = 0
      if (frame.from) add(words, wordsAt(frame.from.next))
      else words[0] = 1
    }
    return words
  }

  readonly #isEnd = () => this.ahead(0).type === 0

  #tell({ at, message }: Complaint): void {
    const isLast = this.#complaints++ >= MAXIMUM_COMPLAINTS
    const told = isLast ? `More than ${MAXIMUM_COMPLAINTS} syntax errors` : message
    this.#complain({ at, message: `Syntax error: ${told}` })
    if (isLast) throw new Stop()
  }

  #give(message: string): never {
    this.#complain({ at: NOWHERE, message })
    throw new Stop()
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const quoted = (text: string) => `'${text.replace(/[\t\n\r]/g, sign => ESCAPES[sign] ?? sign)}'`
