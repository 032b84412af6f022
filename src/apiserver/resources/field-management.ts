/** Where managedFields are kept up to date; server-side apply brings the real one. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject, ManagedFieldsEntry } from '#api/machinery/metadata.ts'

export interface FieldWriter {
  readonly manager: string
  readonly subresource: string
  /** RFC 3339. */
  readonly time: string
}

export interface FieldManagement {
  /** The entries of an object after `writer` turned `previous` into `next` by an ordinary write. */
  track(
    kind: AnyKind,
    previous: KubernetesObject | undefined,
    next: KubernetesObject,
    writer: FieldWriter,
  ): ManagedFieldsEntry[] | undefined
}

/** Keeps what is there and adds nothing. */
export const noFieldManagement: FieldManagement = {
  track: (_kind, previous) => previous?.metadata.managedFields,
}
