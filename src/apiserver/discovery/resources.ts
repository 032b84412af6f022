/** The rows of discovery: every kind's resource and its subresources, in the one form from which both wire formats are made. */
import { createHash } from 'node:crypto'
import { type AnyKind, apiVersionOf, type Verb } from '#api/machinery/kind.ts'
import type { Discovered } from '../aggregation/remotes.ts'
import { storedVersionOf } from '../storage/stored-versions.ts'

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface DiscoveredResource {
  readonly name: string
  readonly singular: string
  readonly namespaced: boolean
  readonly speaks: GroupVersionKind
  readonly verbs: readonly Verb[]
  /** Tells those who migrate stored objects when that is due; of what is not stored there is none. */
  readonly storageVersionHash?: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly subresources: readonly DiscoveredSubresource[]
  /** Of a definition; upstream shows these otherwise here and there, and clients hold what they read against it. */
  readonly isCustom: boolean
}

export interface DiscoveredSubresource {
  readonly name: string
  readonly speaks: GroupVersionKind
  readonly verbs: readonly Verb[]
}

export interface DiscoveredVersion {
  readonly group: string
  readonly version: string
  readonly resources: readonly DiscoveredResource[]
  /** What another server says of it, which is passed on as it is. */
  readonly remote?: Discovered
}

const SCALE: GroupVersionKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
/** A resource that goes away is still listed for those who clean up. */
const CLEANING_UP: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch']
/** In upstream's order. */
const OF_CUSTOM: readonly Verb[] = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
]
const READ_AND_WRITE: readonly Verb[] = ['get', 'patch', 'update']

/** By group and version, in the order of the list; resources by name, as upstream shows them. */
export function discover(kinds: readonly AnyKind[]): DiscoveredVersion[] {
  const versions = new Map<
    string,
    { group: string; version: string; resources: DiscoveredResource[] }
  >()
  for (const kind of kinds) {
    const key = apiVersionOf(kind)
    const entry = versions.get(key) ?? { group: kind.group, version: kind.version, resources: [] }
    versions.set(key, entry)
    entry.resources.push(resourceOf(kind))
  }
  for (const { resources } of versions.values())
    resources.sort((a, b) => (a.name < b.name ? -1 : 1))
  return [...versions.values()]
}

const hashes = new WeakMap<AnyKind, string>()

/** As upstream makes it of group, version and kind of what is stored. */
function storageVersionHash(kind: AnyKind): string {
  let hash = hashes.get(kind)
  if (hash === undefined) {
    const apiVersion = storedVersionOf(kind)
    const text = `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}/${kind.kind}`
    hash = createHash('sha256').update(text).digest().subarray(0, 8).toString('base64')
    hashes.set(kind, hash)
  }
  return hash
}

function resourceOf(kind: AnyKind): DiscoveredResource {
  const { group, version } = kind
  const speaks = { group, version, kind: kind.kind }
  const special = (kind.subresources.special ?? []).map(sub => ({
    name: sub.name,
    speaks: { group: sub.group, version: sub.version, kind: sub.kind },
    verbs: sub.verbs,
  }))
  const status = kind.subresources.status ? [{ name: 'status', speaks, verbs: READ_AND_WRITE }] : []
  const scale = kind.subresources.scale
    ? [{ name: 'scale', speaks: SCALE, verbs: READ_AND_WRITE }]
    : []
  return {
    name: kind.plural,
    singular: kind.singular,
    namespaced: kind.scope === 'Namespaced',
    speaks,
    verbs: verbsOf(kind),
    ...(kind.ephemeral ? {} : { storageVersionHash: storageVersionHash(kind) }),
    shortNames: kind.shortNames,
    categories: kind.categories,
    subresources: kind.custom
      ? [...status, ...scale]
      : [...special, ...scale, ...status].sort((a, b) => (a.name < b.name ? -1 : 1)),
    isCustom: kind.custom !== undefined,
  }
}

function verbsOf({ custom, verbs }: AnyKind): readonly Verb[] {
  if (!custom) return verbs
  return custom.isTerminating ? CLEANING_UP : OF_CUSTOM
}
