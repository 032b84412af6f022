/** Ids that the machine sets aside for a user to give to others, as `/etc/subuid` and `/etc/subgid` or whoever stands in for them say. */
import { command, tryCommand } from '../command.ts'
import { findProgram } from '../programs.ts'

/** What getsubids(1) prints of each. */
export interface SubordinateIds {
  readonly users: string
  readonly groups: string
}

/** Undefined where there is no such user, or no getsubids(1). Rejects where that fails. */
export async function subordinateIds(user: string): Promise<SubordinateIds | undefined> {
  const known = await tryCommand('id', ['-u', user])
  const program = findProgram('getsubids')
  if (known.exitCode !== 0 || !program) return undefined
  const [users, groups] = await Promise.all([
    command(program, [user]),
    command(program, ['-g', user]),
  ])
  return { users, groups }
}
