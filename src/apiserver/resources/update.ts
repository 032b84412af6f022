/** Changing a stored object: PUT, and the loop under every other write that builds on what is stored. */

import type { FieldError } from '#api/machinery/field-error.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { respelled } from '#api/machinery/respelled.ts'
import {
  badRequest,
  conflict,
  invalid,
  notFound,
  PlainError,
  StatusError,
} from '#api/machinery/status.ts'
import { validateMetadataUpdate, wrongNames } from '#api/machinery/validate-metadata.ts'
import type { ApiResponse } from '#client/transport.ts'
import { showsDrafts } from '../admission/admission.ts'
import type { Exchange } from '../exchange.ts'
import { checkAccepted } from '../respond.ts'
import { authorizeVerb } from '../steps/authorize.ts'
import { type StoredObject, unstored } from '../storage/stored-object.ts'
import { prepare } from '../storage/view.ts'
import { draftOf, parseBody } from './body.ts'
import { createObject } from './create.ts'
import { isEqual } from './equal.ts'
import { dropGatedFields } from './gated-fields.ts'
import { hooksOf, wrongFinalizers } from './hooks.ts'
import { draftOverKnown, draftWithKnownMetadata } from './known-parts.ts'
import { keepMetadata, keepOtherHalf } from './other-half.ts'
import { checkUid, isPatch, namesRevision, revisionNeeded } from './preconditions.ts'
import { respondOne } from './read.ts'
import { rulesOf, type StoredResource } from './registry.ts'
import { showAsSent } from './sent.ts'
import {
  admit,
  canBeOwned,
  checkNamespace,
  dropRepeatedOwners,
  MODIFIED,
  mutate,
  storedForm,
  trackFields,
  type Write,
  writeOf,
} from './write.ts'

/** Somebody wins each round, so running out means hundreds of writers on one object. */
const MAXIMUM_ATTEMPTS = 64

/** Makes the draft that is to replace `current`; called again when another write came between. */
export type Change = (current: StoredObject) => KubernetesObject | Promise<KubernetesObject>

export async function update(exchange: Exchange, resource: StoredResource): Promise<ApiResponse> {
  checkAccepted(exchange)
  const write = writeOf(exchange, resource)
  const body = await parseBody(exchange.request, resource.kind)
  const { view, kind } = resource
  const known = () => draftOverKnown(write, body.value) ?? draftWithKnownMetadata(write, body.value)
  // Whoever audits it in full is to see all that was sent.
  const decode = () =>
    (exchange.audit?.wantsRequest ? undefined : known()) ?? draftOf(exchange, kind, body)
  let draft: KubernetesObject | undefined = decode()
  exchange.audit?.concerns(draft)
  checkNamespace(write, draft)
  checkName(write, draft)
  // Told even where it comes too late.
  dropRepeatedOwners(write, draft)
  const hooks = hooksOf(resource)
  if (hooks.needsResourceVersion && !namesRevision(draft)) {
    const stored = await resource.storage.get(write.namespace, write.name)
    const { uid } = draft.metadata
    if (stored && uid) checkUid(write, uid, stored.object.metadata.uid)
    if (stored) throw revisionNeeded(write)
  }
  const take = () => {
    // The first attempt uses the draft that is there, further ones decode again: drafts are given away.
    const served = draft ?? decode()
    draft = undefined
    return view.toStored?.(served) ?? served
  }
  if (!hooks.createsOnUpdate || write.subresource !== '')
    return respondOne(exchange, 200, resource, await updateObject(write, take))
  const current = await resource.storage.latest(write.namespace, write.name)
  if (!current && (await isSettled(write, current)))
    return respondOne(exchange, 201, resource, await createByUpdate(write, take()))
  return respondOne(exchange, 200, resource, await updateObject(write, take, current))
}

async function createByUpdate(write: Write, draft: KubernetesObject): Promise<StoredObject> {
  const { metadata } = draft
  if (metadata.uid) checkUid(write, metadata.uid)
  // Of what is not there, no revision can be meant.
  delete metadata.resourceVersion
  await authorizeVerb(write.exchange, 'create')
  return createObject({ ...write, name: '' }, draft)
}

