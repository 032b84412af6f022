/** A history that was kept is judged again, after the judge or the eye has learned something. */
import { violationsOf } from '../../src/simulation/checkers/checkers.ts'
import { keptHistory } from './keep.ts'
import type { Subject } from './subject.ts'

export const judge: Subject = {
  doc: 'judges again a history that was kept (the directory that an error named)',
  flags: { directory: '' },
  async run({ directory }, tell) {
    const history = keptHistory(String(directory))
    tell(`${history.operations.length} operations, ${history.watches.length} watches`)
    const violations = violationsOf(history)
    for (const violation of violations) tell(violation)
    if (violations.length > 0) throw new Error(`${violations.length} violations`)
  },
}
