/** Which objects a list or a watch is about. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { StoredObject } from '../storage/stored-object.ts'

export interface Filter {
  /** '' means all namespaces, or a cluster-scoped resource. */
  readonly namespace: string
  /** Set where the field selector pins one name. */
  readonly name?: string
  /** Selectors, together; absent where everything matches. */
  readonly matches?: (object: KubernetesObject) => boolean
  /** A field that must have one value and by which events are filed, e.g. spec.nodeName of pods. */
  readonly indexed?: { readonly field: string; readonly value: string }
}

/** Whether the object passes the selectors; namespace and name are for the caller's index to settle. */
export const passes = (filter: Filter, stored: StoredObject | undefined): boolean =>
  stored !== undefined && (!filter.matches || filter.matches(stored.object))
