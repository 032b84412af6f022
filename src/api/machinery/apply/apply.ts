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
import { isPlainObject, type PlainObject } from '../plain.ts'
import { PlainError, StatusError } from '../status.ts'
import { fieldsOf } from './compare.ts'
import { FieldSet, pathText } from './field-set.ts'
import { fieldsLastApplied, followsAnnotation, rememberApplied } from './last-applied.ts'
import {
  capped,
  entriesOf,
  idOf,
  isSame,
  lastOfEach,
  type Owner,
  type OwnerId,
  ownable,
  ownersOf,
} from './managers.ts'
import { mergeApplied } from './merge.ts'
import { isOwnable } from './ownable.ts'
import { faultsIn } from './undeclared.ts'
import {
  bare,
  Changes,
  checkFitsOwners,
  identity,
  schemaOf,
  type Versions,
  withoutDropped,
} from './versions.ts'

export interface Writer {
  readonly manager: string
  /** Empty for the object itself. */
  readonly subresource: string
  /** RFC 3339; none where nobody tells it. */
  readonly time: string | undefined
  /** The versions of the resource, where it has several: owners name fields in theirs. */
  readonly versions?: Versions
  /** Paths such as `status.conditions` that the writer does not get to own. */
  readonly unowned?: readonly string[] | undefined
}

/** Stands for whoever wrote an object before anything was tracked. */
const BEFORE_FIRST_APPLY = 'before-first-apply'

/**
 * The entries after an ordinary write turned `previous` into `next`. A client that sends one empty entry resets them; then nobody owns
 * anything until somebody applies.
 */
export function trackUpdate(
  kind: AnyKind,
  previous: KubernetesObject | undefined,
  next: KubernetesObject,
  writer: Writer,
): ManagedFieldsEntry[] {
  if (previous && !isOwnable(kind, previous)) return []
  try {
    return tracked(kind, previous, next, writer)
  } catch (thrown) {
    // Such as items without their keys, which only apply needs. As upstream, the write goes on, and nobody owns anything.
    if (thrown instanceof StatusError) return []
    throw thrown
  }
}

function tracked(
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
  const sent = sentEntries(kind, previous, next, writer)
  const changes = changesOf(kind, previous, next, writer)
  const known = lastOfEach(previous?.metadata.managedFields ?? [])
  const { removed } = changes.own
  const touched = ownable(changes.own.touched)
  const entries = sent ? entriesOf(ownersSent(sent, changes)) : known
  // Whose owners were taken away has none from then on, until somebody applies.
  if (entries.length === 0 && previous) return []
  for (const { apiVersion = '' } of entries)
    if (apiVersion !== id.apiVersion) changes.in(apiVersion)
  if (touched.isEmpty && removed.isEmpty) return [...entries]
  const owners = ownersOf(entries)
  const mine = owners.find(owner => isSame(owner, id))
  const others = remaining(
    owners.filter(owner => owner !== mine),
    changes,
  )
  // Who only takes away, of what it owned, keeps its time.
  const time = touched.isEmpty && mine ? mine.time : writer.time
  // Mostly somebody writes again what it wrote before, and takes nothing from anybody.
  const areOthersSame = others.length + 1 === owners.length && others.every(({ entry }) => entry)
  if (mine?.entry && areOthersSame && removed.isEmpty && mine.fields.contains(touched))
    return mine.time === time ? [...entries] : entriesOf([...others, writtenAt(mine, time)])
  const fields = (mine?.fields ?? new FieldSet()).difference(removed).union(touched)
  const owner = mine?.fields.equals(fields) ? writtenAt(mine, time) : { ...id, time, fields }
  return entriesOf(capped([...others, owner]))
}

/** The same fields, and what stands for them, with another time. */
function writtenAt(owner: Owner, time: string | undefined): Owner {
  if (owner.time === time) return owner
  const { entry } = owner
  return { ...owner, time, entry: entry?.time && time ? { ...entry, time } : undefined }
}

