/** One version in which a stored resource is served. Most resources have one, and it is the stored one. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'

export interface View {
  /** The kind as it is served here. */
  readonly kind: AnyKind
  /** Absent where the stored form is served as it is. */
  readonly fromStored?: (stored: KubernetesObject) => KubernetesObject
  readonly toStored?: (served: KubernetesObject) => KubernetesObject
  /** Writes obey the rules of the served kind, not those of the stored one. */
  readonly hasOwnRules?: boolean
}

export function viewOf(kind: AnyKind): View {
  if (!kind.storedAs) return { kind }
  const { fromStored, toStored } = kind.storedAs
  return { kind, fromStored, toStored }
}
