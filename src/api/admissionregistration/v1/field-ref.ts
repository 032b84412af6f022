/** The JSON paths by which the status of a policy says which of its expressions it means, read as clients read them. */

/** What is wrong with the path, in upstream's words; nothing where it can be read. */
export const wrongFieldRef = (path: string): string => wrongActions(`{${path}}`)

interface Step {
  readonly length: number
  /** It stands for everything below, which another one may not do at once. */
  readonly isDescent?: true
}
/** A step, or what is wrong with it. */
type Read = Step | string

/** What is in braces is a path, and what is around them is text that says nothing. */
function wrongActions(text: string): string {
  for (let at = text.indexOf('{') + 1; at > 0; at = text.indexOf('{', at) + 1)
    for (let before: Step | undefined; text[at] !== '}'; ) {
      if (before?.isDescent && text.startsWith('..', at))
        return 'invalid multiple recursive descent'
      const read = stepAt(text.slice(at))
      if (typeof read === 'string') return read
      before = read
      at += read.length
    }
  return ''
}

const SHAPES = {
  field: /^\.(?:\\.|[^\\\s.,[\]$@{}])*/s,
  number: /^[+-]?[\d.]*/,
  word: /^[^\s.,[\]$@{}]+/,
  /** It ends at a quote that stands behind no backslash. */
  text: /^(["'])[^\n]*?(?<!\\)\1/,
  array: /^\[[^\]\n]*\]/,
} as const
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)$/

function stepAt(rest: string): Read {
  const [first = ''] = rest
  if (rest.startsWith('[?(')) return filterAt(rest)
  if (rest.startsWith('..')) {
    // A name may follow without a dot of its own.
    const name = /^\w/.test(rest.slice(2)) ? (SHAPES.word.exec(rest.slice(2))?.[0] ?? '') : ''
    return name ? { length: 2 + name.length } : { length: 2, isDescent: true }
  }
  if (first === '' || first === '\n' || first === '\r') return 'unclosed action'
  if (' @$'.includes(first)) return { length: 1 }
  if (first === '[') return arrayAt(rest)
  if (first === '.') return taken(SHAPES.field, rest)
  if (first === '"' || first === "'")
    return SHAPES.text.test(rest) ? taken(SHAPES.text, rest) : 'unterminated quoted string'
  if (/[+\-\d]/.test(first)) {
    const number = SHAPES.number.exec(rest)?.[0] ?? ''
    return NUMBER.test(number) ? { length: number.length } : `cannot parse number ${number}`
  }
  if (/[\p{L}\p{Nd}_]/u.test(first)) return taken(SHAPES.word, rest)
  const [letter = ''] = [...rest]
  const code = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const shown = /[\p{C}\p{Z}]/u.test(letter) ? '' : ` '${letter}'`
  return `unrecognized character in action: U+${code}${shown}`
}

const taken = (shape: RegExp, rest: string): Step => ({ length: shape.exec(rest)?.[0].length ?? 0 })

const SLICE = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/

/** A place, a range, a name in quotes, or several of them. */
function arrayAt(rest: string): Read {
  const array = SHAPES.array.exec(rest)?.[0]
  if (array === undefined) return 'unterminated array'
  const length = array.length
  const text = array === '[*]' ? ':' : array.slice(1, -1)
  const parts = text.split(',')
  if (parts.length > 1) {
    const inner = parts.map(part => wrongActions(`{[${part.replace(/^ +| +$/g, '')}]}`))
    return inner.find(wrong => wrong !== '') ?? { length }
  }
  const name = /^'([^']*)'$/.exec(text)
  if (name) return wrongActions(`{.${name[1]}}`) || { length }
  const slice = SLICE.exec(text)
  if (!slice) return `invalid array index ${text}`
  const wrong = slice.slice(1).find(part => part && !isPlace(part))
  return wrong ? `array index ${wrong} is not a number` : { length }
}

/** Numbers of Go have 64 bits. */
const isPlace = (text: string) => text !== '-' && BigInt.asIntN(64, BigInt(text)) === BigInt(text)

/** The items for which something holds, as `[?(@.type=="Ready")]`; what stands in quotes may have parentheses in it. */
function filterAt(rest: string): Read {
  const begun = '[?('.length
  let quote: string | undefined
  let isClosed = false
  let at = begun
  for (; ; at++) {
    const letter = rest[at]
    if (letter === undefined || letter === '\n') return 'unterminated filter'
    if (letter === ')' && (quote !== undefined) === isClosed) break
    if (letter !== '"' && letter !== "'") continue
    if (quote === undefined) quote = letter
    else if (letter === quote && rest[at - 1] !== '\\') isClosed = true
  }
  if (rest[at + 1] !== ']') return 'unclosed array expect ]'
  const text = rest.slice(begun, at)
  const [, ...sides] = /^([^!<>=]+)[!<>=]+(.+?)$/.exec(text) ?? ['', text]
  const wrong = sides.map(side => wrongActions(`{${side}}`)).find(each => each !== '')
  return wrong ?? { length: at + 2 }
}