function changesOf(
  kind: AnyKind,
  from: KubernetesObject | undefined,
  to: KubernetesObject,
  { unowned, versions }: Writer,
): Changes {
  // What is the same before and after makes no difference, and need not be cut out of both.
  const differing = unowned?.filter(path => !from || partAt(from, path) !== partAt(to, path))
  // Every object has metadata, also where nobody owns any of it.
  const owned = (object: KubernetesObject): KubernetesObject => {
    const rest = withoutPaths(object, differing)
    return rest.metadata ? rest : { ...rest, metadata: {} }
  }
  return new Changes(kind, from && owned(from), owned(to), versions)
}

function partAt(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((part, name) => (isPlainObject(part) ? part[name] : undefined), value)
}

function withoutPaths<T extends object>(value: T, paths: readonly string[] = []): T {
  return paths.reduce((rest, path) => withoutPath(rest, path.split('.')), value)
}

function withoutPath<T extends object>(value: T, [name = '', ...below]: string[]): T {
  const { [name]: part, ...others } = value as PlainObject
  if (below.length > 0 && isPlainObject(part)) return { ...value, [name]: withoutPath(part, below) }
  return others as T
}

/** Owners with what a write left them; those of versions that there are no more are gone. */
function remaining(owners: readonly Owner[], changes: Changes): Owner[] {
  return owners.flatMap(owner => {
    const did = changes.in(owner.apiVersion)
    if (!did) return []
    const fields = owner.fields.difference(did.lost)
    return fields === owner.fields ? [owner] : [{ ...owner, fields, entry: undefined }]
  })
}

/**
 * What the writer says instead of what is there; undefined where it sent that back, sent none, or sent what makes no sense. Through a subresource nobody
 * can.
 */
function sentEntries(
  kind: AnyKind,
  previous: KubernetesObject | undefined,
  next: KubernetesObject,
  { subresource }: Writer,
): readonly ManagedFieldsEntry[] | undefined {
  const { managedFields: sent } = next.metadata
  // Most clients send back what they read.
  if (!sent || subresource !== '' || equal(sent, previous?.metadata.managedFields ?? []))
    return undefined
  // Of custom resources none is as good as nothing.
  if (sent.length === 0 && kind.custom) return undefined
  const isEmpty = sent.length === 1 && Object.values(sent[0] as object).every(value => !value)
  if (isEmpty) return []
  return sent.every(isSensible) ? sent : undefined
}

const isSensible = (entry: ManagedFieldsEntry) => wrongEntries([entry]) === undefined

/** Why entries make no sense, in upstream's words; undefined where they do. */
export function wrongEntries(entries: readonly ManagedFieldsEntry[] = []): string | undefined {
  for (const [at, { operation, apiVersion, fieldsType }] of entries.entries()) {
    if (operation !== 'Apply' && operation !== 'Update')
      return 'operation must be `Apply` or `Update`'
    if (!apiVersion) return 'apiVersion must not be empty'
    if (!fieldsType) return `missing fieldsType in managed fields entry ${at}`
    if (fieldsType !== 'FieldsV1')
      return `invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${at}`
  }
}

/** Each once, the last of them; an applier is the same in all versions. */
function ownersSent(sent: readonly ManagedFieldsEntry[], changes: Changes): Owner[] {
  const owners = new Map<string, Owner>()
  for (const owner of ownersOf(sent)) {
    if (changes.in(owner.apiVersion)) owners.set(idOf(owner), owner)
  }
  return [...owners.values()]
}

export interface ApplyOptions extends Writer {
  readonly force: boolean
  /** The configuration as it came, where the server completed it. */
  readonly written?: KubernetesObject
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
  const owners = knownOwners(kind, live, options)
  if (live) checkFitsOwners(kind, live, owners, options.versions)
  const mine = owners.find(owner => isApplier(owner, id))
  const others = owners.filter(owner => owner !== mine)
  const claimed = withoutPaths(bare(configuration), options.unowned)
  const wanted = ownable(fieldsOf(schema, claimed))

  const merged = mergeApplied(schema, bare(base), bare(configuration)) as KubernetesObject
  const claims = [...others, { ...id, fields: wanted }]
  const result = withoutDropped(kind, merged, { last: mine, owners: claims }, options.versions)

