/** The scale subresource: a workload's size in the words of autoscaling/v1, whatever its kind. */
import { type Scale, scale, scaleOf } from '#api/autoscaling/v1/scale.ts'
import { serverSideApply } from '#api/machinery/apply/apply.ts'
import { type FieldError, invalid as invalidField } from '#api/machinery/field-error.ts'
import type { ScaleMapping } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { badRequest, conflict, internalError, invalid, isStatus } from '#api/machinery/status.ts'
import { partialMetadataOf } from '#api/machinery/table.ts'
import { validateMetadata } from '#api/machinery/validate-metadata.ts'
import type { Exchange } from '../exchange.ts'
import { noList } from '../go-types.ts'
import { isTrue } from '../request-info.ts'
import { checkAccepted, respondValue, wantedBy } from '../respond.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { prepare } from '../storage/view.ts'
import { draftOf, parseBody } from './body.ts'
import { wrongFinalizers } from './hooks.ts'
import {
  acceptedOf,
  checkDeclared,
  configurationOf,
  decodeResult,
  isApply,
  type PatchBody,
  patchBodyOf,
  patchedDocument,
  readApplied,
  tellComplaints,
  wrongFor,
} from './patch.ts'
import { isPatch } from './preconditions.ts'
import type { ServedResource, StoredResource } from './registry.ts'
import { ownersAfterScale, ownersOfSize } from './scale-owners.ts'
import { noteSent, sentOf } from './sent.ts'
import type { SpecialHandler } from './special.ts'
import { tableFor } from './tables.ts'
import { checkName, existing, updateObject } from './update.ts'
import { versionsOf } from './versions.ts'
import { checkNamespace, dropRepeatedOwners, nowOf, type Write, writeOf } from './write.ts'

type Mapping = ScaleMapping<KubernetesObject>

const mappingOf = (resource: ServedResource) => resource.kind.subresources.scale as Mapping

export const getScale: SpecialHandler = async (exchange, resource) => {
  checkAccepted(exchange)
  const write = writeOf(exchange, resource as StoredResource)
  const stored = await existing(write.resource, write.namespace, write.name)
  const object = await sized(write.resource, stored)
  const missing = mappingOf(resource).missing?.(object)
  if (missing) throw internalError(missing)
  return respondScale(exchange, scaleOf(mappingOf(resource), object))
}

/** The object whose size is meant, in the version that was asked for. */
async function sized({ view }: StoredResource, stored: StoredObject): Promise<KubernetesObject> {
  await prepare(view, [stored])
  return stored.in(view).object
}

function respondScale(exchange: Exchange, size: Scale) {
  const { as, version } = exchange.request.objects ? {} : wantedBy(exchange)
  if (as === 'PartialObjectMetadataList') throw noList(scale)
  if (as === 'PartialObjectMetadata')
    return respondValue(exchange, 200, partialMetadataOf(scale, size, version))
  if (as === 'Table') return respondValue(exchange, 200, tableFor(exchange, scale, [size]))
  return respondValue(exchange, 200, size, scale)
}

export const updateScale: SpecialHandler = async (exchange, resource) => {
  checkAccepted(exchange)
  const wanted = await scaleIn(exchange, resource)
  const write = writeOf(exchange, resource as StoredResource)
  checkNamespace(write, wanted)
  checkName(write, wanted)
  dropRepeatedOwners(write, wanted)
  return writeScale(write, current => tracked(write, current, wanted))
}

/** Of custom resources upstream has no word for what was wrong with a size that cannot be read. */
async function scaleIn(exchange: Exchange, { kind }: ServedResource): Promise<Scale> {
  try {
    return draftOf(exchange, scale, await parseBody(exchange.request, scale)) as Scale
  } catch (thrown) {
    if (!kind.custom || !isStatus(thrown, 'BadRequest')) throw thrown
    throw badRequest(
      'no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"',
    )
  }
}

export const patchScale: SpecialHandler = async (exchange, resource) => {
  const body = await patchBodyOf(exchange.request, acceptedOf(resource.kind))
  exchange.audit?.patched(exchange.request.body, body.value)
  checkAccepted(exchange)
  const write = writeOf(exchange, resource as StoredResource, wrongFor(body, exchange.info.query))
  if (isApply(body)) return applyScale(write, body)
  return writeScale(write, current => {
    const result = patchedDocument(write, scale, current, body)
    const wanted = decodeResult(write, scale, { document: current, result, body, value: result })
    checkNamespace(write, wanted)
    checkName(write, wanted)
    // Only a revision that the patch itself names is a condition; else whoever was quicker is no matter.
    const made = tracked(write, current, wanted as Scale)
    const { resourceVersion, ...metadata } = made.metadata
    if (resourceVersion !== current.metadata.resourceVersion) return made
    return noteSent({ ...made, metadata }, made)
  })
}

