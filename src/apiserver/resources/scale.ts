/** The scale subresource: a workload's size in the words of autoscaling/v1, whatever its kind. */
import { type Scale, scale, scaleOf } from '#api/autoscaling/v1/scale.ts'
import { type FieldError, invalid as invalidField } from '#api/machinery/field-error.ts'
import type { ScaleMapping } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { badRequest, internalError, invalid, isStatus } from '#api/machinery/status.ts'
import { partialMetadataOf } from '#api/machinery/table.ts'
import { validateMetadata } from '#api/machinery/validate-metadata.ts'
import type { Exchange } from '../exchange.ts'
import { noList } from '../go-types.ts'
import { checkAccepted, respondValue, wantedBy } from '../respond.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { prepare } from '../storage/view.ts'
import { decodeDraft, draftOf, parseBody } from './body.ts'
import { wrongFinalizers } from './hooks.ts'
import {
  acceptedOf,
  applyPatch,
  checkAppliedType,
  isApply,
  patchBodyOf,
  strategicOf,
  wrongFor,
} from './patch.ts'
import { checkMade } from './patched-type.ts'
import type { ServedResource, StoredResource } from './registry.ts'
import type { SpecialHandler } from './special.ts'
import { tableFor } from './tables.ts'
import { checkName, existing, updateObject } from './update.ts'
import { checkNamespace, dropRepeatedOwners, type Write, writeOf } from './write.ts'

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
  checkName(write, wanted)
  checkNamespace(write, wanted)
  dropRepeatedOwners(write, wanted)
  // Who owns fields of the size is told nowhere.
  delete wanted.metadata.managedFields
  return writeScale(write, () => wanted)
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
  checkAccepted(exchange)
  const write = writeOf(exchange, resource as StoredResource, wrongFor(body, exchange.info.query))
  return writeScale(write, current => {
    if (isApply(body) && isPlainObject(body.value)) checkAppliedType(scale, body.value)
    const result = applyPatch(scale.shape, current, body)
    checkMade(result, { write, kind: scale, document: current, strategic: strategicOf(body) })
    const wanted = decodeDraft(exchange, scale, result) as Scale
    checkName(write, wanted)
    checkNamespace(write, wanted)
    // Only a revision that the patch itself names is a condition; else whoever was quicker is no matter.
    if (wanted.metadata.resourceVersion === current.metadata.resourceVersion)
      delete wanted.metadata.resourceVersion
    return wanted
  })
}

async function writeScale(write: Write, change: (current: Scale) => Scale) {
  const { exchange, resource } = write
  const mapping = mappingOf(resource)
  const stored = await updateObject({ ...write, subresource: 'scale' }, current => {
    const { object } = current.in(resource.view)
    return scaled(write, object, change(scaleOf(mapping, object)))
  })
  return respondScale(exchange, scaleOf(mapping, await sized(resource, stored)))
}

/** What it is on the condition of is judged as with any other update. */
function scaled(write: Write, current: KubernetesObject, wanted: Scale): KubernetesObject {
  const { metadata, spec } = wanted
  const replicas = spec.replicas ?? 0
  const errors = wrongScale(write, wanted)
  if (errors.length > 0) throw invalid(scale, write.name, errors)
  const draft = structuredClone(mappingOf(write.resource).withReplicas(current, replicas))
  for (const condition of ['uid', 'resourceVersion'] as const)
    if (metadata[condition]) draft.metadata[condition] = metadata[condition]
    else delete draft.metadata[condition]
  return draft
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
