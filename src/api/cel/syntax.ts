/** What does not parse, told as Go's implementation tells it: what was met, what was expected, and where. */
import { compileExpression } from './engine.ts'
import { shownAt } from './shown-at.ts'

/** As the engine throws it. */
interface ParseProblem {
  readonly code: string
  readonly summary: string
  readonly range: { readonly start: number; readonly end: number }
}

/** What an expression can begin with, but for the marks between. */
const ATOMS = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const BEGINNING = `{'[', '{', '(', '.', '-', '!', ${ATOMS}`
/** What else may stand behind an open bracket, by what ends there: a call, a place in a list, a map. */
const BEHIND_OPEN: readonly (readonly [RegExp, string])[] = [
  [/\w\s*\($/, `{'[', '{', '(', ')', '.', '-', '!', ${ATOMS}`],
  [/[\w)\]]\s*\[$/, `{'[', '{', '(', '.', '-', '!', '?', ${ATOMS}`],
  [/(?:^|[^\w\s])\s*\{$/, `{'[', '{', '}', '(', '.', ',', '-', '!', '?', ${ATOMS}`],
]
const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)
const CAN_BEGIN = /^\s*[[{(.!"'\w-]/
/** Of `==`, `&&` and `||`; alone it is nothing. */
const HALF_TOKEN = /[=&|]/
const CLOSING: Readonly<Record<string, string>> = { RPAREN: ')', RBRACKET: ']', RBRACE: '}' }
const TOKEN = /[A-Za-z_]\w*|\d[\w.]*|"[^"]*"|'[^']*'|[=!<>]=|&&|\|\||\S/y
/** Tokens all the same, which nothing has a place for there. */
const MARK = /[)\]},:?]/
const QUOTE = /["']/
/** A sign at the end, of a number that never comes. */
const LONELY_MINUS = /(?:^|[-+*/%=<>&|!(,[{?:])\s*-\s*$/

/** Undefined for what is wrong otherwise. */
export function syntaxProblem(
  text: string,
  thrown: unknown,
  placeOf = (start: number) => start,
): string | undefined {
  if (!isParseProblem(thrown)) return undefined
  const { code, summary, range } = thrown
  const at = placeOf(range.start)
  const word = tokenAt(text, at)
  if (
    RESERVED.has(word) &&
    parses(text.slice(0, at) + '_'.repeat(word.length) + text.slice(at + word.length))
  )
    return shownAt(text, at, `reserved identifier: ${word}`)
  if (QUOTE.test(text[at] ?? '') && !text.slice(at + 1).includes(text[at] as string))
    return endless(text, at)
  if (
    code === 'unexpected_character' &&
    !/[\w!]/.test(text[at] ?? '') &&
    !MARK.test(text[at] ?? '')
  )
    return unrecognized(text, at)
  // A name may begin with a dot, so that only what comes behind it is wrong.
  if (summary.endsWith('DOT') && text.slice(at).trim() === '.')
    return marked(text, at + 1, "no viable alternative at input '.'")
  if (at >= text.length && LONELY_MINUS.test(text))
    return `${marked(text, at, "no viable alternative at input '-'")}\n${nothingAt(text, at)}`
  const told = toldOf(code, summary, text, at)
  // There is no line to show then, nor a first column.
  return text === '' ? `ERROR: <input>:1:0: Syntax error: ${told}` : marked(text, at, told)
}

function isParseProblem(thrown: unknown): thrown is ParseProblem {
  return thrown instanceof Error && thrown.name === 'ParseError' && 'range' in thrown
}

function toldOf(code: string, summary: string, text: string, at: number): string {
  const [, wanted = ''] = /^Expected (\w+)/.exec(summary) ?? []
  const closing = CLOSING[wanted]
  const isAtEnd = at >= text.length
  if (isAtEnd && (wanted === 'RBRACE' || (wanted === 'RBRACKET' && !isIndexOpen(text))))
    return `mismatched input '<EOF>' expecting {'${closing}', ','}`
  if (wanted === 'COLON' && isAtEnd) return "mismatched input '<EOF>' expecting ':'"
  if (wanted === 'COLON') return `missing ':' at '${tokenAt(text, at)}'`
  if (wanted === 'IDENTIFIER' && text[at] === '.') return "no viable alternative at input '..'"
  if (closing) return `missing '${closing}' at '${tokenAt(text, at)}'`
  if (wanted === 'IDENTIFIER' && isAtEnd) return "no viable alternative at input '.'"
  if (code === 'unexpected_character') return leftOver(text, at)
  const met = tokenAt(text, at)
  // What could go on without it has one token too much; so does, as upstream, the end behind a `!`.
  const isBegunBehind =
    met === '<EOF>' ? /!\s*$/.test(text.slice(0, at)) : CAN_BEGIN.test(text.slice(at + met.length))
  return `${isBegunBehind ? 'extraneous' : 'mismatched'} input '${met}' expecting ${possibleAt(text, at)}`
}

function possibleAt(text: string, at: number): string {
  const before = text.slice(0, at).trimEnd()
  return BEHIND_OPEN.find(([ending]) => ending.test(before))?.[1] ?? BEGINNING
}

/** Whether the bracket that is not closed is one of a place, as in `a[1`, and not of a list. */
function isIndexOpen(text: string): boolean {
  let depth = 0
  const plain = text.replaceAll(/"[^"]*"|'[^']*'/g, string => '_'.repeat(string.length))
  for (let at = plain.length - 1; at >= 0; at--) {
    if (plain[at] === ']') depth++
    else if (plain[at] === '[' && depth-- === 0) return /[\w)\]}]\s*$/.test(plain.slice(0, at))
  }
  return false
}

/** A string that does not end is passed over to the end of the text. */
function endless(text: string, at: number): string {
  const first = marked(text, at, `token recognition error at: '${text.slice(at)}'`)
  return parses(text.slice(0, at)) ? first : `${first}\n${nothingAt(text, text.length)}`
}

const nothingAt = (text: string, at: number) =>
  marked(text, at, `mismatched input '<EOF>' expecting ${possibleAt(text, at)}`)

/** Go's scanner passes over what it does not know, with the character behind it where both might have been a token, and its parser goes on. */
function unrecognized(text: string, at: number): string {
  const end = at + (HALF_TOKEN.test(text[at] ?? '') ? 2 : 1)
  const skipped = text.slice(at, end)
  const first = marked(text, at, `token recognition error at: '${skipped}'`)
  if (parses(text.slice(0, at) + text.slice(end))) return first
  const next = end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0)
  if (next >= text.length) return `${first}\n${nothingAt(text, text.length)}`
  return `${first}\n${marked(text, next, leftOver(text, next))}`
}

/** What is wrong otherwise, such as a name that nobody declared, is an expression all the same. */
function parses(text: string): boolean {
  try {
    compileExpression(text, 'dyn')
    return true
  } catch (thrown) {
    return !isParseProblem(thrown)
  }
}

/** A single token too much is left out, more are not understood. */
function leftOver(text: string, at: number): string {
  const token = tokenAt(text, at)
  const isLast = text.slice(at + token.length).trim() === ''
  return `${isLast ? 'extraneous' : 'mismatched'} input '${token}' expecting <EOF>`
}

function tokenAt(text: string, at: number): string {
  TOKEN.lastIndex = at
  return TOKEN.exec(text)?.[0] ?? '<EOF>'
}

const marked = (text: string, at: number, message: string) =>
  shownAt(text, at, `Syntax error: ${message}`)
