/** The scale subresource: a workload's size in the words of autoscaling/v1, whatever its kind. */
import { type Scale, scale, scaleOf } from '#api/autoscaling/v1/scale.ts'
import { invalid as invalidField } from '#api/machinery/field-error.ts'
import type { ScaleMapping } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { badRequest, conflict, internalError, invalid } from '#api/machinery/status.ts'
import type { Exchange } from '../exchange.ts'
import { respondValue, wantedBy } from '../respond.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { prepare } from '../storage/view.ts'
import { decodeDraft, draftOf, parseBody } from './body.ts'
import { applyPatch, patchBodyOf } from './patch.ts'
import type { ServedResource, StoredResource } from './registry.ts'
import type { SpecialHandler } from './special.ts'
import { tableFor } from './tables.ts'
import { existing, updateObject } from './update.ts'
import { MODIFIED, type Write, writeOf } from './write.ts'

type Mapping = ScaleMapping<KubernetesObject>

const mappingOf = (resource: ServedResource) => resource.kind.subresources.scale as Mapping

export const getScale: SpecialHandler = async (exchange, resource) => {
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
  if (exchange.request.objects || wantedBy(exchange).as !== 'Table')
    return respondValue(exchange, 200, size, scale)
  return respondValue(exchange, 200, tableFor(exchange, scale, [size]))
}

export const updateScale: SpecialHandler = async (exchange, resource) => {
  const body = await parseBody(exchange.request, scale)
  return writeScale(exchange, resource, () => draftOf(exchange, scale, body) as Scale)
}

export const patchScale: SpecialHandler = async (exchange, resource) => {
  const body = await patchBodyOf(exchange.request)
  return writeScale(exchange, resource, current => {
    const wanted = decodeDraft(exchange, scale, applyPatch(scale.shape, current, body)) as Scale
    // Only a revision that the patch itself names is a condition; else whoever was quicker is no matter.
    if (wanted.metadata.resourceVersion === current.metadata.resourceVersion)
      delete wanted.metadata.resourceVersion
    return wanted
  })
}

async function writeScale(
  exchange: Exchange,
  resource: ServedResource,
  change: (current: Scale) => Scale,
) {
  const mapping = mappingOf(resource)
  const write = writeOf(exchange, resource as StoredResource)
  const stored = await updateObject({ ...write, subresource: 'scale' }, current => {
    const { object } = current.in(resource.view)
    const before = scaleOf(mapping, object)
    return scaled(write, mapping, object, { before, wanted: change(before) })
  })
  return respondScale(exchange, scaleOf(mapping, await sized(write.resource, stored)))
}

function scaled(
  write: Write,
  mapping: Mapping,
  current: KubernetesObject,
  { before, wanted }: { before: Scale; wanted: Scale },
): KubernetesObject {
  const { resource: of } = write.resource.storage
  const { metadata, spec } = wanted
  if (metadata.name && metadata.name !== write.name)
    throw badRequest(`the name of the Scale (${metadata.name}) is not that of the object`)
  const pinned = metadata.resourceVersion
  if (pinned && pinned !== before.metadata.resourceVersion) throw conflict(of, write.name, MODIFIED)
  const replicas = spec.replicas ?? 0
  if (replicas < 0)
    throw invalid(scale, write.name, [
      invalidField('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ])
  const draft = structuredClone(mapping.withReplicas(current, replicas))
  if (!pinned) delete draft.metadata.resourceVersion
  return draft
}
