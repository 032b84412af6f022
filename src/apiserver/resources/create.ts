/** create: POST to a collection. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { copyJson } from '#api/machinery/plain.ts'
import {
  alreadyExists,
  invalid,
  isStatus,
  methodNotSupported,
  PlainError,
  type ResourceName,
  StatusError,
} from '#api/machinery/status.ts'
import { ANY_NAME, validateMetadata, wrongNames } from '#api/machinery/validate-metadata.ts'
import { nameSuffix } from '#base/random.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Change } from '#store'
import type { Eventually } from '../authorization/authorizer.ts'
import type { Exchange } from '../exchange.ts'
import { checkAccepted } from '../respond.ts'
import { TakenMeanwhile } from '../storage/resource-storage.ts'
import { encodeValue, inOneLine, StoredObject } from '../storage/stored-object.ts'
import { draftOf, parseBody } from './body.ts'
import { dropGatedFields } from './gated-fields.ts'
import { hooksOf, wrongFinalizers } from './hooks.ts'
import { respondOne } from './read.ts'
import { rulesOf, type StoredResource } from './registry.ts'
import {
  admit,
  checkNamespace,
  dropRepeatedOwners,
  mutate,
  nowOf,
  storedForm,
  trackFields,
  type Write,
  writeOf,
} from './write.ts'

/** How often a taken generated name is made anew, as upstream. */
const NAME_ATTEMPTS = 8
/** How often a server may find that another one allocated at the same time. */
const ALLOCATION_ATTEMPTS = 20
/** Generated names end in five characters, and are cut to fit a label before them. */
const MAXIMUM_GENERATED_PREFIX = 63 - 5

/** As upstream reads it; of other texts it takes no notice. */
const isRevision = (text = '') => /^\d*[1-9]\d*$/.test(text)

export async function create(exchange: Exchange, resource: StoredResource): Promise<ApiResponse> {
  // Who posts to the path of a custom object makes what the body says.
  checkAccepted(exchange)
  const write = { ...writeOf(exchange, resource), name: '' }
  const body = await parseBody(exchange.request, resource.kind)
  const served = draftOf(exchange, resource.kind, body)
  const draft = resource.view.toStored?.(served) ?? served
  const stored = await createObject(write, draft)
  return respondOne(exchange, 201, resource, stored)
}

const createNotAllowed = (of: ResourceName) =>
  new StatusError(
    'MethodNotAllowed',
    'create not allowed while custom resource definition is terminating',
    methodNotSupported(of, 'create').details,
  )

/** Everything from a defaulted draft to the stored object; also for the server's own creates. */
export async function createObject(write: Write, draft: KubernetesObject): Promise<StoredObject> {
  checkNamespace(write, draft)
  const { name: askedName } = draft.metadata
  const filling = fillIn(write, draft)
  if (filling) await filling
  const { metadata } = draft
  const isRenamed = askedName !== undefined && askedName !== metadata.name
  const its = isRenamed ? { ...write, askedName } : write
  const isGenerated = !metadata.name && Boolean(metadata.generateName)
  for (let attempt = 1; ; attempt++) {
    const candidate = isGenerated && attempt < NAME_ATTEMPTS ? copyJson(draft) : draft
    if (isGenerated) candidate.metadata.name = generatedName(write, metadata.generateName ?? '')
    try {
      return await createNamed(its, candidate)
    } catch (thrown) {
      if (!metadata.generateName || !isStatus(thrown, 'AlreadyExists')) throw thrown
      // Upstream tells so even of a name that was chosen, where one could have been made as well.
      if (!isGenerated || attempt >= NAME_ATTEMPTS) throw noUniqueName(thrown)
    }
  }
}

/** What others say about a draft, who do not know yet how it will be called. */
function fillIn(write: Write, draft: KubernetesObject): Eventually<void> {
  if (rulesOf(write.resource).custom?.isTerminating) throw createNotAllowed(write.resource.name)
  wipe(draft)
  hooksOf(write.resource).complete?.(write, draft)
  // What admission adds is nobody's, so that applying anew does not take it away.
  if (write.exchange.info.verb !== 'patch') dropRepeatedOwners(write, draft)
  const finish = (hasChanged: boolean) => {
    if (hasChanged) checkNamespace(write, draft)
    dropRepeatedOwners(write, draft, ' after mutating admission happens')
  }
  const showOthers = () => {
    const mutating = mutate(write, draft)
    return mutating instanceof Promise ? mutating.then(finish) : finish(mutating)
  }
  const tracking = trackFields(write, undefined, draft)
  return tracking ? tracking.then(showOthers) : showOthers()
}

/** What only the server says about an object is not the client's to say. */
function wipe({ metadata }: KubernetesObject): void {
  delete metadata.uid
  delete metadata.creationTimestamp
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
}

function generatedName(write: Write, prefix: string): string {
  return prefix.slice(0, MAXIMUM_GENERATED_PREFIX) + nameSuffix(write.exchange.server.random)
}

