/** patch: JSON patch, merge patch, strategic merge patch and server-side apply, each over the update loop. */

import { serverSideApply } from '#api/machinery/apply/apply.ts'
import { faultsIn } from '#api/machinery/apply/undeclared.ts'
import { duplicateFields, parseJson } from '#api/machinery/body.ts'
import type { Reorder } from '#api/machinery/decode.ts'
import { NO_JSON, stringifyJson } from '#api/machinery/exact-json.ts'
import { type FieldError, forbidden, required } from '#api/machinery/field-error.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import { type KubernetesObject, managedFieldsEntry } from '#api/machinery/metadata.ts'
import { mistakeInPatched } from '#api/machinery/mistakes/in-patched.ts'
import { inOrderAlong, inOrderOfNames } from '#api/machinery/mistakes/order.ts'
import { goText } from '#api/machinery/patch/go-text.ts'
import { jsonPatch } from '#api/machinery/patch/json-patch.ts'
import { mergePatch } from '#api/machinery/patch/merge-patch.ts'
import { shownPatch } from '#api/machinery/patch/shown-patch.ts'
import { strategicMergePatch } from '#api/machinery/patch/strategic-merge.ts'
import { withWrappedNumbers } from '#api/machinery/patch/wrapped-numbers.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import { jsonTypeOf } from '#api/machinery/scalars.ts'
import { badRequest, conflict, isStatus, PlainError, StatusError } from '#api/machinery/status.ts'
import { NO_FLOAT, withPlainNumbers } from '#api/machinery/written-numbers.ts'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import type { Eventually } from '../authorization/authorizer.ts'
import type { Exchange } from '../exchange.ts'
import { unsupportedMediaType } from '../media-type.ts'
import { isTrue } from '../request-info.ts'
import { checkAccepted } from '../respond.ts'
import { authorizeVerb } from '../steps/authorize.ts'
import { emptyAsNull } from '../storage/empty-lists.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { decodeDraft, decodePatched, parseYaml } from './body.ts'
import { createObject } from './create.ts'
import { hooksOf, unownedFields } from './hooks.ts'
import { toDecode } from './known-parts.ts'
import { checkMade } from './patched-type.ts'
import { namesRevision, revisionNeeded } from './preconditions.ts'
import { respondOne } from './read.ts'
import type { StoredResource } from './registry.ts'
import { complaintsAbout, fieldValidationOf, warn } from './strict.ts'
import { checkName, updateObject } from './update.ts'
import { decideWith } from './versions.ts'
import { checkNamespace, nowOf, type Write, writeOf } from './write.ts'

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
  /** Fields that stand in it twice, and those of operations that mean nothing, in the words of warnings. */
  readonly complaints: readonly string[]
}

export async function patch(exchange: Exchange, resource: StoredResource): Promise<ApiResponse> {
  const body = await patchBodyOf(exchange.request, acceptedOf(resource.kind))
  exchange.audit?.patched(exchange.request.body, body.value)
  checkAccepted(exchange)
  const write = writeOf(exchange, resource, wrongFor(body, exchange.info.query))
  if (isApply(body)) return apply(write, body)
  const stored = await updateObject(write, current => patched(write, current, body))
  return respondOne(exchange, 200, resource, stored)
}

const strategicOf = ({ type, value }: PatchBody): unknown =>
  type === STRATEGIC_PATCH ? value : undefined

export const isApply = ({ type }: PatchBody) => type === APPLY_YAML || type === APPLY_CBOR

export const acceptedOf = ({ custom }: AnyKind) => (custom ? CUSTOM : ACCEPTED)

export async function patchBodyOf(
  { headers, body }: ApiRequest,
  accepted: readonly string[] = ACCEPTED,
): Promise<PatchBody> {
  const type = headers?.['content-type']?.split(';')[0]?.trim() ?? ''
  if (!accepted.includes(type))
    throw accepted === CUSTOM
      ? unsupportedMediaType(accepted)
      : new StatusError('UnsupportedMediaType', '415: Unsupported Media Type', {})
  if (body === undefined) throw badRequest('the request has no body')
  if (!(body instanceof Uint8Array)) return { type, value: body, complaints: [] }
  if (type === APPLY_CBOR)
    return { type, value: (await import('../cbor.ts')).decodeCbor(body), complaints: [] }
  if (type === APPLY_YAML) {
    const { value, repeatedKeys } = await parseYaml(body).catch(asUndecodable)
    const complaints =
      repeatedKeys === undefined ? [] : [`error converting YAML to JSON: ${repeatedKeys}`]
    return { type, value, complaints }
  }
  const value = parsePatch(body, type)
  const unknown = type === JSON_PATCH ? unknownInOperations(value) : []
  const fields = { unknown, duplicates: duplicateFields(body, value), json: body }
  const prefix = type === JSON_PATCH ? 'json patch ' : ''
  return { type, value, complaints: complaintsAbout(fields).map(text => prefix + text) }
}

