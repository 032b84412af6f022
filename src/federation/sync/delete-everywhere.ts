/** An object of the host is being deleted: so are its copies, and only when they are gone does it go. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { Members } from '../inventory/members.ts'
import type { CopyWriter } from './copy-writer.ts'
import type { FederatedKind } from './federated-kinds.ts'
import { type HostWriter, isOrphaned, placementOf } from './host-writer.ts'

/** Clusters tell when a copy is gone; this is for those that could not be asked. */
export const DELETION_POLL_MS = 30_000

export interface Deletion {
  readonly kind: FederatedKind
  readonly object: KubernetesObject
  readonly members: Members
}

/**
 * True when nothing is left to do. Clusters that do not answer are waited for where they have a copy by what the host remembers; one that never comes
 * back has to be unjoined.
 */
export async function deleteEverywhere(
  { kind: { kind }, object, members }: Deletion,
  copies: CopyWriter,
  host: HostWriter,
): Promise<boolean> {
  if (!host.isHeld(object)) return true
  const isOrphan = isOrphaned(object)
  // Looked at again once that is seen: from then on it does not matter when the garbage collector is done.
  if (isOrphan && (await host.rememberOrphan(kind, object))) return false
  const placement = placementOf(object)
  const outcomes = await Promise.allSettled(
    members.list().map(async ({ name, state, member }) => {
      const mayHaveCopy = placement[name] !== undefined || member?.copy(kind, keyOf(object))
      if (!mayHaveCopy) return true
      if (state !== 'Ready' || !member) return isOrphan
      if (isOrphan) {
        await copies.orphan(member.client, kind, object)
        return true
      }
      try {
        return await copies.remove(member.client, kind, object)
      } catch (error) {
        members.suspect(name)
        throw error
      }
    }),
  )
  const failed = outcomes.find(({ status }) => status === 'rejected')
  if (failed) throw (failed as PromiseRejectedResult).reason
  const isGone = outcomes.every(outcome => outcome.status === 'fulfilled' && outcome.value)
  if (isGone) await host.release(kind, object)
  return isGone
}
