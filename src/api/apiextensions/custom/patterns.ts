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
  const pattern: Pattern = { test: value => program.test(value) }
  if (compiled.size >= MAXIMUM_COMPILED) compiled.clear()
  compiled.set(text, pattern)
  return pattern
}
