/** One version in which a stored resource is served. Most resources have one, and it is the stored one. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { StoredObject } from './stored-object.ts'

export interface View {
  /** The kind as it is served here. */
  readonly kind: AnyKind
  /** Absent where the stored form is served as it is. */
  readonly fromStored?: (stored: KubernetesObject) => KubernetesObject
  readonly toStored?: (served: KubernetesObject) => KubernetesObject
  /** Only of custom resources, whose versions have rules of their own. */
  readonly own?: OwnVersion
}

/**
 * A version that writes keep to until the very end: its rules judge them, and only what is to be stored is converted. Conversion may
 * have to ask somebody, so what is to be shown is prepared first.
 */
export interface OwnVersion {
  /** What is shown may say something else than what is stored. */
  readonly isConverted: boolean
  /** Any version of the resource, also one that is not served; throws where there is no such version, or no longer. */
  kindOf(apiVersion: string): AnyKind
  /** Gets these ready to be shown, together; undefined where they are. Rejects where one of them cannot be shown. */
  prepare(stored: Iterable<StoredObject>): Promise<void> | undefined
  /** A stored object in this version; throws where it was not prepared. */
  shown(stored: StoredObject): KubernetesObject
  /** An object of this resource, in whichever version, in another one. */
  convert(
    object: KubernetesObject,
    apiVersion: string,
  ): KubernetesObject | Promise<KubernetesObject>
}

export function viewOf(kind: AnyKind): View {
  if (!kind.storedAs) return { kind }
  const { fromStored, toStored } = kind.storedAs
  return { kind, fromStored, toStored }
}

/** Must be awaited before `StoredObject.in` where it is not undefined. */
export function prepare({ own }: View, stored: Iterable<StoredObject>): Promise<void> | undefined {
  return own?.prepare(stored)
}
