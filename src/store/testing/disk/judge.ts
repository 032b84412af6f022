import { messageOf } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import type { Mvcc } from '../../mvcc.ts'
import { loadDatabase, stateFile } from '../../sqlite/database.ts'
import { inspectFile } from '../../sqlite/inspect.ts'
import { ValueFile } from '../../sqlite/value-file.ts'
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
  // Once as a small file is read, and once as a large one, whose values stay where they are.
  const values = new ValueFile(stateFile(directory), silentLog, 0)
  try {
    const { state } = loadDatabase(directory, FAR_FUTURE_MS)
    const { state: large } = loadDatabase(directory, FAR_FUTURE_MS, values)
    inspectFile(stateFile(directory))
    return [...new Set([state, large].flatMap(each => stateViolations(each, history)))]
  } catch (error) {
    return [`does not open: ${messageOf(error)}`]
  } finally {
    values.close()
  }
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