/** Upstream tells here by which group it knows Events itself. */
const OF_EVENTS = 'events.k8s.io'

function noUniqueName({ message, details }: StatusError): StatusError {
  const isEvent = details?.group === OF_EVENTS
  const told = isEvent ? message.replace(`events.${OF_EVENTS} `, 'events ') : message
  const { group, ...others } = details ?? {}
  const named = isEvent || group === undefined ? others : { group, ...others }
  return new StatusError(
    'AlreadyExists',
    `${told}, the server was not able to generate a unique name for the object`,
    { ...named, retryAfterSeconds: 1 },
  )
}

async function createNamed(write: Write, draft: KubernetesObject): Promise<StoredObject> {
  const kind = rulesOf(write.resource)
  const { begin, validate, validatesFirst } = hooksOf(write.resource)
  if (begin) await begin(write, draft)
  prepare(write, draft)
  const beside = validate?.(write, draft) ?? []
  const ofKind = [...kind.validate(draft), ...kind.validateCreate(draft)]
  const errors = [
    ...validateMetadata(namedAs(write.resource.kind, kind), draft),
    ...wrongFinalizers(write, draft),
    ...(validatesFirst ? [...beside, ...ofKind] : [...ofKind, ...beside]),
  ]
  if (errors.length === 0) errors.push(...wrongNames(ANY_NAME, draft))
  if (errors.length > 0) throw invalid(kind, draft.metadata.name ?? '', errors)
  for (const text of kind.warnings(draft, undefined)) write.exchange.warnings.push(text)
  const admitting = admit(write, 'CREATE', { object: draft })
  if (admitting) await admitting
  // Only now, as upstream: a policy that refuses the object says so first.
  if (!write.dryRun && isRevision(draft.metadata.resourceVersion))
    throw new PlainError('resourceVersion should not be set on objects to be created')
  if (draft.metadata.resourceVersion) draft.metadata.resourceVersion = ''
  const { allocate } = hooksOf(write.resource)
  if (!allocate) return store(write, draft)
  for (let attempt = 1; ; attempt++) {
    const candidate = copyJson(draft)
    const hold = await allocate(write, candidate)
    try {
      return await store(write, candidate, hold.besides)
    } catch (thrown) {
      if (!(thrown instanceof TakenMeanwhile) || attempt >= ALLOCATION_ATTEMPTS) throw thrown
    } finally {
      hold.release()
    }
  }
}

async function store(
  write: Write,
  draft: KubernetesObject,
  besides?: readonly Change[],
): Promise<StoredObject> {
  const { server } = write.exchange
  const { storage, name: servedAs, kind } = write.resource
  const { namespace = '', name = '' } = draft.metadata
  // Its status is not its creator's to say, so it is what it is by default; no rule and no webhook has seen that yet.
  if (kind.custom && kind.subresources.status) kind.defaults(draft)
  const converted = storedForm(write, draft)
  const stored = converted instanceof Promise ? await converted : converted
  if (write.dryRun) {
    const there = await storage.get(namespace, name)
    if (there) throw taken(alreadyExists(servedAs, name), there)
    return unstored(stored, server.cache.revision)
  }
  try {
    return await storage.create(stored, besides, servedAs)
  } catch (thrown) {
    if (!isStatus(thrown, 'AlreadyExists')) throw thrown
    throw taken(thrown, await storage.get(namespace, name))
  }
}

/** Whoever comes too early is told that the name will be free. */
function taken(refusal: StatusError, there: StoredObject | undefined): StatusError {
  if (!there?.object.metadata.deletionTimestamp) return refusal
  const { message, details } = refusal
  return new StatusError('AlreadyExists', `object is being deleted: ${message}`, details)
}

/** The same object may have another rule for its name where it is served as a newer kind; rules of a kind's own look at its stored form. */
const namedAs = ({ nameRule }: AnyKind, stored: AnyKind): AnyKind =>
  typeof nameRule === 'string' && nameRule !== stored.nameRule ? { ...stored, nameRule } : stored

/** What only the server says about a new object. */
function prepare(write: Write, draft: KubernetesObject): void {
  const { server } = write.exchange
  const kind = rulesOf(write.resource)
  const { metadata } = draft
  metadata.uid = server.random.uuid()
  metadata.creationTimestamp = nowOf(write)
  // Of others it stays what the client says, which nobody reads.
  if (kind.hasGeneration === true) metadata.generation = 1
  dropGatedFields(write, draft)
  kind.prepareForCreate(draft)
  hooksOf(write.resource).prepare?.(write, draft)
}

/** The answer of a dry run: as it would be stored, without a revision of its own. */
export function unstored(draft: KubernetesObject, revision: number): StoredObject {
  return new UnstoredObject('', revision, encodeValue(draft))
}

class UnstoredObject extends StoredObject {
  override get object(): KubernetesObject {
    const { resourceVersion: _, ...metadata } = super.object.metadata
    return { ...super.object, metadata }
  }
  override get bytes(): Uint8Array {
    return inOneLine(this.value)
  }
}
