/** What does not parse, told as Go's implementation tells it: what was met, what was expected, and where. */
import { compileExpression } from './engine.ts'
import { shownAt } from './shown-at.ts'

/** As the engine throws it. */
interface ParseProblem {
  readonly code: string
  readonly summary: string
  readonly range: { readonly start: number; readonly end: number }
}

/** What an expression can begin with. */
const BEGINNING =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const CAN_BEGIN = /^\s*[[{(.!"'\w-]/
/** Of `==`, `&&` and `||`; alone it is nothing. */
const HALF_TOKEN = /[=&|]/
const CLOSING: Readonly<Record<string, string>> = { RPAREN: ')', RBRACKET: ']', RBRACE: '}' }
const TOKEN = /[A-Za-z_]\w*|\d[\w.]*|"[^"]*"|'[^']*'|\S/y

/** Undefined for what is wrong otherwise. */
export function syntaxProblem(
  text: string,
  thrown: unknown,
  placeOf = (start: number) => start,
): string | undefined {
  if (!isParseProblem(thrown)) return undefined
  const { code, summary, range } = thrown
  const at = placeOf(range.start)
  if (code === 'unexpected_character' && !/[\w!]/.test(text[at] ?? ''))
    return unrecognized(text, at)
  // A name may begin with a dot, so that only what comes behind it is wrong.
  if (summary.endsWith('DOT') && text.slice(at).trim() === '.')
    return marked(text, at + 1, "no viable alternative at input '.'")
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
  if (closing) return `missing '${closing}' at '${tokenAt(text, at)}'`
  if (wanted === 'IDENTIFIER' && at >= text.length) return "no viable alternative at input '.'"
  if (code === 'unexpected_character') return leftOver(text, at)
  const met = tokenAt(text, at)
  // What could go on without it has one token too much.
  const isBegunBehind = met !== '<EOF>' && CAN_BEGIN.test(text.slice(at + met.length))
  return `${isBegunBehind ? 'extraneous' : 'mismatched'} input '${met}' expecting ${BEGINNING}`
}

/** Go's scanner passes over what it does not know, with the character behind it where both might have been a token, and its parser goes on. */
function unrecognized(text: string, at: number): string {
  const end = at + (HALF_TOKEN.test(text[at] ?? '') ? 2 : 1)
  const skipped = text.slice(at, end)
  const first = marked(text, at, `token recognition error at: '${skipped}'`)
  if (parses(text.slice(0, at) + text.slice(end))) return first
  const next = end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0)
  return next < text.length ? `${first}\n${marked(text, next, leftOver(text, next))}` : first
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