function asUndecodable(thrown: unknown): never {
  if (!isStatus(thrown, 'BadRequest')) throw thrown
  const { message } = thrown
  const why = message.startsWith(NO_JSON) ? `error converting YAML to JSON: ${message}` : message
  throw badRequest(`error decoding YAML: ${why}`)
}

/** What is no JSON is told as a patch, or, of strategic ones, as it is. */
function parsePatch(body: Uint8Array, type: string): unknown {
  try {
    return parseJson(body, type === STRATEGIC_PATCH ? undefined : 'finite')
  } catch (thrown) {
    if (!isStatus(thrown, 'BadRequest')) throw thrown
    const why = thrown.message.replace("couldn't get version/kind; json parse error: ", '')
    if (type === STRATEGIC_PATCH) throw badRequest(why)
    const isFloat = type === JSON_PATCH && why.endsWith(NO_FLOAT)
    const where = isFloat ? why.replace('value', 'struct field jsonPatchOp.value') : why
    throw badRequest(`error decoding patch: ${where}`)
  }
}

const OPERATION_FIELDS = ['op', 'path', 'from', 'value']

function unknownInOperations(operations: unknown): string[] {
  if (!Array.isArray(operations)) return []
  return operations.flatMap((operation, at) =>
    isPlainObject(operation)
      ? Object.keys(operation)
          .filter(name => !OPERATION_FIELDS.includes(name))
          .map(name => `[${at}].${name}`)
      : [],
  )
}

/** The draft that a patch makes of the present object, which is shown to it in the served version. */
function patched(write: Write, current: StoredObject, body: PatchBody): KubernetesObject {
  const { kind, view } = write.resource
  const document = current.in(view).object
  const result = patchedDocument(write, kind, document, body)
  const { rest, ...undecoded } = toDecode(write, result, document)
  const decoded = decodeResult(write, kind, { document, result, body, ...undecoded })
  const draft = rest ? withRest(decoded, rest) : decoded
  checkNamespace(write, draft)
  checkName(write, draft)
  const isPinned = namesRevision(draft)
  if (!isPinned && hooksOf(write.resource).needsResourceVersion) throw revisionNeeded(write)
  // The patch was made on the newest state; only a revision that the patch itself names is a condition.
  // Not taken away, which would make the object slower and larger: it gets its revision back.
  if (draft.metadata.resourceVersion === document.metadata.resourceVersion)
    draft.metadata.resourceVersion = ''
  // That is held before anything is judged, another identity too.
  else if (isPinned) delete draft.metadata.uid
  return view.toStored?.(draft) ?? draft
}

/** What a patch makes of a document, which can be read as one of the kind. */
export function patchedDocument(
  write: Write,
  kind: AnyKind,
  document: KubernetesObject,
  body: PatchBody,
): PlainObject {
  // Such a patch copies what it is applied to: as it is shown, where an empty list is null, which says nothing.
  const shown = body.type === JSON_PATCH ? emptyAsNull(document) : document
  const made = applyPatch(kind.shape, shown, body)
  // Those of custom resources are read as any JSON.
  const result = kind.custom ? withPlainNumbers(made) : made
  checkMade(result, { write, kind, document, strategic: strategicOf(body) })
  return result
}

interface Made {
  readonly document: KubernetesObject
  readonly result: PlainObject
  readonly body: PatchBody
  /** What has to be decoded of the result, and what is known of it already. */
  readonly value: PlainObject
  readonly metadata?: KubernetesObject['metadata']
}