function applyScale(write: Write, { value: given, complaints }: PatchBody) {
  const { exchange, manager } = write
  const written = (given ?? {}) as Scale
  const force = isTrue(exchange.info.query.get('force'))
  return writeScale(write, current => {
    // What is not there is told before this.
    const configuration = configurationOf(write, scale, written)
    tellComplaints(exchange, complaints)
    checkDeclared(scale, written)
    const writer = { manager, subresource: 'scale', time: nowOf(write) }
    const { object } = serverSideApply(scale, current, configuration, { ...writer, force, written })
    const wanted = readApplied(exchange, scale, object, written)
    const { uid, resourceVersion: pinned } = configuration.metadata
    if (uid) wanted.metadata.uid = uid
    if (pinned) wanted.metadata.resourceVersion = pinned
    else delete wanted.metadata.resourceVersion
    return wanted as Scale
  })
}

async function writeScale(write: Write, change: (current: Scale) => Scale) {
  const { exchange, resource } = write
  const mapping = mappingOf(resource)
  const stored = await updateObject({ ...write, subresource: 'scale', isApply: true }, current => {
    const { object } = current.in(resource.view)
    return scaled(write, object, change)
  })
  return respondScale(exchange, scaleOf(mapping, await sized(resource, stored)))
}

/** Stands for the size of a custom object that says none. */
const NO_SIZE = -(2 ** 31)

/** What it is on the condition of is judged as with any other update. */
function scaled(
  write: Write,
  current: KubernetesObject,
  change: (current: Scale) => Scale,
): KubernetesObject {
  const { exchange, resource } = write
  const { kind } = resource
  const mapping = mappingOf(resource)
  const { kindOf } = versionsOf(exchange.server, resource)
  const { managedFields } = current.metadata
  const before = scaleOf(mapping, current)
  if (mapping.missing?.(current)) before.spec.replicas = NO_SIZE
  const ofSize = ownersOfSize(managedFields, kindOf)
  if (ofSize.length > 0) before.metadata.managedFields = ofSize
  noteSent(current, before)
  const wanted = change(before)
  if (kind.custom && wanted.spec.replicas === NO_SIZE)
    throw badRequest(`the spec replicas field ${JSON.stringify(mapping.path)} cannot be empty`)
  const errors = wrongScale(write, wanted)
  if (errors.length > 0) throw invalid(scale, write.name, errors)
  if (isPatch(write)) checkPatchedUid(write, wanted, current)
  const draft = structuredClone(mapping.withReplicas(current, wanted.spec.replicas ?? 0))
  for (const condition of ['uid', 'resourceVersion'] as const)
    if (wanted.metadata[condition]) draft.metadata[condition] = wanted.metadata[condition]
    else delete draft.metadata[condition]
  const owners = ownersAfterScale(managedFields, wanted.metadata.managedFields, { kind, kindOf })
  if (owners.length > 0) draft.metadata.managedFields = owners
  else delete draft.metadata.managedFields
  return noteSent(draft, sentOf(wanted) ?? wanted)
}

/** With who owns it once it is written. */
function tracked(write: Write, before: Scale, wanted: Scale): Scale {
  // A size of none is not told.
  if (wanted.spec.replicas === 0) delete wanted.spec.replicas
  const writer = { manager: write.manager, subresource: 'scale', time: nowOf(write) }
  const { track } = write.exchange.server.fieldManagement
  wanted.metadata.managedFields = [...(track(scale, before, wanted, writer) ?? [])]
  return wanted
}

/** A custom object is whichever it is. */
function checkPatchedUid(write: Write, { metadata }: Scale, current: KubernetesObject): void {
  const { kind, name } = write.resource
  const { uid: itsUid } = current.metadata
  if (!kind.custom && metadata.uid && metadata.uid !== itsUid)
    throw conflict(
      { ...name, resource: `${name.resource}/scale` },
      write.name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${itsUid}`,
    )
  delete metadata.uid
}

/** Of a custom object nothing but its size is taken, and that is judged where it lands. */
function wrongScale(write: Write, wanted: Scale): readonly FieldError[] {
  if (write.resource.kind.custom) return []
  const { replicas = 0 } = wanted.spec
  return [
    ...validateMetadata(scale, wanted),
    ...wrongFinalizers(write, wanted),
    ...(replicas < 0
      ? [invalidField('spec.replicas', replicas, 'must be greater than or equal to 0')]
      : []),
  ]
}
