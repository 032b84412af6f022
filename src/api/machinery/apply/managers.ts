/** managedFields: who owns which fields, by manager, operation, version and subresource. */
import type { ManagedFieldsEntry } from '../metadata.ts'
import { FieldSet } from './field-set.ts'
import { knownSet } from './known-sets.ts'
import { isShared } from './shared-fields.ts'

export interface Owner {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  /** RFC 3339; when the set last changed. */
  readonly time: string | undefined
  readonly fields: FieldSet
  /** The stored entry that says just this, where there is one. */
  readonly entry?: ManagedFieldsEntry | undefined
}

/** More managers of ordinary updates than this share an entry for each version, oldest first. Number and name are upstream's. */
const MAXIMUM_UPDATE_MANAGERS = 10
const ANCIENT = 'ancient-changes'

/** What says nothing about intent: never owned by anybody. */
const UNOWNED = FieldSet.fromJson({
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:clusterName': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
  },
})

/** The fields without those that nobody can own. */
export function ownable(fields: FieldSet): FieldSet {
  return fields.difference(UNOWNED)
}

export function ownersOf(entries: readonly ManagedFieldsEntry[] | undefined): Owner[] {
  return (entries ?? []).map(entry => ({
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
    time: entry.time,
    fields: FieldSet.fromJson(entry.fieldsV1),
    entry: isStored(entry) ? entry : undefined,
  }))
}

/**
 * Of entries that are told apart by nothing the last counts, an applier being the same in all versions. Only writes through the scale subresource make such; so mostly
 * they come back as they are.
 */
export function lastOfEach(entries: readonly ManagedFieldsEntry[]): readonly ManagedFieldsEntry[] {
  const isLast = (entry: ManagedFieldsEntry, at: number) => {
    for (let later = at + 1; later < entries.length; later++)
      if (isSameOwner(entry, entries[later] as ManagedFieldsEntry)) return false
    return true
  }
  return entries.every(isLast) ? entries : entries.filter(isLast)
}

const isSameOwner = (one: ManagedFieldsEntry, other: ManagedFieldsEntry) =>
  one.manager === other.manager &&
  one.operation === other.operation &&
  one.subresource === other.subresource &&
  (one.apiVersion === other.apiVersion || one.operation === 'Apply')

/** Frozen ones with shared fields were made by `entriesOf`, and need not be made again. */
function isStored(entry: ManagedFieldsEntry): boolean {
  const { manager, apiVersion, fieldsType, fieldsV1 } = entry
  if (!Object.isFrozen(entry) || !manager || !apiVersion || !fieldsType) return false
  return isShared(fieldsV1 as object)
}

/**
 * Entries as they are stored: applied ones first, then by time and name; owners of nothing are left out. What nobody can come to own may still
 * have been written there by hand, and stays: a name alone keeps an object from being one that nobody tracks.
 */
export function entriesOf(owners: readonly Owner[]): ManagedFieldsEntry[] {
  return owners
    .filter(({ fields }) => !fields.isEmpty)
    .sort(byRank)
    .map(entryOf)
}

function entryOf(owner: Owner): ManagedFieldsEntry {
  return (
    owner.entry ?? {
      ...(owner.manager === '' ? {} : { manager: owner.manager }),
      operation: owner.operation,
      apiVersion: owner.apiVersion,
      ...(owner.time === undefined ? {} : { time: owner.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: knownSet(writerOf(owner), owner.fields).toJson(),
      ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
    }
  )
}

/** Who writes the same fields again and again: kubelets of pods and nodes, say, each through its own part of the API. */
const writerOf = ({ manager, apiVersion, subresource }: OwnerId) =>
  `${manager} ${apiVersion} ${subresource}`

/** As upstream tells owners apart, which it puts in order by that. */
export const idOf = ({ manager, operation, apiVersion, subresource }: OwnerId) =>
  JSON.stringify({
    manager,
    operation,
    ...(operation === 'Apply' ? {} : { apiVersion }),
    ...(subresource === '' ? {} : { subresource }),
  })

function byRank(one: Owner, other: Owner): number {
  return (
    order(one.operation, other.operation) ||
    order(one.time ?? '', other.time ?? '') ||
    order(one.manager, other.manager) ||
    order(one.apiVersion, other.apiVersion) ||
    order(one.subresource, other.subresource)
  )
}

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

export type OwnerId = Pick<Owner, 'manager' | 'operation' | 'apiVersion' | 'subresource'>

export function isSame(one: OwnerId, other: OwnerId): boolean {
  return (
    one.manager === other.manager &&
    one.operation === other.operation &&
    one.subresource === other.subresource &&
    one.apiVersion === other.apiVersion
  )
}

/** The oldest updaters of a version become one; an owner that is alone in its version stays what it is. */
export function capped(owners: readonly Owner[]): readonly Owner[] {
  const updaters = owners.filter(owner => owner.operation === 'Update')
  let surplus = updaters.length - MAXIMUM_UPDATE_MANAGERS
  if (surplus <= 0) return owners
  const left = new Set(owners)
  const oldest = new Map<string, Owner>()
  for (const owner of updaters.sort(byRank)) {
    if (surplus === 0) break
    const { apiVersion } = owner
    const first = oldest.get(apiVersion)
    if (!first) {
      oldest.set(apiVersion, owner)
      continue
    }
    const fields = first.fields.union(owner.fields)
    const { operation, time } = owner
    const ancient = { manager: ANCIENT, operation, apiVersion, subresource: '', time, fields }
    left.delete(first)
    left.delete(owner)
    left.add(ancient)
    oldest.set(apiVersion, ancient)
    surplus--
  }
  return [...left]
}
