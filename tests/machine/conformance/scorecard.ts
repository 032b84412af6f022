/** The verdict on a run: what failed without being expected to, what was expected to fail and did not, and a table by SIG. */
import type { ExpectedFailure } from './expected.ts'
import type { Outcome } from './report.ts'

export interface Verdict {
  /** Failures that nobody expects: Proa's, until somebody shows otherwise. */
  readonly failures: readonly Outcome[]
  /** Failures whose reason is known. */
  readonly expected: readonly (Outcome & { readonly reason: string })[]
  /** Expected failures that passed, so that their rows have to go. */
  readonly surprises: readonly Outcome[]
}

export function judge(
  outcomes: readonly Outcome[],
  expectations: readonly ExpectedFailure[],
): Verdict {
  const reasons = new Map(expectations.map(({ name, reason }) => [name, reason]))
  const failed = outcomes.filter(({ state }) => state === 'failed')
  return {
    failures: failed.filter(({ name }) => !reasons.has(name)),
    expected: failed.flatMap(outcome => {
      const reason = reasons.get(outcome.name)
      return reason === undefined ? [] : [{ ...outcome, reason }]
    }),
    surprises: outcomes.filter(({ name, state }) => state === 'passed' && reasons.has(name)),
  }
}

/** A run proves something only where something ran. */
export const isGood = (outcomes: readonly Outcome[], { failures, surprises }: Verdict): boolean =>
  outcomes.some(({ state }) => state === 'passed') &&
  failures.length === 0 &&
  surprises.length === 0

const COLUMNS = ['run', 'passed', 'failed', 'skipped'] as const
/** The first lines of a message say what happened; below come whole objects. */
const MESSAGE_LETTERS = 300

export function scorecard(outcomes: readonly Outcome[], verdict: Verdict): string {
  const groups = [...new Set(outcomes.map(({ group }) => group))].sort()
  const rows = [
    ...groups.map(group =>
      rowOf(
        group,
        outcomes.filter(each => each.group === group),
      ),
    ),
    rowOf('total', outcomes),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  const line = (name: string, cells: readonly (string | number)[]) =>
    [name.padEnd(width), ...cells.map(cell => String(cell).padStart(9))].join('')
  return [
    line('', COLUMNS),
    ...rows.map(([name, ...cells]) => line(name, cells)),
    ...section('Failed', verdict.failures, ({ message }) => message),
    ...section('Failed, as expected', verdict.expected, ({ reason }) => reason),
    ...section(
      'Passed, though expected to fail: remove from expected.ts',
      verdict.surprises,
      () => '',
    ),
  ].join('\n')
}

function rowOf(name: string, outcomes: readonly Outcome[]) {
  const count = (wanted: Outcome['state']) =>
    outcomes.filter(({ state }) => state === wanted).length
  const [passed, failed] = [count('passed'), count('failed')]
  return [name, passed + failed, passed, failed, count('skipped')] as const
}

function section<O extends Outcome>(
  title: string,
  outcomes: readonly O[],
  why: (outcome: O) => string,
): string[] {
  if (outcomes.length === 0) return []
  const sorted = outcomes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return [
    '',
    `${title}:`,
    ...sorted.flatMap(outcome => {
      const text = why(outcome).replaceAll(/\s+/g, ' ').trim().slice(0, MESSAGE_LETTERS)
      return [`  ${outcome.name}`, ...(text === '' ? [] : [`      ${text}`])]
    }),
  ]
}
