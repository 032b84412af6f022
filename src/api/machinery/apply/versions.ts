/**
 * Owners name fields in the version in which they wrote. What a write in another version did to theirs is found out by looking at the
 * object in their version, before and after.
 */
import { decodeObject } from '../decode.ts'
import { type AnyKind, apiVersionOf } from '../kind.ts'
import type { KubernetesObject } from '../metadata.ts'
import { isPlainObject } from '../plain.ts'
import { type AnySchema, fieldSchemaOf } from '../schema.ts'
import { PlainError } from '../status.ts'
import { type Differences, fieldsOf, objectDifferences } from './compare.ts'
import { FieldSet } from './field-set.ts'
import type { Owner } from './managers.ts'
import { withNamed, withoutMembers } from './merge.ts'
import { faultsIn } from './undeclared.ts'

/** The versions of one resource. */
export interface Versions {
  /** Undefined for what is no version of it, or no longer; of custom resources that throws. */
  kindOf(apiVersion: string): AnyKind | undefined
  /** An object of one version in another; undefined where that cannot be said at once. */
  convert(object: KubernetesObject, apiVersion: string): KubernetesObject | undefined
}

export function schemaOf(kind: AnyKind): AnySchema {
  return { type: 'struct', presence: 'always', shape: kind.shape }
}

/** The object without its managedFields, which own nothing. An undefined value is none, and copying all others is what V8 does fast. */
export function bare(object: KubernetesObject): KubernetesObject {
  return {
    ...object,
    metadata: { ...object.metadata, managedFields: undefined },
  } as KubernetesObject
}

/** What one write did, in whichever version is asked for. */
export class Changes {
  readonly own: Differences
  readonly #versions: Versions | undefined
  readonly #from: KubernetesObject | undefined
  readonly #to: KubernetesObject
  readonly #known = new Map<string, Differences | undefined>()

  constructor(
    kind: AnyKind,
    from: KubernetesObject | undefined,
    to: KubernetesObject,
    versions: Versions | undefined,
  ) {
    this.#from = from
    this.#to = to
    this.#versions = versions
    this.own = between(kind, from, to)
    this.#known.set(apiVersionOf(kind), this.own)
  }

