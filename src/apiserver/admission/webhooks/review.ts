/** AdmissionReview of admission.k8s.io, v1 and v1beta1: the question to a webhook, and what its answer means. */
import { parseExact, stringifyJson } from '#api/machinery/exact-json.ts'
import { syntaxErrorOf } from '#api/machinery/json-syntax.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import { jsonTypeOf } from '#api/machinery/scalars.ts'
import { failure, type Status, StatusError, type StatusReason } from '#api/machinery/status.ts'
import type { ServedResource } from '../../resources/registry.ts'
import type { AdmissionRequest } from '../admission.ts'
import {
  type AdmissionResponse,
  type AdmissionReview,
  GROUP,
  KIND,
  type Result,
  VERSIONS,
} from './answer-shape.ts'
import type { Form } from './form.ts'

/** The first version that the webhook and this server both speak. */
export function reviewVersion(accepted: readonly string[]): string | undefined {
  return accepted.find(version => VERSIONS.includes(version))
}

const encoder = new TextEncoder()

export function reviewOf(
  request: AdmissionRequest,
  resource: Pick<ServedResource, 'kind'>,
  form: Form,
  { uid, version }: { uid: string; version: string },
): Uint8Array {
  const review = {
    kind: KIND,
    apiVersion: `${GROUP}/${version}`,
    request: { uid, ...requestOf(request, resource, form) },
  }
  return encoder.encode(stringifyJson(review))
}

/** The request as webhooks and expressions see it. */
export function requestOf(
  request: AdmissionRequest,
  { kind }: Pick<ServedResource, 'kind'>,
  form: Form,
): Record<string, unknown> {
  const { user, subresource, object, oldObject } = request
  const shown = (each: typeof object) => (each ? form.show(each) : null)
  return {
    kind: form.kind,
    resource: { group: kind.group, version: kind.version, resource: kind.plural },
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: form.kind.kind === request.kind.kind ? request.kind : form.kind,
    requestResource: request.resource,
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(request.name ? { name: request.name } : {}),
    ...(request.namespace ? { namespace: request.namespace } : {}),
    operation: request.operation,
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      ...(user.groups.length > 0 ? { groups: user.groups } : {}),
      ...(user.extra ? { extra: user.extra } : {}),
    },
    object: shown(object),
    oldObject: shown(oldObject),
    dryRun: request.dryRun,
    options: request.options ?? null,
  }
}

export interface Verdict {
  readonly allowed: boolean
  /** The operations of a JSON patch, each an object or nothing. */
  readonly operations: readonly unknown[]
  readonly status: Result | undefined
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
}

/** Throws an Error that says what is wrong with the answer. */
export function verdictOf(
  { apiVersion = '', kind = '', response }: AdmissionReview,
  { uid, version, isMutating }: { uid: string; version: string; isMutating: boolean },
): Verdict {
  if (!response) throw new Error('webhook response was absent')
  if (version === 'v1') {
    if (response.uid !== uid)
      throw new Error(
        `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid)}`,
      )
    if (apiVersion !== `${GROUP}/v1` || kind !== KIND)
      throw new Error(
        `expected webhook response of ${GROUP}/v1, Kind=${KIND}, got ${apiVersion || '/'}, Kind=${kind}`,
      )
    checkPatch(response, isMutating)
  }
  const { allowed, status, warnings = [], auditAnnotations = {} } = response
  const operations = isMutating ? operationsIn(response) : []
  return { allowed, status, warnings, auditAnnotations, operations }
}

/** Only of an answer that is in order otherwise. Throws where there is a patch that is none. */
function operationsIn({ patch = '', patchType }: AdmissionResponse): readonly unknown[] {
  if (patch === '') return []
  const operations = parsedPatch(Buffer.from(patch, 'base64'))
  if (operations.length > 0 && patchType !== 'JSONPatch')
    throw new UnsupportedPatch(`unsupported patch type ${JSON.stringify(patchType)}`)
  return operations
}

function parsedPatch(bytes: Uint8Array): readonly unknown[] {
  const wrong = (why: string) => new UndecodablePatch(why)
  const cannot = (value: unknown, type: string) =>
    wrong(`json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type jsonpatch.${type}`)
  let operations: unknown
  try {
    operations = parseExact(bytes) ?? []
  } catch {
    throw wrong(syntaxErrorOf(bytes))
  }
  if (!Array.isArray(operations)) throw cannot(operations, 'Patch')
  return operations.map(each => {
    if (each !== null && !isPlainObject(each)) throw cannot(each, 'Operation')
    return each && withoutOdd(each)
  })
}

/** To upstream's library, a path that is no text is none. */
function withoutOdd(operation: PlainObject): object {
  const texts = Object.entries(operation).filter(
    ([name, value]) => !['op', 'path', 'from'].includes(name) || typeof value === 'string',
  )
  return Object.fromEntries(texts)
}

export class UndecodablePatch extends Error {}
export class UnsupportedPatch extends Error {}

function checkPatch({ patch = '', patchType }: AdmissionResponse, isMutating: boolean): void {
  const hasType = patchType !== undefined
  if (!isMutating) {
    if (patch !== '') throw new Error('validating webhook may not return response.patch')
    if (hasType) throw new Error('validating webhook may not return response.patchType')
    return
  }
  if (patch !== '' && !hasType)
    throw new Error('webhook returned response.patch but not response.patchType')
  if (patch === '' && hasType)
    throw new Error('webhook returned response.patchType but not response.patch')
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""')
}

/** The refusal that the client sees: the webhook's own Status, with its name before the message. */
export class WebhookRefusal extends StatusError {
  readonly #status: Status

  constructor(webhookName: string, given: Result = {}) {
    const { code = 0, reason, message } = given
    const who = `admission webhook ${JSON.stringify(webhookName)} denied the request`
    const text = message || reason ? `${who}: ${message || reason}` : `${who} without explanation`
    const number = Math.max(code, 400)
    const { details, metadata } = given
    super((reason || 'BadRequest') as StatusReason, text, details, number)
    const { reason: _, ...status } = failure('', text, number)
    this.#status = {
      ...status,
      ...(metadata ? { metadata } : {}),
      ...(given.status && given.status !== 'Success' ? { status: given.status as 'Failure' } : {}),
      ...(reason ? { reason } : {}),
      ...(details ? { details } : {}),
    }
  }

  override get status(): Status {
    return this.#status
  }
}
