/** What can be tortured, by the name that `npm run torture -- NAME` takes. */
import { judge } from './judge.ts'
import { kill } from './kill.ts'
import { nightly } from './nightly.ts'
import { partition } from './partition.ts'
import { power } from './power.ts'
import type { Subject } from './subject.ts'
import { traversal } from './traversal.ts'

export const subjects: Readonly<Record<string, Subject>> = {
  judge,
  kill,
  nightly,
  partition,
  power,
  traversal,
}