  /** Undefined for a version that there is no more, whose owners own nothing. */
  in(apiVersion: string): Differences | undefined {
    if (!this.#known.has(apiVersion)) this.#known.set(apiVersion, this.#make(apiVersion))
    return this.#known.get(apiVersion)
  }

  #make(apiVersion: string): Differences | undefined {
    const versions = this.#versions
    if (!versions) return this.own
    const kind = versions.kindOf(apiVersion)
    if (!kind) return undefined
    const to = versions.convert(this.#to, apiVersion)
    const from = this.#from && versions.convert(this.#from, apiVersion)
    if (from) checkFits(kind, from, 'failed to convert old object: ')
    if (to) checkFits(kind, to, 'failed to convert new object: ')
    return to && (from || !this.#from) ? between(kind, from, to) : this.own
  }
}

/**
 * As upstream, which looks at other versions strictly: there nothing may stand twice, and nothing may be there that the version does not
 * declare, such as a default of the version of the write. Conversion without a webhook drops nothing.
 */
function checkFits(kind: AnyKind, object: KubernetesObject, told = ''): void {
  const faults = faultsIn(schemaOf(kind), bare(object))
  if (faults) throw new PlainError(`${told}${faults}`)
}

/** Throws where what is there does not fit the version of one of its owners, to which it has to be converted. */
export function checkFitsOwners(
  kind: AnyKind,
  live: KubernetesObject,
  owners: readonly Owner[],
  versions: Versions | undefined,
): void {
  const faults = kind.custom && faultsIn(schemaOf(kind), bare(live), true)
  if (faults)
    throw new PlainError(`failed to create typed live object (${identity(kind, live)}): ${faults}`)
  if (!versions) return
  for (const apiVersion of new Set(owners.map(owner => owner.apiVersion))) {
    const other = apiVersion === apiVersionOf(kind) ? undefined : versions.kindOf(apiVersion)
    const shown = other && versions.convert(live, apiVersion)
    if (shown) checkFits(other, shown)
  }
}

/** As Go shows an object: where it is, and what it is. */
export const identity = (
  { group, version, kind }: AnyKind,
  { metadata: { namespace = '', name = '' } }: KubernetesObject,
): string => `${namespace}/${name}; ${group}/${version}, Kind=${kind}`

function between(kind: AnyKind, from: KubernetesObject | undefined, to: KubernetesObject) {
  return objectDifferences(kind.shape, from ?? nothingOf(kind), to)
}

const nothings = new WeakMap<AnyKind, KubernetesObject>()

/** Lists that nobody set are null, which an empty list is not; and not everything that is required is there. */
function unset(schema: AnySchema, value: unknown): unknown {
  if (Array.isArray(value)) return null
  if (schema.type !== 'struct' || !isPlainObject(value)) return value
  const fields = Object.entries(value).flatMap(([name, part]) => {
    const field = fieldSchemaOf(schema.shape, name)
    return field && !field.mayBeAbsent ? [[name, unset(field, part)]] : []
  })
  return Object.fromEntries(fields)
}

/** What a new object is compared with: what every object of the kind shows was set by nobody. */
function nothingOf(kind: AnyKind): KubernetesObject {
  let nothing = nothings.get(kind)
  if (!nothing) {
    const empty = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: {} }
    nothing = kind.custom
      ? empty
      : (unset(schemaOf(kind), decodeObject(kind, empty).object) as KubernetesObject)
    nothings.set(kind, nothing)
  }
  return nothing
}

/** What every configuration says, and nobody owns. */
const IDENTITY = FieldSet.fromJson({ 'f:metadata': { 'f:name': {} } })

interface Applied {
  /** What the same manager owned before, in the version of then. */
  readonly last: Owner | undefined
  /** All owners from now on, the manager itself with what it says now. */
  readonly owners: readonly Pick<Owner, 'apiVersion' | 'fields'>[]
}

/**
 * The merged object without what the manager owned, says no more and nobody else owns, in three steps: all that it owned goes; what somebody
 * owns comes back, in each owner's version in turn; and so does what it did not own itself, but went with what is around it.
 */
export function withoutDropped(
  kind: AnyKind,
  merged: KubernetesObject,
  { last, owners }: Applied,
  versions: Versions | undefined,
): KubernetesObject {
  if (!last) return merged
  const own = apiVersionOf(kind)
  const inVersion = (object: KubernetesObject, apiVersion: string) =>
    object.apiVersion === apiVersion ? object : versions?.convert(object, apiVersion)
  const shown = inVersion(merged, last.apiVersion)
  const lastKind = last.apiVersion === own ? kind : versions?.kindOf(last.apiVersion)
  // A version that there is no more had no fields of its own.
  if (!shown || !lastKind) return merged
  if (last.apiVersion !== own)
    checkFits(
      lastKind,
      shown,
      'failed to prune fields: failed to convert merged object to last applied version: ',
    )
  const schema = schemaOf(lastKind)
  const owned = withNamed(schema, last.fields)
  const ownedIn = (apiVersion: string) =>
    owners
      .filter(owner => owner.apiVersion === apiVersion || !versions)
      .reduce((set, owner) => set.union(owner.fields), IDENTITY)
  const others = new Set(owners.map(owner => owner.apiVersion))
  others.delete(last.apiVersion)
  const wanted = withNamed(schema, ownedIn(last.apiVersion))
  // As mostly: it says all that it said.
  if ((!versions || others.size === 0) && wanted.contains(owned))
    return inVersion(shown, own) ?? merged
  let pruned = without(schema, shown, owned)
  pruned = withOwned(schema, shown, pruned, wanted)
  if (versions)
    for (const apiVersion of others) {
      const all = inVersion(merged, apiVersion)
      const left = inVersion(pruned, apiVersion)
      const other = versions.kindOf(apiVersion)
      if (!all || !left || !other) continue
      const its = schemaOf(other)
      pruned = withOwned(its, all, left, withNamed(its, ownedIn(apiVersion)))
    }
  const back = inVersion(pruned, last.apiVersion)
  if (!back) return merged
  const gone = namedFieldsOf(schema, shown).difference(namedFieldsOf(schema, back))
  return inVersion(without(schema, shown, gone.intersection(owned)), own) ?? merged
}

const without = (schema: AnySchema, object: KubernetesObject, gone: FieldSet) =>
  withoutMembers(schema, object, gone) as KubernetesObject

const namedFieldsOf = (schema: AnySchema, object: KubernetesObject) =>
  withNamed(schema, fieldsOf(schema, object))

/** Of the whole object what is left of it and what is wanted: a conversion may have put a default where something went. */
function withOwned(
  schema: AnySchema,
  all: KubernetesObject,
  left: KubernetesObject,
  wanted: FieldSet,
): KubernetesObject {
  const staying = namedFieldsOf(schema, left).union(wanted)
  return without(schema, all, namedFieldsOf(schema, all).difference(staying))
}
