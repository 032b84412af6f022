/** patch: JSON patch, merge patch, strategic merge patch and server-side apply, each over the update loop. */
import { serverSideApply } from '#api/machinery/apply/apply.ts'
import { parseJson } from '#api/machinery/body.ts'
import { checkTypeMeta } from '#api/machinery/decode.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { jsonPatch } from '#api/machinery/patch/json-patch.ts'
import { mergePatch } from '#api/machinery/patch/merge-patch.ts'
import { strategicMergePatch } from '#api/machinery/patch/strategic-merge.ts'
import { badRequest, isStatus, StatusError } from '#api/machinery/status.ts'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { unsupportedMediaType } from '../media-type.ts'
import { isTrue } from '../request-info.ts'
import { authorizeVerb } from '../steps/authorize.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { decodeDraft, parseYaml } from './body.ts'
import { createObject } from './create.ts'
import { respondOne } from './read.ts'
import type { StoredResource } from './registry.ts'
import { updateObject } from './update.ts'
import { nowOf, type Write, writeOf } from './write.ts'

const JSON_PATCH = 'application/json-patch+json'
const MERGE_PATCH = 'application/merge-patch+json'
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json'
const APPLY_YAML = 'application/apply-patch+yaml'
const APPLY_CBOR = 'application/apply-patch+cbor'
const ACCEPTED = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_YAML, APPLY_CBOR]
/** Nothing says how the lists of custom resources are to be merged strategically. */
const CUSTOM = [JSON_PATCH, MERGE_PATCH, APPLY_YAML, APPLY_CBOR]

export interface PatchBody {
  readonly type: string
  readonly value: unknown
}

export async function patch(exchange: Exchange, resource: StoredResource): Promise<ApiResponse> {
  const write = writeOf(exchange, resource)
  const body = await patchBodyOf(exchange.request, resource.kind.custom ? CUSTOM : ACCEPTED)
  if (body.type === APPLY_YAML || body.type === APPLY_CBOR) return apply(write, body.value)
  const stored = await updateObject(write, current => patched(write, current, body))
  return respondOne(exchange, 200, resource, stored)
}

export async function patchBodyOf(
  { headers, body }: ApiRequest,
  accepted: readonly string[] = ACCEPTED,
): Promise<PatchBody> {
  const type = headers?.['content-type']?.split(';')[0]?.trim() ?? ''
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted)
  if (body === undefined) throw badRequest('the request has no body')
  if (!(body instanceof Uint8Array)) return { type, value: body }
  if (type === APPLY_CBOR) return { type, value: (await import('../cbor.ts')).decodeCbor(body) }
  return { type, value: type === APPLY_YAML ? await parseYaml(body) : parseJson(body) }
}

/** The draft that a patch makes of the present object, which is shown to it in the served version. */
function patched(write: Write, current: StoredObject, body: PatchBody): KubernetesObject {
  const { resource, exchange } = write
  const { kind, view } = resource
  const document = current.in(view).object
  const result = applyPatch(kind.shape, document, body)
  if (typeof result !== 'object' || result === null || Array.isArray(result))
    throw badRequest('the patched object is not an object')
  checkTypeMeta(kind, result as KubernetesObject)
  const draft = decodeDraft(exchange, kind, result)
  if (draft.metadata.name !== document.metadata.name)
    throw badRequest(
      `the name of the object (${draft.metadata.name ?? ''}) does not match the name on the URL (${write.name})`,
    )
  // The patch was made on the newest state; only a revision that the patch itself names is a condition.
  if (draft.metadata.resourceVersion === document.metadata.resourceVersion)
    delete draft.metadata.resourceVersion
  return view.toStored?.(draft) ?? draft
}

export function applyPatch(
  shape: StoredResource['kind']['shape'],
  document: unknown,
  { type, value }: PatchBody,
): unknown {
  if (type === JSON_PATCH) return jsonPatch(document, value)
  if (type === MERGE_PATCH) return mergePatch(document, value)
  return strategicMergePatch(shape, document, value)
}

async function apply(write: Write, value: unknown): Promise<ApiResponse> {
  const { exchange, resource } = write
  const { query } = exchange.info
  if (!query.get('fieldManager'))
    throw new StatusError(
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  const configuration = configurationOf(write, value)
  const force = isTrue(query.get('force'))
  const lay = (live: KubernetesObject | undefined) => layOver(write, live, { configuration, force })
  try {
    const stored = await updateObject({ ...write, isApply: true }, current =>
      lay(current.in(resource.view).object),
    )
    return respondOne(exchange, 200, resource, stored)
  } catch (thrown) {
    const isMissing = isStatus(thrown, 'NotFound') && thrown.details?.name === write.name
    if (!isMissing || write.subresource !== '' || configuration.metadata.uid) throw thrown
    await authorizeVerb(write.exchange, 'create')
    const stored = await createObject({ ...write, name: '', isApply: true }, lay(undefined))
    return respondOne(exchange, 201, resource, stored)
  }
}

/** The applied object as it was written: no defaults, so that they are not owned. */
function configurationOf(write: Write, value: unknown): KubernetesObject {
  const { kind } = write.resource
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest('error decoding YAML: an applied configuration is an object')
  const configuration = value as KubernetesObject
  checkTypeMeta(kind, configuration)
  if (!configuration.apiVersion || !configuration.kind)
    throw badRequest('an applied configuration must say its apiVersion and kind')
  const { metadata = {} } = configuration
  if (metadata.managedFields) throw badRequest('metadata.managedFields must be nil')
  if (metadata.name && metadata.name !== write.name)
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${write.name})`,
    )
  const namespace = write.namespace ? { namespace: metadata.namespace ?? write.namespace } : {}
  return { ...configuration, metadata: { ...metadata, ...namespace, name: write.name } }
}

function layOver(
  write: Write,
  live: KubernetesObject | undefined,
  { configuration, force }: { configuration: KubernetesObject; force: boolean },
): KubernetesObject {
  const { kind, view } = write.resource
  const { manager, subresource } = write
  const options = { manager, subresource, time: nowOf(write), force }
  const { object } = serverSideApply(kind, live, configuration, options)
  const draft = decodeDraft(write.exchange, kind, object)
  const pinned = configuration.metadata.resourceVersion
  if (pinned) draft.metadata.resourceVersion = pinned
  else delete draft.metadata.resourceVersion
  return view.toStored?.(draft) ?? draft
}