export function decodeResult(
  { exchange }: Write,
  kind: AnyKind,
  { document, result, body, value, metadata }: Made,
): KubernetesObject {
  const isStrategic = body.type === STRATEGIC_PATCH
  return decodePatched(exchange, kind, {
    value,
    metadata,
    duplicates: body.complaints,
    isStrategic,
    reorder: orderAfter(body),
    shown: () =>
      isStrategic ? goText(shownPatch(kind.shape, document, body.value)) : stringifyJson(result),
  })
}

/** How upstream brings into order what it reads after a patch of this type. */
function orderAfter({ type, value }: PatchBody): Reorder {
  if (type !== JSON_PATCH) return inOrderOfNames
  return made => {
    const operations = Array.isArray(value) ? value.filter(isPlainObject) : []
    const pointers = operations.flatMap(({ path, from }) => [path, from].filter(isText))
    return inOrderAlong(made, pointers)
  }
}

const isText = (value: unknown) => typeof value === 'string'

/** Whatever a default put where something known is to stand goes. */
function withRest(decoded: KubernetesObject, rest: Partial<KubernetesObject>): KubernetesObject {
  const { metadata, status } = decoded as KubernetesObject & { status?: unknown }
  return { ...rest, metadata, ...(status === undefined ? {} : { status }) } as KubernetesObject
}

function applyPatch(
  shape: StoredResource['kind']['shape'],
  document: unknown,
  { type, value }: PatchBody,
): unknown {
  if (type === JSON_PATCH) return jsonPatch(document, value)
  if (type === MERGE_PATCH) return mergePatch(document, value)
  return strategicMergePatch(shape, document, value)
}

/** Of the options. */
export function wrongFor({ type }: PatchBody, query: URLSearchParams): FieldError[] {
  if (type === APPLY_YAML)
    return query.get('fieldManager')
      ? []
      : [required('fieldManager', 'is required for apply patch')]
  return query.has('force') ? [forbidden('force', 'may not be specified for non-apply patch')] : []
}

async function apply(write: Write, { value: given, complaints }: PatchBody): Promise<ApiResponse> {
  const { exchange, resource } = write
  const { query } = exchange.info
  // Nothing at all says no less than an object without anything.
  const value = given ?? {}
  const configuration = configurationOf(write, resource.kind, value)
  tellComplaints(exchange, complaints)
  const force = isTrue(query.get('force'))
  const { kind } = resource
  const lay = (live: KubernetesObject | undefined) => {
    checkDeclared(kind, value)
    return layOver(write, live, { configuration, written: value as KubernetesObject, force })
  }
  try {
    const stored = await updateObject({ ...write, isApply: true }, current =>
      lay(current.in(resource.view).object),
    )
    return respondOne(exchange, 200, resource, stored)
  } catch (thrown) {
    const isMissing = isStatus(thrown, 'NotFound') && thrown.details?.name === write.name
    if (!isMissing || write.subresource !== '') throw thrown
    const { uid } = configuration.metadata
    checkDeclared(kind, value)
    if (uid)
      throw conflict(
        resource.name,
        write.name,
        `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
      )
    await authorizeVerb(write.exchange, 'create')
    const stored = await createObject({ ...write, name: '', isApply: true }, await lay(undefined))
    return respondOne(exchange, 201, resource, stored)
  }
}

export function tellComplaints(exchange: Exchange, complaints: readonly string[]): void {
  if (complaints.length > 0 && fieldValidationOf(exchange) === 'Strict')
    throw badRequest(`error strict decoding YAML: ${complaints.join(', ')}`)
  if (fieldValidationOf(exchange) === 'Warn') warn(exchange, complaints)
}

/** The applied object as it was written: no defaults, so that they are not owned. */
export function configurationOf(write: Write, kind: AnyKind, value: unknown): KubernetesObject {
  if (!isPlainObject(value))
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type map[string]interface {}`,
    )
  const configuration = value as unknown as KubernetesObject
  checkAppliedType(kind, configuration)
  const { metadata = {} } = configuration
  const { managedFields } = metadata
  // What is no such list is told by its schema.
  const isEntry = (entry: unknown) =>
    isPlainObject(entry) && mistakeInPatched(managedFieldsEntry, entry) === undefined
  if (Array.isArray(managedFields) && managedFields.every(isEntry))
    throw badRequest('metadata.managedFields must be nil')
  if (metadata.name && typeof metadata.name === 'string' && metadata.name !== write.name)
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${write.name})`,
    )
  if (metadata.namespace && write.namespace && metadata.namespace !== write.namespace)
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  const namespace = write.namespace ? { namespace: write.namespace } : {}
  return { ...configuration, metadata: { ...metadata, ...namespace, name: write.name } }
}

function checkAppliedType(
  kind: AnyKind,
  configuration: { apiVersion?: unknown; kind?: unknown },
): void {
  if (configuration.apiVersion !== apiVersionOf(kind) || configuration.kind !== kind.kind)
    throw badRequest(`invalid object type: ${goTypeOf(configuration)}`)
}

/** As Go prints what an object says of itself. */
function goTypeOf({ apiVersion, kind }: { apiVersion?: unknown; kind?: unknown }): string {
  const named = typeof kind === 'string' ? kind : ''
  if (typeof apiVersion !== 'string') return `/, Kind=${named}`
  if (apiVersion.split('/').length > 2) return '/, Kind='
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${named}`
}