  const changes = changesOf(kind, base, result, options)
  const disputes = others
    .map(owner => ({ owner, did: changes.in(owner.apiVersion) }))
    .flatMap(({ owner, did }) =>
      did ? [{ owner, fields: owner.fields.intersection(did.touched) }] : [],
    )
    .filter(({ fields }) => !fields.isEmpty)
  const isKubectl = followsAnnotation(options.manager)
  if (disputes.length > 0 && !options.force) {
    const allowed = isKubectl ? fieldsLastApplied(kind, bare(base)) : new FieldSet()
    const left = disputes.map(({ owner, fields }) => ({
      owner,
      fields: fields.difference(allowed),
    }))
    if (left.some(({ fields }) => !fields.isEmpty)) throw conflictOf(left)
  }

  // What changes nothing has no time of its own, whatever it comes to own by it.
  // What it may not set here counts as a change as well.
  const all = configuration === applied ? result : mergeApplied(schema, result, bare(applied))
  const isSame = equal(bare(base), bare(all as KubernetesObject))
  const time = isSame ? mine?.time : options.time
  const left = remaining(others, changes)
  const entries = entriesOf([...left, { ...id, time, fields: wanted }])
  const metadata = {
    ...result.metadata,
    // An empty list would take the fields from all who own them.
    ...(entries.length > 0 ? { managedFields: entries } : {}),
  }
  const object = { ...result, metadata: { ...metadata, ...identityOf(base, applied) } }
  return { object: isKubectl ? rememberApplied(object, options.written ?? applied) : object }
}

/** Whoever applies replaces what it applied before, in whichever version that was. */
const isApplier = (owner: Owner, id: OwnerId) => isSame({ ...owner, apiVersion: id.apiVersion }, id)

/** An object whose fields nobody tracked belongs to whoever wrote it before. */
function knownOwners(
  kind: AnyKind,
  live: KubernetesObject | undefined,
  writer: ApplyOptions,
): Owner[] {
  const owners = ownersOf(lastOfEach(live?.metadata.managedFields ?? []))
  if (!live || owners.length > 0) return owners
  const metadata = { ...live.metadata, managedFields: [] }
  const part = withoutForeignParts(kind, { ...live, metadata }, writer.subresource)
  const before = { ...writer, manager: BEFORE_FIRST_APPLY }
  // What nobody can own nobody can take over, either.
  const untyped = (faults: string | undefined) =>
    new PlainError(
      `failed to create manager for existing fields: failed to convert new object (${identity(kind, live)}) to smd typed: ${faults}`,
    )
  if (!isOwnable(kind, live)) throw untyped(faultsIn(schemaOf(kind), bare(live), true))
  try {
    return ownersOf(tracked(kind, undefined, part, before))
  } catch (thrown) {
    const faults = thrown instanceof StatusError && faultsIn(schemaOf(kind), bare(live))
    throw faults ? untyped(faults) : thrown
  }
}

/** Without what the applier may not set here: status through the object, and through status everything but status and metadata. */
function withoutForeignParts(
  kind: AnyKind,
  applied: KubernetesObject,
  subresource: string,
): KubernetesObject {
  if (!kind.subresources.status) return applied
  const { status, ...rest } = applied as KubernetesObject & { status?: unknown }
  if (subresource !== 'status') return rest
  const { apiVersion, kind: named, metadata } = applied
  const head = { apiVersion, kind: named, metadata }
  return (status === undefined ? head : { ...head, status }) as KubernetesObject
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

function conflictOf(disputes: readonly { owner: Owner; fields: FieldSet }[]): StatusError {
  const inOrder = disputes
    .filter(({ fields }) => !fields.isEmpty)
    .sort((one, other) => (idOf(one.owner) < idOf(other.owner) ? -1 : 1))
  const conflicts = inOrder.flatMap(({ owner, fields }) =>
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
  const lines = inOrder.flatMap(({ owner, fields }) => [
    `conflicts with ${ownerText(owner)}:`,
    ...fields.paths().map(path => `- ${pathText(path)}`),
  ])
  return new StatusError(
    'Conflict',
    `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`,
    { causes },
  )
}

function ownerText({ manager, operation, apiVersion, subresource }: Owner): string {
  const through = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`
  if (operation === 'Apply') return `${JSON.stringify(manager)}${through}`
  return `${JSON.stringify(manager)}${through} using ${apiVersion}`
}
