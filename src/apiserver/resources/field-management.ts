/** Where managedFields are kept up to date. */
import { trackUpdate, type Writer } from '#api/machinery/apply/apply.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject, ManagedFieldsEntry } from '#api/machinery/metadata.ts'

export interface FieldManagement {
  /** The entries of an object after `writer` turned `previous` into `next` by an ordinary write. */
  track(
    kind: AnyKind,
    previous: KubernetesObject | undefined,
    next: KubernetesObject,
    writer: Writer,
  ): readonly ManagedFieldsEntry[] | undefined
}

/** As upstream: every write is accounted for. */
export const fieldManagement: FieldManagement = { track: trackUpdate }