/** Fields that cannot be owned are refused, whatever the query says of validation. */
export function checkDeclared(kind: AnyKind, value: unknown): void {
  const faults = faultsIn({ type: 'struct', presence: 'always', shape: kind.shape }, value)
  if (faults === undefined) return
  throw new PlainError(`failed to create typed patch object (${toldOf(kind, value)}): ${faults}`)
}

/** The draft that an applied configuration makes of what is there, with who owns it. */
export function layOver(
  write: Write,
  live: KubernetesObject | undefined,
  applied: { configuration: KubernetesObject; written: KubernetesObject; force: boolean },
): Eventually<KubernetesObject> {
  const { configuration, written, force } = applied
  const { kind, view } = write.resource
  const { manager, subresource } = write
  const unowned = unownedFields(write.resource, subresource, configuration)
  const options = { manager, subresource, time: nowOf(write), force, written, unowned }
  // Laid over what is shown, as upstream does: an empty list is something else than null, and whoever applies it takes the field over.
  const shown = live && emptyAsNull(live)
  const finish = ({ object }: { object: KubernetesObject }) => {
    const draft = readApplied(write.exchange, kind, object, applied.written)
    const { uid, resourceVersion: pinned } = configuration.metadata
    if (uid) draft.metadata.uid = uid
    if (pinned) draft.metadata.resourceVersion = pinned
    else if (live) draft.metadata.resourceVersion = ''
    else delete draft.metadata.resourceVersion
    return view.toStored?.(draft) ?? draft
  }
  const laying = decideWith(write.exchange.server, write.resource, versions =>
    serverSideApply(kind, shown, configuration, { ...options, versions }),
  )
  return laying instanceof Promise ? laying.then(finish) : finish(laying)
}

/** What has its place may be of a wrong type all the same, as a time that is none: upstream finds that as it converts what it has merged. */
export function readApplied(
  exchange: Exchange,
  kind: AnyKind,
  object: KubernetesObject,
  written: KubernetesObject,
): KubernetesObject {
  try {
    return decodeDraft(exchange, appliedKind(kind), object)
  } catch (thrown) {
    const made = object as unknown as PlainObject
    if (!isStatus(thrown, 'BadRequest') || kind.custom) throw thrown
    const mistake = mistakeInPatched(kind.shape, made)
    if (mistake === undefined)
      return decodeDraft(exchange, kind, withWrappedNumbers(kind.shape, made))
    throw new PlainError(
      `failed to convert new object (${toldOf(kind, written)}) to proper version: unable to convert unstructured object to ${typeOf(kind)}: ${mistake}`,
    )
  }
}

const typeOf = ({ group, version, kind }: AnyKind) => `${group}/${version}, Kind=${kind}`

/** An object as messages name it, by what it says of itself. */
function toldOf(kind: AnyKind, value: unknown): string {
  const { metadata } = value as Partial<KubernetesObject>
  const text = (part: unknown) => (typeof part === 'string' ? part : '')
  return `${text(metadata?.namespace)}/${text(metadata?.name)}; ${typeOf(kind)}`
}

const appliedKind = (kind: AnyKind): AnyKind =>
  kind.custom ? { ...kind, custom: { ...kind.custom, decode: kind.custom.decodeApplied } } : kind
