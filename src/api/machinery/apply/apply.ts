/**
 * Server-side apply and the bookkeeping that ordinary writes need for it.
 *
 *   trackUpdate       after an ordinary write: the writer owns what it changed, and the others lose it
 *   serverSideApply   lays a configuration over the live object, refuses to take fields from others unless forced, drops what the
 *                     same manager applied before and nobody else owns
 */
import { type AnyKind, apiVersionOf } from '../kind.ts'
import type { KubernetesObject, ManagedFieldsEntry } from '../metadata.ts'
import { equal } from '../patch/json-patch.ts'
import type { AnySchema } from '../schema.ts'
import { StatusError } from '../status.ts'
import { differences, fieldsOf } from './compare.ts'
import { FieldSet, pathText } from './field-set.ts'
import { fieldsLastApplied, followsAnnotation, rememberApplied } from './last-applied.ts'
import { entriesOf, isSame, type Owner, type OwnerId, ownable, ownersOf } from './managers.ts'
import { mergeApplied, prune } from './merge.ts'

export interface Writer {
  readonly manager: string
  /** Empty for the object itself. */
  readonly subresource: string
  /** RFC 3339. */
  readonly time: string
  /** The same write as it is stored, where it is made in another version: owners name fields in their own version. */
  readonly stored?: {
    readonly kind: AnyKind
    readonly previous: KubernetesObject | undefined
    readonly next: KubernetesObject
  }
}

/** Stands for whoever wrote an object before anything was tracked. */
const BEFORE_FIRST_APPLY = 'before-first-apply'

/** The entries after an ordinary write turned `previous` into `next`. A client that sends one empty entry resets them. */
export function trackUpdate(
  kind: AnyKind,
  previous: KubernetesObject | undefined,
  next: KubernetesObject,
  writer: Writer,
): ManagedFieldsEntry[] {
  const id: OwnerId = {
    manager: writer.manager,
    operation: 'Update',
    apiVersion: apiVersionOf(kind),
    subresource: writer.subresource,
  }
  const entries = sentEntries(previous, next)
  const { added, changed, removed } = changesOf(kind, previous, next)
  const touched = added.union(changed)
  if (touched.isEmpty && removed.isEmpty) return [...entries]
  const owners = ownersOf(entries)
  const mine = owners.find(owner => isSame(owner, id))
  const lost = touched.union(removed)
  const { stored } = writer
  const isOfStored = (owner: Owner) => stored && owner.apiVersion === apiVersionOf(stored.kind)
  const lostInStored = stored && owners.some(isOfStored) ? lostBy(stored) : lost
  const others = owners
    .filter(owner => owner !== mine)
    .map(owner => without(owner, isOfStored(owner) ? lostInStored : lost))
  const fields = (mine?.fields ?? new FieldSet()).difference(removed).union(touched)
  const time = mine?.fields.equals(fields) ? mine.time : writer.time
  return entriesOf([...others, { ...id, time, fields }])
}

function changesOf(kind: AnyKind, previous: KubernetesObject | undefined, next: KubernetesObject) {
  const from = previous ?? { apiVersion: next.apiVersion, kind: next.kind, metadata: {} }
  return differences(schemaOf(kind), bare(from), bare(next))
}

function lostBy({ kind, previous, next }: NonNullable<Writer['stored']>): FieldSet {
  const { added, changed, removed } = changesOf(kind, previous, next)
  return added.union(changed).union(removed)
}

/** What the writer sent back, or what was there where it sent none. */
function sentEntries(
  previous: KubernetesObject | undefined,
  next: KubernetesObject,
): readonly ManagedFieldsEntry[] {
  const sent = next.metadata.managedFields ?? []
  const known = previous?.metadata.managedFields ?? []
  // Most clients send back what they read; the entries that are there have been made sense of before.
  if (sent.length === 0 || equal(sent, known)) return known
  return sent.filter(entry => entry.fieldsV1 !== undefined)
}

function without(owner: Owner, fields: FieldSet): Owner {
  return { ...owner, fields: owner.fields.difference(fields) }
}

export interface ApplyOptions extends Writer {
  readonly force: boolean
}

/**
 * The object that the configuration leads to, with its managedFields. Not defaulted and not validated; the caller does that as for
 * any write. Throws a Conflict that names every field in dispute and its owner.
 */
