/**
 * Why a text is no JSON, in the words of Go's parser, which clients know: V8's own words change with its versions. Only texts
 * that JSON.parse refused come here.
 */

type State = (byte: number) => State | string

const CLOSE_BRACE = 0x7d
const CLOSE_BRACKET = 0x5d
const END = 'unexpected end of JSON input'

/** The first mistake in the bytes of a text that is no JSON. */
export function syntaxErrorOf(bytes: Uint8Array): string {
  const scanner = new Scanner()
  let state = scanner.beginValue
  for (const byte of bytes) {
    const next = state(byte)
    if (typeof next === 'string') return `invalid character ${quoted(byte)} ${next}`
    state = next
  }
  return END
}

const isSpace = (byte: number) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39
const is = (byte: number, letter: string) => byte === letter.charCodeAt(0)

class Scanner {
  /** What is open: the closing bytes, innermost last. */
  readonly #open: number[] = []
  #after: State = byte => this.endTop(byte)

  readonly beginValue: State = byte => {
    if (isSpace(byte)) return this.beginValue
    if (is(byte, '{')) return this.#enter(CLOSE_BRACE, this.beginKeyOrEmpty)
    if (is(byte, '[')) return this.#enter(CLOSE_BRACKET, this.beginItemOrEmpty)
    if (is(byte, '"')) return this.#string(this.#after)
    if (is(byte, '-')) return this.#minus
    if (is(byte, '0')) return this.#zero
    if (isDigit(byte)) return this.#whole
    for (const word of ['true', 'false', 'null']) if (is(byte, word)) return this.#word(word, 1)
    return 'looking for beginning of value'
  }

  readonly beginKeyOrEmpty: State = byte => {
    if (isSpace(byte)) return this.beginKeyOrEmpty
    return byte === CLOSE_BRACE ? this.#leave() : this.#beginKey(byte)
  }

  readonly beginItemOrEmpty: State = byte => {
    if (isSpace(byte)) return this.beginItemOrEmpty
    return byte === CLOSE_BRACKET ? this.#leave() : this.beginValue(byte)
  }

  readonly endTop: State = byte => (isSpace(byte) ? this.#after : 'after top-level value')

  readonly #beginKey: State = byte => {
    if (isSpace(byte)) return this.#beginKey
    return is(byte, '"')
      ? this.#string(this.#afterKey)
      : 'looking for beginning of object key string'
  }

  readonly #afterKey: State = byte => {
    if (isSpace(byte)) return this.#afterKey
    return is(byte, ':') ? this.beginValue : 'after object key'
  }

  readonly #afterItem: State = byte => {
    if (isSpace(byte)) return this.#afterItem
    const closing = this.#open.at(-1)
    if (is(byte, ',')) return closing === CLOSE_BRACE ? this.#beginKey : this.beginValue
    if (byte === closing) return this.#leave()
    return closing === CLOSE_BRACE ? 'after object key:value pair' : 'after array element'
  }

  #enter(closing: number, next: State): State {
    this.#open.push(closing)
    this.#after = this.#afterItem
    return next
  }

  #leave(): State {
    this.#open.pop()
    if (this.#open.length === 0) this.#after = this.endTop
    return this.#after
  }

  #string(after: State): State {
    const inString: State = byte => {
      if (is(byte, '"')) return after
      if (is(byte, '\\')) return afterBackslash
      return byte < 0x20 ? 'in string literal' : inString
    }
    const afterBackslash: State = byte => {
      if (is(byte, 'u')) return hexadecimal(4)
      return '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? inString : 'in string escape code'
    }
    const hexadecimal = (left: number): State => {
      if (left === 0) return inString
      return byte =>
        /[0-9a-fA-F]/.test(String.fromCharCode(byte))
          ? hexadecimal(left - 1)
          : 'in \\u hexadecimal character escape'
    }
    return inString
  }

  #word(word: string, at: number): State {
    if (at === word.length) return this.#after
    const letter = word[at] as string
    return byte =>
      is(byte, letter) ? this.#word(word, at + 1) : `in literal ${word} (expecting '${letter}')`
  }

  readonly #minus: State = byte => {
    if (is(byte, '0')) return this.#zero
    return isDigit(byte) ? this.#whole : 'in numeric literal'
  }
  readonly #whole: State = byte => (isDigit(byte) ? this.#whole : this.#zero(byte))
  readonly #zero: State = byte => (is(byte, '.') ? this.#point : this.#exponentOrEnd(byte))
  readonly #point: State = byte =>
    isDigit(byte) ? this.#fraction : 'after decimal point in numeric literal'
  readonly #fraction: State = byte => (isDigit(byte) ? this.#fraction : this.#exponentOrEnd(byte))
  readonly #exponentOrEnd: State = byte =>
    is(byte, 'e') || is(byte, 'E') ? this.#exponent : this.#after(byte)
  readonly #exponent: State = byte =>
    is(byte, '+') || is(byte, '-') ? this.#exponentDigit : this.#exponentDigit(byte)
  readonly #exponentDigit: State = byte =>
    isDigit(byte) ? this.#exponentDigits : 'in exponent of numeric literal'
  readonly #exponentDigits: State = byte =>
    isDigit(byte) ? this.#exponentDigits : this.#after(byte)
}

const ESCAPES: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '"',
  39: "\\'",
  92: '\\\\',
}

/** A byte as Go shows it: its letter in quotes, or an escape. */
function quoted(byte: number): string {
  const known = ESCAPES[byte]
  if (known !== undefined) return `'${known}'`
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`
  const isHidden = (byte >= 0x80 && byte <= 0xa0) || byte === 0xad
  return isHidden ? `'\\u00${byte.toString(16)}'` : `'${String.fromCharCode(byte)}'`
}