export function checkName({ name }: Write, { metadata }: KubernetesObject): void {
  if (!metadata.name)
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    )
  if (metadata.name !== name)
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    )
}

/** Reads, changes and writes until no other write came between. `first` is what the first attempt builds on, where it was read already. */
export async function updateObject(
  write: Write,
  change: Change,
  first?: StoredObject,
): Promise<StoredObject> {
  const { storage, name: resourceName } = write.resource
  for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS; attempt++) {
    const known = attempt === 0 ? first : undefined
    const current = known ?? (await storage.latest(write.namespace, write.name))
    try {
      if (!current) throw notFound(resourceName, write.name)
      const result = await changeOnce(write, current, change)
      if (result) return result
    } catch (thrown) {
      // A refusal shows what it was judged by, which must not be taken back by a crash.
      if (await isSettled(write, current)) throw thrown
    }
  }
  throw new StatusError(
    'ServerTimeout',
    `The ${write.subresource || 'update'} operation against ${resourceName.resource} could not be completed at this time, please try again.`,
    { name: write.name, kind: resourceName.resource, retryAfterSeconds: 1 },
  )
}

/** Whether what a write was judged by is durable. */
export function isSettled(write: Write, seen: StoredObject | undefined): Promise<boolean> {
  return write.resource.storage.settled(write.namespace, write.name, seen)
}

