import { messageOf } from '#base/errors.ts'
import type { Mvcc } from '../../mvcc.ts'
import { loadDatabase, stateFile } from '../../sqlite/database.ts'
import { inspectFile } from '../../sqlite/inspect.ts'
import type { Revision } from '../../store.ts'
import { decode } from '../recorder.ts'
import { longValue, type TortureHistory } from './history.ts'

/** Later than all commits. */
const FAR_FUTURE_MS = 8e15

/**
 * Whether the store in `directory` is what a crash may leave, one sentence per broken promise: it opens, its pages and rows are whole, its
 * revision is not behind what anybody knew, and at every revision that it can still show it holds exactly what was committed by then.
 */
export function imageViolations(directory: string, history: TortureHistory): string[] {
  let state: Mvcc
  try {
    state = loadDatabase(directory, FAR_FUTURE_MS)
    inspectFile(stateFile(directory))
  } catch (error) {
    return [`does not open: ${messageOf(error)}`]
  }
  return stateViolations(state, history)
}

/** The part of it that looks at what was read. */
export function stateViolations(
  state: Pick<Mvcc, 'revision' | 'compactedRevision' | 'list'>,
  history: TortureHistory,
): string[] {
  const { revision, compactedRevision } = state
  const violations: string[] = []
  if (revision < history.known) {
    violations.push(`revision went back from ${history.known} to ${revision}`)
  }
  if (revision >= history.states.length) {
    violations.push(`revision ${revision} was never sent`)
    return violations
  }
  const middle = Math.floor((revision + compactedRevision) / 2)
  for (const at of new Set([revision, middle, compactedRevision])) {
    const difference = differenceAt(state, history, at)
    if (difference !== undefined) violations.push(difference)
  }
  return violations
}

function differenceAt(
  state: Pick<Mvcc, 'list'>,
  history: TortureHistory,
  revision: Revision,
): string | undefined {
  const wanted = new Map(history.states[revision])
  for (const { key, value } of state.list('', { revision }).entries) {
    const short = wanted.get(key)
    const found = decode(value) ?? ''
    if (!short) return `at ${revision} there is ${key}, which was not there`
    if (found !== longValue(short)) {
      return `at ${revision} ${key} was ${short.number}, but is ${found.slice(0, 12)}`
    }
    wanted.delete(key)
  }
  const [missing] = wanted.keys()
  return missing === undefined ? undefined : `at ${revision} ${missing} is missing`
}
