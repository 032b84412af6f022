/** Waking the owner of whatever changes: by its reference, or, for what nobody controls, by who could take it in. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { LabelMatcher } from '#api/machinery/label-selector.ts'
import { controllerOf, type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import type { Informer } from '#client/informer.ts'
import type { Wakeup } from './controller.ts'

/** Looks at every object of a kind itself. */
export function wakeSelf<T extends KubernetesObject>(queue: Wakeup, informer: Informer<T>): void {
  const wake = (found: T) => queue.add(keyOf(found))
  queue.onStop(informer.subscribe({ changed: wake, deleted: wake }))
}

export interface OwnerWakeup<O extends KubernetesObject, D extends KubernetesObject> {
  readonly ownerKind: AnyKind
  readonly owners: Informer<O>
  readonly selectorOf: (owner: O) => LabelMatcher
  readonly dependents: Informer<D>
  /** How long the owner of this key may wait for further changes. */
  readonly delayMs?: (owner: string) => number
  /** False for a change that no owner decides by. */
  readonly concerns?: (next: D, previous: D) => boolean
  /** Whether one that appears with its owner is news for it; not where none but the owner makes them in earnest. */
  readonly isNewsWhenNew?: boolean
}

export function wakeOwners<O extends KubernetesObject, D extends KubernetesObject>(
  queue: Wakeup,
  wakeup: OwnerWakeup<O, D>,
): void {
  const { ownerKind, owners, selectorOf, dependents, concerns } = wakeup
  const { delayMs = () => 0, isNewsWhenNew = true } = wakeup
  const add = (owner: string) => queue.addAfter(owner, delayMs(owner))
  const wake = (changed: D) => {
    const controller = controllerOf(changed)
    const { namespace = '', labels = {}, deletionTimestamp } = changed.metadata
    if (controller?.kind === ownerKind.kind) add(`${namespace}/${controller.name}`)
    else if (!controller && !deletionTimestamp)
      for (const owner of owners.list(namespace))
        if (selectorOf(owner).matches(labels)) add(keyOf(owner))
  }
  queue.onStop(
    dependents.subscribe({
      changed(next, previous) {
        if (previous && concerns && !concerns(next, previous)) return
        if (!previous && !isNewsWhenNew && controllerOf(next)) return
        // What changed hands concerns the one it left, too.
        if (previous && controllerOf(previous)?.uid !== controllerOf(next)?.uid) wake(previous)
        wake(next)
      },
      deleted: wake,
    }),
  )
}
