/** Finalizers that keep an object until nothing uses it any more. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { Write } from './controller.ts'

export interface Protection {
  readonly kind: AnyKind
  readonly object: KubernetesObject
  readonly finalizer: string
  /** Asked for an object that is being deleted, and before the finalizer is put on where only what is used gets it. */
  readonly isUsed: () => boolean | Promise<boolean>
  readonly isForUsedOnly?: boolean
}

/** Takes the finalizer off what is being deleted and not used; puts it on what came before there was a protection. */
export async function protect(protection: Protection): Promise<Write[]> {
  const { kind, object, finalizer, isUsed, isForUsedOnly = false } = protection
  const { finalizers = [], deletionTimestamp } = object.metadata
  const isProtected = finalizers.includes(finalizer)
  if (isProtected !== Boolean(deletionTimestamp)) return []
  if ((isProtected || isForUsedOnly) && (await isUsed()) === isProtected) return []
  const next = isProtected
    ? finalizers.filter(other => other !== finalizer)
    : [...finalizers, finalizer]
  const metadata = { ...object.metadata, finalizers: next }
  return [{ verb: 'update', kind, object: { ...object, metadata } }]
}
