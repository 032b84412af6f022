/** Which objects a list or a watch is about. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import type { View } from '../storage/view.ts'

export interface Filter {
  /** '' means all namespaces, or a cluster-scoped resource. */
  readonly namespace: string
  /** Set where the field selector pins one name. */
  readonly name?: string
  /** Selectors, together, of objects in the version that is served; absent where everything matches. */
  readonly matches?: (object: KubernetesObject) => boolean
  /** That version, where it is not the stored one. Objects have to be prepared for it. */
  readonly view?: View
  /** A field that must have one value and by which events are filed, e.g. spec.nodeName of pods. */
  readonly indexed?: { readonly field: string; readonly value: string }
}

/** Whether the object passes the selectors; namespace and name are for the caller's index to settle. */
export const passes = ({ matches, view }: Filter, stored: StoredObject | undefined): boolean =>
  stored !== undefined && (!matches || matches(view ? stored.in(view).object : stored.object))
