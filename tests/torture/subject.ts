/** One kind of torture: a short run of it is a test, a long one a command with a seed. */
import type { History } from '../../src/simulation/checkers/checkers.ts'
import { keep } from './keep.ts'

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

/** Throws an error with the first of many complaints; all of them are kept, with the history that they are about. */
export function assertNone(violations: readonly string[], what: string, history?: History): void {
  if (violations.length === 0) return
  const head = `${what}: ${violations.length} violations`
  const shown = violations.slice(0, SHOWN).join('\n  ')
  throw new Error(`${head}\n  ${shown}\n  all of it is in ${keep(head, violations, history)}`)
}
const SHOWN = 20
