/** Gives the files of a volume to a pod's group. */
import type { Files } from '../host-access.ts'

/** Set-group-id, and all rights of the group: how the root of a volume looks that was given to a group. */
const GIVEN = 0o2070

export interface Giving {
  readonly group: number
  /** As a pod's `fsGroupChangePolicy`: OnRootMismatch leaves a volume alone whose root looks right. */
  readonly policy: string | undefined
}

export async function giveToGroup(
  files: Files,
  path: string,
  { group, policy }: Giving,
): Promise<void> {
  if (policy === 'OnRootMismatch') {
    const facts = await files.facts(path)
    if (facts?.group === group && (facts.mode & GIVEN) === GIVEN) return
  }
  await files.giveToGroup(path, group, false)
}
