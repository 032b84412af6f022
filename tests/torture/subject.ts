/** One kind of torture: a short run of it is a test, a long one a command with a seed. */
export interface Subject {
  /** One line of help. */
  readonly doc: string
  /** What it is run with unless told otherwise, by flag; numbers and texts keep their type. */
  readonly flags: Readonly<Record<string, number | string>>
  /** Throws, with what was broken, after it kept everything that helps to find out why. */
  run(values: Readonly<Record<string, number | string>>, tell: Tell): Promise<void>
}

/** Prints a line. */
export type Tell = (line: string) => void

/** Throws an error with the first of many complaints. */
export function assertNone(violations: readonly string[], what: string): void {
  if (violations.length === 0) return
  const shown = violations.slice(0, SHOWN).join('\n  ')
  throw new Error(`${what}: ${violations.length} violations\n  ${shown}`)
}
const SHOWN = 20
