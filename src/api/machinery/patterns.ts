/**
 * Patterns from users, matched in linear time whatever they are. The engine is loaded before the first of them is
 * needed; most clusters have none.
 */
type Engine = typeof import('re2js')

let engine: Engine | undefined

export async function loadPatternEngine(): Promise<void> {
  engine ??= await import('re2js')
}

export interface Pattern {
  /** Whether some part of the text matches. */
  readonly test: (text: string) => boolean
  /** The first part that matches. */
  readonly find: (text: string) => string | undefined
  readonly findAll: (text: string, limit: number) => string[]
}

/** The most patterns that are kept compiled: they come from users, who may have any number. */
const MAXIMUM_COMPILED = 2_000
const compiled = new Map<string, Pattern>()

/** Throws where the text is no pattern, and where nobody loaded the engine. */
export function compilePattern(text: string): Pattern {
  const known = compiled.get(text)
  if (known) return known
  if (!engine) throw new Error('the engine for patterns is not loaded')
  const program = engine.RE2JS.compile(text)
  const findAll = (value: string, limit: number) => {
    const matcher = program.matcher(value)
    const found: string[] = []
    while (found.length < limit && matcher.find()) found.push(matcher.group() ?? '')
    return found
  }
  const pattern: Pattern = {
    test: value => program.test(value),
    find: value => findAll(value, 1)[0],
    findAll,
  }
  if (compiled.size >= MAXIMUM_COMPILED) compiled.clear()
  compiled.set(text, pattern)
  return pattern
}
