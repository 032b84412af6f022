/** Which resources are served, in which versions, by which storage. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { ResourceName } from '#api/machinery/status.ts'
import type { ResourceStorage } from '../storage/resource-storage.ts'
import type { View } from '../storage/view.ts'
import type { VirtualResource } from './virtual.ts'

/** One resource in one version. */
export interface ServedResource {
  /** The kind as served, which is the view's. */
  readonly kind: AnyKind
  readonly view: View
  readonly name: ResourceName
  /** Absent for resources that are answered but never stored, such as SubjectAccessReview. */
  readonly storage?: ResourceStorage
  /** Who knows the objects of resources that are read but never stored. */
  readonly virtual?: VirtualResource
}

export interface StoredResource extends ServedResource {
  readonly storage: ResourceStorage
}

export const isStored = (resource: ServedResource): resource is StoredResource =>
  resource.storage !== undefined

/** The kind whose rules writes through this resource obey. */
export const rulesOf = ({ view, storage }: StoredResource): AnyKind =>
  view.own ? view.kind : storage.kind

export class ResourceRegistry {
  readonly #byVersion = new Map<string, Map<string, ServedResource>>()
  /** The same by group and version, for requests, each of which looks up several: to put a key together costs more than a second look. */
  readonly #byGroup = new Map<string, Map<string, Map<string, ServedResource>>>()
  /** Grows whenever a resource comes or goes, so that what is made of all of them can be made anew. */
  revision = 0

  add(resource: ServedResource): void {
    const { group, version, plural } = resource.kind
    const key = `${group}/${version}`
    let resources = this.#byVersion.get(key)
    if (!resources) {
      resources = new Map()
      this.#byVersion.set(key, resources)
      const versions = this.#byGroup.get(group) ?? new Map()
      this.#byGroup.set(group, versions.set(version, resources))
    }
    resources.set(plural, resource)
    this.revision++
  }

  remove({ kind: { group, version, plural } }: ServedResource): void {
    const key = `${group}/${version}`
    const resources = this.#byVersion.get(key)
    if (!resources?.delete(plural)) return
    if (resources.size === 0) {
      this.#byVersion.delete(key)
      this.#byGroup.get(group)?.delete(version)
    }
    this.revision++
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#byGroup.get(group)?.get(version)?.get(plural)
  }

  /** The stored resource, for the server's own needs; throws where the kind is not served. */
  stored(group: string, version: string, plural: string): StoredResource {
    const resource = this.find(group, version, plural)
    if (!resource || !isStored(resource)) throw new Error(`${plural}.${group} is not stored here`)
    return resource
  }

  /** Whether some version of a group is not made of definitions. */
  isBuiltIn(group: string): boolean {
    for (const each of this.versions())
      if (each.group === group && each.resources.some(({ kind }) => !kind.custom)) return true
    return false
  }

  /** Group, version and resources, in the order in which they were added. */
  *versions(): Iterable<{ group: string; version: string; resources: ServedResource[] }> {
    for (const [key, resources] of this.#byVersion) {
      const slash = key.indexOf('/')
      yield {
        group: key.slice(0, slash),
        version: key.slice(slash + 1),
        resources: [...resources.values()],
      }
    }
  }
}
