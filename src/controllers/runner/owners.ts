/** Owner references: who controls whom, and how an owner takes in or lets go of objects that its selector (no longer) fits. */
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { LabelMatcher } from '#api/machinery/label-selector.ts'
import {
  controllerOf,
  type KubernetesObject,
  type OwnerReference,
} from '#api/machinery/metadata.ts'
import type { Informer } from '#client/informer.ts'
import type { Write } from './controller.ts'

/** The index that files objects under the UID of their controller, or under `orphan/NAMESPACE`. */
export const BY_CONTROLLER = 'controller'

export function indexByController<T extends KubernetesObject>(informer: Informer<T>): void {
  informer.addIndex(BY_CONTROLLER, object => [
    controllerOf(object)?.uid ?? `orphan/${object.metadata.namespace ?? ''}`,
  ])
}

/** The objects that `owner` controls and the orphans beside it: all that claiming has to look at. */
export function candidates<T extends KubernetesObject>(
  informer: Informer<T>,
  owner: KubernetesObject,
): readonly T[] {
  const { uid = '', namespace = '' } = owner.metadata
  return [...informer.by(BY_CONTROLLER, uid), ...informer.by(BY_CONTROLLER, `orphan/${namespace}`)]
}

/** The reference by which an owner manages an object. */
export function controllerReference(kind: AnyKind, owner: KubernetesObject): OwnerReference {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

export interface Claim<T> {
  /** What the owner has. */
  readonly owned: readonly T[]
  /** Adoptions and releases. What is being adopted counts as owned from the next look on. */
  readonly writes: readonly Write[]
}

export interface ClaimRequest<T> {
  readonly ownerKind: AnyKind
  readonly owner: KubernetesObject
  readonly kind: AnyKind
  readonly selector: LabelMatcher
  readonly candidates: readonly T[]
  /** Given to what is adopted and taken from what is released. */
  readonly finalizer?: string
}

/** Adopts orphans that the selector fits, releases what it no longer fits. An owner that is being deleted does neither. */
export function claim<T extends KubernetesObject>(request: ClaimRequest<T>): Claim<T> {
  const { ownerKind, owner, kind, selector, finalizer } = request
  const owned: T[] = []
  const writes: Write[] = []
  const deleting = Boolean(owner.metadata.deletionTimestamp)
  for (const object of request.candidates) {
    const controller = controllerOf(object)
    const fits = selector.matches(object.metadata.labels ?? {})
    if (controller?.uid === owner.metadata.uid) {
      if (fits) owned.push(object)
      else if (!deleting) writes.push(releaseOf(kind, object, owner, finalizer))
    } else if (!controller && fits && !deleting && !object.metadata.deletionTimestamp) {
      const reference = controllerReference(ownerKind, owner)
      const metadata = {
        uid: object.metadata.uid,
        ownerReferences: [reference],
        ...(finalizer ? { finalizers: [finalizer] } : {}),
      }
      writes.push({
        verb: 'patch',
        kind,
        object,
        type: 'strategic',
        patch: { metadata },
        // The view may be behind: an owner that is gone must not adopt.
        onlyWhile: { kind: ownerKind, object: owner },
      })
    }
  }
  return { owned, writes }
}

/** Takes `owner` out of the object's owner references, and its finalizer off, if it is still the same object. */
export function releaseOf(
  kind: AnyKind,
  object: KubernetesObject,
  owner: { metadata: { uid?: string } },
  finalizer?: string,
): Write {
  const reference = { $patch: 'delete', uid: owner.metadata.uid }
  const finalizers = finalizer ? { '$deleteFromPrimitiveList/finalizers': [finalizer] } : {}
  return {
    verb: 'patch',
    kind,
    object,
    type: 'strategic',
    patch: {
      metadata: { uid: object.metadata.uid, ownerReferences: [reference], ...finalizers },
    },
  }
}
