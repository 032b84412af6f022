/** The words of an expression, by the lexical rules of the language. What is no word is told and passed over. */

/** In the order in which they are told where several are expected. */
export const WORDS = [
  '<EOF>',
  "'=='",
  "'!='",
  "'in'",
  "'<'",
  "'<='",
  "'>='",
  "'>'",
  "'&&'",
  "'||'",
  "'['",
  "']'",
  "'{'",
  "'}'",
  "'('",
  "')'",
  "'.'",
  "','",
  "'-'",
  "'!'",
  "'?'",
  "':'",
  "'+'",
  "'*'",
  "'/'",
  "'%'",
  "'true'",
  "'false'",
  "'null'",
  'NUM_FLOAT',
  'NUM_INT',
  'NUM_UINT',
  'STRING',
  'BYTES',
  'IDENTIFIER',
  'ESC_IDENTIFIER',
] as const

export type Word = (typeof WORDS)[number]

const NUMBERS = new Map<string, number>(WORDS.map((word, at) => [word, at]))

export const numberOf = (word: Word): number => NUMBERS.get(word) ?? 0

export interface Token {
  readonly type: number
  readonly text: string
  /** In code points from the beginning, also `end`, which is behind. */
  readonly start: number
  readonly end: number
  /** Blanks and comments before it. */
  readonly gap: string
}

/** Of the whole text. */
export const NOWHERE = -2
/** Of something that was never read. */
export const UNREAD = -1

/** Something to tell of a place in the text. */
export interface Complaint {
  readonly at: number
  readonly message: string
}

const HEX = '[0-9a-fA-F]'
const ESCAPE = String.raw`\\(?:[abfnrtv"'\\?${'`'}]|[0-3][0-7][0-7]|[xX]${HEX}{2}|u${HEX}{4}|U${HEX}{8})`
/** An escape that more letters would complete. */
const HALF_ESCAPE = String.raw`\\(?:[0-3][0-7]?|[xX]${HEX}?|u${HEX}{0,3}|U${HEX}{0,7})?`
const TEXT = [
  `"""(?:${ESCAPE}|[^\\\\])*?"""`,
  `'''(?:${ESCAPE}|[^\\\\])*?'''`,
  `"(?:${ESCAPE}|[^\\\\"\\n\\r])*"`,
  `'(?:${ESCAPE}|[^\\\\'\\n\\r])*'`,
  String.raw`[rR](?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n\r]*"|'[^'\n\r]*')`,
].join('|')

/** Of several that match, the longest is meant; of those as long, the first. */
const RULES: readonly (readonly [Word, RegExp])[] = [
  ['NUM_FLOAT', /(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/uy],
  ['NUM_INT', /0x[0-9a-fA-F]+|\d+/uy],
  ['NUM_UINT', /0x[0-9a-fA-F]+[uU]|\d+[uU]/uy],
  ['STRING', new RegExp(TEXT, 'uy')],
  ['BYTES', new RegExp(`[bB](?:${TEXT})`, 'uy')],
  ['IDENTIFIER', /[A-Za-z_][A-Za-z0-9_]*/uy],
  ['ESC_IDENTIFIER', /`[A-Za-z0-9_./ -]+`/uy],
]
const HIDDEN = /(?:[\t \r\n\f]+|\/\/[^\n]*)+/uy
const SIGN = /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/uy
const KEYWORDS = new Set(['in', 'true', 'false', 'null'])
/** As far as something can be read as the beginning of a word. */
const BEGUN = new RegExp(
  `"(?:${ESCAPE}|[^\\\\"\\n\\r])*(?:${HALF_ESCAPE})?|'(?:${ESCAPE}|[^\\\\'\\n\\r])*(?:${HALF_ESCAPE})?|\`[A-Za-z0-9_./ -]*|[=&|]`,
  'uy',
)

/** The words of a text, read when they are asked for. */
export class Tokens {
  readonly #text: string
  readonly #complain: (complaint: Complaint) => void
  readonly #read: Token[] = []
  /** How far it is read, in units of the text and in code points. */
  #unit = 0
  #point = 0

  constructor(text: string, complain: (complaint: Complaint) => void) {
    this.#text = text
    this.#complain = complain
  }

  /** Behind the last word is ever the end. */
  at(index: number): Token {
    while (this.#read.length <= index && this.#read.at(-1)?.type !== 0)
      this.#read.push(this.#next())
    return this.#read[Math.min(index, this.#read.length - 1)] as Token
  }

  #next(): Token {
    let gap = ''
    for (;;) {
      gap += this.#pass(matchAt(HIDDEN, this.#text, this.#unit) ?? '')
      const start = this.#point
      if (this.#unit >= this.#text.length) return { type: 0, text: '<EOF>', start, end: start, gap }
      const [type, text] = wordAt(this.#text, this.#unit)
      if (type > 0) {
        this.#pass(text)
        return { type, text, start, end: this.#point, gap }
      }
      const passed = this.#pass(wrongAt(this.#text, this.#unit))
      this.#complain({ at: start, message: `token recognition error at: '${passed}'` })
    }
  }

  #pass(text: string): string {
    this.#unit += text.length
    for (const _ of text) this.#point++
    return text
  }
}

/** What might have become a word, and the letter with which it did not. */
function wrongAt(text: string, at: number): string {
  const begun = matchAt(BEGUN, text, at) ?? ''
  const wrong = text.codePointAt(at + begun.length)
  return begun + (wrong === undefined ? '' : String.fromCodePoint(wrong))
}

function wordAt(text: string, at: number): readonly [type: number, word: string] {
  let [type, longest] = [0, '']
  for (const [word, pattern] of RULES) {
    const matched = matchAt(pattern, text, at)
    if (matched === undefined || matched.length <= longest.length) continue
    type = numberOf(word)
    longest = matched
  }
  if (KEYWORDS.has(longest)) return [NUMBERS.get(`'${longest}'`) ?? 0, longest]
  if (type > 0) return [type, longest]
  const sign = matchAt(SIGN, text, at)
  return sign === undefined ? [0, ''] : [NUMBERS.get(`'${sign}'`) ?? 0, sign]
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}