export function serverSideApply(
  kind: AnyKind,
  live: KubernetesObject | undefined,
  applied: KubernetesObject,
  options: ApplyOptions,
): { object: KubernetesObject } {
  const schema = schemaOf(kind)
  const id: OwnerId = {
    manager: options.manager,
    operation: 'Apply',
    apiVersion: apiVersionOf(kind),
    subresource: options.subresource,
  }
  const base: KubernetesObject = live ?? {
    apiVersion: applied.apiVersion,
    kind: applied.kind,
    metadata: {},
  }
  const configuration = withoutForeignParts(kind, applied, options.subresource)
  const owners = knownOwners(kind, live)
  const mine = owners.find(owner => isSame(owner, id))
  const others = owners.filter(owner => owner !== mine)
  const wanted = ownable(fieldsOf(schema, bare(configuration)))

  const merged = mergeApplied(schema, bare(base), bare(configuration))
  const ownedByAnybody = others.reduce((set, owner) => set.union(owner.fields), wanted)
  const dropped = (mine?.fields ?? new FieldSet()).difference(ownedByAnybody)
  const result = prune(schema, merged, dropped, ownedByAnybody) as KubernetesObject

  const { added, changed, removed } = differences(schema, bare(base), result)
  const touched = added.union(changed)
  const disputes = others
    .map(owner => ({ owner, fields: owner.fields.intersection(touched) }))
    .filter(({ fields }) => !fields.isEmpty)
  const isKubectl = followsAnnotation(options.manager)
  if (disputes.length > 0 && !options.force) {
    const allowed = isKubectl ? fieldsLastApplied(schema, bare(base)) : new FieldSet()
    if (disputes.some(({ fields }) => !fields.difference(allowed).isEmpty))
      throw conflictOf(disputes)
  }

  const time =
    mine?.fields.equals(wanted) && touched.isEmpty && removed.isEmpty ? mine.time : options.time
  const left = others.map(owner => without(owner, touched.union(removed)))
  const metadata = {
    ...result.metadata,
    managedFields: entriesOf([...left, { ...id, time, fields: wanted }]),
  }
  const object = { ...result, metadata: { ...metadata, ...identityOf(base, applied) } }
  return { object: isKubectl ? rememberApplied(object, configuration) : object }
}

/** An object whose fields nobody tracked belongs to whoever wrote it before. */
function knownOwners(kind: AnyKind, live: KubernetesObject | undefined): Owner[] {
  const owners = ownersOf(live?.metadata.managedFields)
  if (!live || owners.length > 0) return owners
  const fields = fieldsOf(schemaOf(kind), bare(live))
  return [
    {
      manager: BEFORE_FIRST_APPLY,
      operation: 'Update',
      apiVersion: apiVersionOf(kind),
      subresource: '',
      time: live.metadata.creationTimestamp,
      fields,
    },
  ]
}

/** What the applier may not set here: status through the object, everything else through status. */
function withoutForeignParts(
  kind: AnyKind,
  applied: KubernetesObject,
  subresource: string,
): KubernetesObject {
  if (!kind.subresources.status) return applied
  if (subresource === 'status') {
    const { status } = applied as KubernetesObject & { status?: unknown }
    return {
      apiVersion: applied.apiVersion,
      kind: applied.kind,
      metadata: {},
      ...(status === undefined ? {} : { status }),
    } as KubernetesObject
  }
  const { status: _, ...rest } = applied as KubernetesObject & { status?: unknown }
  return rest
}

/** Identity and history come from the live object, or from the request where there is none yet. */
function identityOf(base: KubernetesObject, applied: KubernetesObject) {
  const {
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  } = base.metadata
  const kept = {
    uid,
    resourceVersion: applied.metadata.resourceVersion ?? resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  }
  const present = Object.fromEntries(
    Object.entries(kept).filter(([, value]) => value !== undefined),
  )
  return {
    name: name ?? applied.metadata.name ?? '',
    ...((namespace ?? applied.metadata.namespace)
      ? { namespace: namespace ?? applied.metadata.namespace ?? '' }
      : {}),
    ...present,
  }
}

/** The object without its managedFields, which own nothing. */
function bare(object: KubernetesObject): KubernetesObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

function schemaOf(kind: AnyKind): AnySchema {
  return { type: 'struct', presence: 'always', shape: kind.shape }
}

function conflictOf(disputes: readonly { owner: Owner; fields: FieldSet }[]): StatusError {
  const conflicts = disputes.flatMap(({ owner, fields }) =>
    fields.paths().map(path => ({ owner: ownerText(owner), path: pathText(path) })),
  )
  const causes = conflicts.map(({ owner, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${owner}`,
    field: path,
  }))
  const [first] = conflicts
  if (conflicts.length === 1 && first)
    return new StatusError(
      'Conflict',
      `Apply failed with 1 conflict: conflict with ${first.owner}: ${first.path}`,
      { causes },
    )
  const lines = [...new Set(conflicts.map(({ owner }) => owner))]
    .sort()
    .flatMap(owner => [
      `conflicts with ${owner}:`,
      ...conflicts.filter(conflict => conflict.owner === owner).map(({ path }) => `- ${path}`),
    ])
  return new StatusError(
    'Conflict',
    `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`,
    { causes },
  )
}

function ownerText({ manager, operation, apiVersion, subresource, time }: Owner): string {
  const through = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`
  if (operation === 'Apply') return `${JSON.stringify(manager)}${through}`
  return `${JSON.stringify(manager)}${through} using ${apiVersion}${time === undefined ? '' : ` at ${time}`}`
}