/** One attempt; undefined when another write was faster, and the client did not mind. */
async function changeOnce(
  write: Write,
  current: StoredObject,
  change: Change,
): Promise<StoredObject | undefined> {
  const { resource, name } = write
  const preparing = prepare(resource.view, [current])
  if (preparing) await preparing
  const changing = change(current)
  const draft = changing instanceof Promise ? await changing : changing
  const { uid, resourceVersion = '0' } = draft.metadata
  if (uid && !isPatch(write)) checkUid(write, uid, current.object.metadata.uid)
  if (!/^\d*$/.test(resourceVersion))
    throw new PlainError(
      `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    )
  const isPinned = namesRevision(draft)
  const isOvertaken = isPinned && resourceVersion !== String(current.revision)
  const result = isOvertaken ? undefined : await replace(write, current, draft)
  if (!result && isPinned) throw conflict(resource.name, name, MODIFIED)
  return result
}

async function replace(
  write: Write,
  current: StoredObject,
  draft: KubernetesObject,
): Promise<StoredObject | undefined> {
  const { storage } = write.resource
  const { view } = write.resource
  const previous = view.own ? current.in(view).object : current.object
  checkNamespace(write, draft)
  const sent = sentForm(write, draft, previous)
  keepSystemMetadata(write, draft, previous)
  const { uid } = draft.metadata
  // Also of a status, whose owners may then be set back.
  if (!isPatch(write)) dropRepeatedOwners(write, draft)
  // Of these upstream has it that who sends a field has it, even where it is not taken.
  const isOwnedAsSent = isPartOfPod(write)
  if (isOwnedAsSent) await trackFields(write, previous, draft)
  // What is left aside counts for that, too.
  const hasOwners = write.isApply || canBeOwned(write, draft)
  keepOtherHalf(write, draft, previous)
  hooksOf(write.resource).complete?.(write, draft)
  if (!hasOwners) delete draft.metadata.managedFields
  else if (!isOwnedAsSent && write.subresource !== 'binding') {
    const tracking = trackFields(write, previous, draft)
    if (tracking) await tracking
  }
  if (sent) showAsSent(draft, sent)
  const { resourceVersion } = draft.metadata
  const mutating = mutate(write, draft, previous)
  const isChanged = mutating instanceof Promise ? await mutating : mutating
  if (isChanged) checkRevision(write, draft, resourceVersion)
  if (isChanged || sent) takeBack(write, draft, previous, uid)
  dropRepeatedOwners(write, draft, ' after mutating admission happens')
  const kind = rulesOf(write.resource)
  const { begin, prepare: prepareWrite, allocate } = hooksOf(write.resource)
  if (begin && isWhole(write)) await begin(write, draft, previous)
  if (isWhole(write) || write.subresource === 'status') dropGatedFields(write, draft, previous)
  if (isWhole(write)) kind.prepareForUpdate(draft, previous)
  if (write.subresource === 'status') kind.prepareForStatusUpdate(draft, previous)
  prepareWrite?.(write, draft, previous)
  if (write.subresource !== 'binding') countGeneration(kind, draft, previous)
  validate(write, draft, previous)
  const admitting = admit(write, 'UPDATE', { object: draft, oldObject: previous })
  if (admitting) await admitting
  // Upstream drops it only as it stores the object, so that trials show it.
  if (!write.dryRun) delete draft.metadata.selfLink
  const hold = allocate && (await allocate(write, draft, previous))
  try {
    const converted = storedForm(write, draft)
    const stored = converted instanceof Promise ? await converted : converted
    if (isUnchanged(stored, current.object) && !storage.isStale(current))
      return (await isSettled(write, current)) ? current : undefined
    // Shown at the revision that the draft was made from: what it would get, nobody knows.
    if (write.dryRun)
      return (await isSettled(write, current)) ? unstored('', current.revision, stored) : undefined
    // Awaited here, so that what was allocated stays held until the cache has it.
    return isFinished(write, draft)
      ? await storage.remove(current, stored)
      : await storage.replace(current, stored, hold?.besides)
  } finally {
    hold?.release()
  }
}

/** Whoever changed the draft may have meant another state of the object. */
function checkRevision(
  { resource, name }: Write,
  { metadata }: KubernetesObject,
  shown: string | undefined,
): void {
  const { resourceVersion } = metadata
  if (resourceVersion && resourceVersion !== shown) throw conflict(resource.name, name, MODIFIED)
}

/** After others have seen and perhaps changed it: the rules of `replace` hold anew. A wrong identity is refused later on. */
function takeBack(
  write: Write,
  draft: KubernetesObject,
  previous: KubernetesObject,
  uid: string | undefined,
): void {
  checkNamespace(write, draft)
  const { uid: made } = draft.metadata
  keepSystemMetadata(write, draft, previous)
  const its = made && made !== previous.metadata.uid ? made : uid
  if (its) draft.metadata.uid = its
  keepOtherHalf(write, draft, previous)
}

/** What whoever is outside is to see of a draft, before the server puts back what is not the client's; undefined where nobody looks. */
function sentForm(
  write: Write,
  draft: KubernetesObject,
  previous: KubernetesObject,
): KubernetesObject | undefined {
  const { exchange, subresource } = write
  const isSeen = subresource !== 'binding' && subresource !== 'scale'
  if (!isSeen || !showsDrafts(exchange.server.admission)) return undefined
  const { metadata, ...rest } = draft
  const { apiVersion, kind } = previous
  // Whoever writes a known status alone does not say of what.
  const whole: Partial<KubernetesObject> = rest
  const sent = { apiVersion, kind, ...whole, metadata: { ...metadata } } as KubernetesObject
  // A patch was made of what is there, revision and all.
  if (isPatch(write)) keepMetadata(sent, previous, OF_SYSTEM)
  return sent
}

/** What a client may neither change nor has to send. */
function keepSystemMetadata(
  write: Write,
  draft: KubernetesObject,
  previous: KubernetesObject,
): void {
  const { metadata } = draft
  const { uid, deletionGracePeriodSeconds } = metadata
  keepMetadata(draft, previous, OF_SYSTEM)
  if (uid && isPatch(write)) metadata.uid = uid
  // Another end than it has is refused later on.
  if (previous.metadata.deletionTimestamp) keepMetadata(draft, previous, ['deletionTimestamp'])
  if (deletionGracePeriodSeconds === undefined)
    keepMetadata(draft, previous, ['deletionGracePeriodSeconds'])
}

const OF_SYSTEM = ['uid', 'resourceVersion', 'creationTimestamp', 'generation'] as const

/** Counts changes of everything but metadata and status. */
export function countGeneration(
  kind: AnyKind,
  draft: KubernetesObject,
  previous: KubernetesObject,
): void {
  if (!kind.hasGeneration) return
  const [next, before] = [desired(kind, draft), desired(kind, previous)]
  if (isEqual(next, before) || isEqual(respelled(kind.shape, next, before), before)) return
  draft.metadata.generation = (previous.metadata.generation ?? 0) + 1
}

function desired({ subresources }: AnyKind, object: KubernetesObject): object {
  const { apiVersion: _, kind: __, metadata: ___, ...rest } = object
  return subresources.status && 'status' in rest ? { ...rest, status: undefined } : rest
}

/** A scale is written as an ordinary update of the object, with all its rules. */
const isWhole = ({ subresource }: Write) => subresource === '' || subresource === 'scale'
const isPartOfPod = ({ subresource }: Write) =>
  subresource === 'resize' || subresource === 'ephemeralcontainers'

function validate(write: Write, draft: KubernetesObject, previous: KubernetesObject): void {
  const kind = rulesOf(write.resource)
  const { subresource } = write
  const errors = [...validateMetadataUpdate(kind, draft, previous)]
  const judgesNames = (isWhole(write) || isPartOfPod(write)) && !kind.takesAnyPrefix
  const names = judgesNames ? wrongNames(kind, draft) : []
  const finalizers =
    subresource === 'scale' || subresource === 'binding'
      ? []
      : wrongFinalizers(write, draft, previous)
  // The rules of ordinary updates forbid just what the other subresources are there for.
  const judged = respelled(kind.shape, draft, previous)
  const changes = isWhole(write) ? kind.validateUpdate(judged, previous) : []
  const { judgesChangesFirst } = kind
  if (judgesChangesFirst) errors.push(...finalizers)
  if (judgesChangesFirst === true) errors.push(...changes)
  errors.push(...names)
  if (!judgesChangesFirst) errors.push(...finalizers)
  if (subresource === 'status') errors.push(...kind.validateStatusUpdate(draft, previous))
  else if (subresource !== 'binding') errors.push(...kind.validate(draft, previous))
  if (judgesChangesFirst !== true) errors.push(...changes)
  errors.push(...(hooksOf(write.resource).validate?.(write, judged, previous) ?? []))
  const refused = errors.filter(({ mayStay }) => !mayStay)
  if (refused.length < errors.length) warnOfOld(write, errors)
  if (refused.length > 0) throw invalid(kind, draft.metadata.name ?? write.name, refused)
  const warnings = subresource === 'status' ? kind.statusWarnings(draft) : []
  write.exchange.warnings.push(...(isWhole(write) ? kind.warnings(draft, previous) : warnings))
}

/** Of mistakes that were there before; upstream has no warnings with control characters in them. */
function warnOfOld({ exchange }: Write, errors: readonly FieldError[]): void {
  for (const { field, message, mayStay } of errors) {
    const text = `${field}: ${message}`
    if (mayStay && !/\p{Cc}/u.test(text) && !exchange.warnings.includes(text))
      exchange.warnings.push(text)
  }
}

/** The same but for the revision, and for the times in managedFields, which alone make no change. */
function isUnchanged(draft: KubernetesObject, previous: KubernetesObject): boolean {
  if (!isEqual({ ...draft, metadata: undefined }, { ...previous, metadata: undefined }))
    return false
  const { metadata } = draft
  const { metadata: before } = previous
  if (!isEqual(withoutVersion(metadata), withoutVersion(before))) return false
  return isEqual(timeless(metadata.managedFields), timeless(before.managedFields))
}

const withoutVersion = (metadata: KubernetesObject['metadata']): object => ({
  ...metadata,
  resourceVersion: undefined,
  managedFields: undefined,
})

const timeless = (entries: KubernetesObject['metadata']['managedFields']) =>
  entries?.map(entry => ({ ...entry, time: undefined }))

/** A deleted object goes with the last of its finalizers, unless it has time left to end by itself. */
export function isFinished({ resource }: Write, { metadata, ...rest }: KubernetesObject): boolean {
  if (metadata.deletionTimestamp === undefined) return false
  if ((metadata.finalizers?.length ?? 0) > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0)
    return false
  return !hooksOf(resource).hasOwnFinalizers?.({ metadata, ...rest })
}

/** The stored object in a resource by its name, for writers that need to look first. */
export async function existing(resource: StoredResource, namespace: string, name: string) {
  const stored = await resource.storage.get(namespace, name)
  if (!stored) throw notFound(resource.name, name)
  return stored
}
