/** What a few resources do beyond the rules of their kind; one file each, listed here. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { StoredResource } from './registry.ts'
import type { Write } from './write.ts'

export interface ResourceHooks {
  /** Fills in what must be allocated, just before the commit; gives what takes it back if that fails. */
  beforeCreate?(write: Write, draft: KubernetesObject): Promise<(() => void) | undefined>
  /** The same for an update. */
  beforeUpdate?(
    write: Write,
    draft: KubernetesObject,
    previous: KubernetesObject,
  ): Promise<(() => void) | undefined>
  /** Takes back what was allocated, once the object is gone. */
  afterDelete?(write: Write, last: KubernetesObject): void
  /** A delete answers with the object instead of a Status. */
  readonly returnsDeleted?: boolean
  /** PUT to a name that does not exist creates it. */
  readonly createsOnUpdate?: boolean
  /** An update without resourceVersion is refused. */
  readonly needsResourceVersion?: boolean
  /** Further finalizers beyond metadata's that keep a deleted object. */
  hasOwnFinalizers?(object: KubernetesObject): boolean
  /** Changes the draft of an object that begins to be deleted but stays for now. */
  beginDelete?(draft: KubernetesObject): void
}

const none: ResourceHooks = {}

/** By resource and group, as `services` or `roles.rbac.authorization.k8s.io`. */
const table: Record<string, ResourceHooks> = {
  'leases.coordination.k8s.io': { createsOnUpdate: true, needsResourceVersion: true },
  endpoints: { createsOnUpdate: true },
  events: { createsOnUpdate: true },
  'roles.rbac.authorization.k8s.io': { createsOnUpdate: true },
  'clusterroles.rbac.authorization.k8s.io': { createsOnUpdate: true },
  'rolebindings.rbac.authorization.k8s.io': { createsOnUpdate: true },
  'clusterrolebindings.rbac.authorization.k8s.io': { createsOnUpdate: true },
  pods: { returnsDeleted: true },
  serviceaccounts: { returnsDeleted: true },
}

export function hooksOf({ storage }: StoredResource): ResourceHooks {
  const { group, resource } = storage.resource
  return table[group ? `${resource}.${group}` : resource] ?? none
}
