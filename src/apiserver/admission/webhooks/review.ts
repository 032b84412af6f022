/** AdmissionReview of admission.k8s.io, v1 and v1beta1: the question to a webhook, and what its answer means. */
import { stringifyJson } from '#api/machinery/exact-json.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { failure, type Status, StatusError, type StatusReason } from '#api/machinery/status.ts'
import type { ServedResource } from '../../resources/registry.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { Form } from './form.ts'

const GROUP = 'admission.k8s.io'
const VERSIONS = ['v1', 'v1beta1']

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
    kind: 'AdmissionReview',
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
  /** The operations of a JSON patch, not looked at yet. */
  readonly patch: unknown
  readonly status: unknown
  readonly warnings: readonly string[]
}

/** Throws an Error that says what is wrong with the answer. */
export function verdictOf(
  review: unknown,
  { uid, version, isMutating }: { uid: string; version: string; isMutating: boolean },
): Verdict {
  const { apiVersion, kind, response } = isPlainObject(review) ? review : {}
  if (!isPlainObject(response)) throw new Error('webhook response was absent')
  if (version === 'v1') {
    if (response.uid !== uid)
      throw new Error(
        `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`,
      )
    if (apiVersion !== `${GROUP}/v1` || kind !== 'AdmissionReview')
      throw new Error(
        `expected webhook response of ${GROUP}/v1, Kind=AdmissionReview, got ${String(apiVersion ?? '')}, Kind=${String(kind ?? '')}`,
      )
    checkPatch(response, isMutating)
  }
  const { allowed, patch, status, warnings } = response
  return {
    allowed: allowed === true,
    patch: isMutating && typeof patch === 'string' && patch !== '' ? patchIn(patch) : undefined,
    status,
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
  }
}

function checkPatch({ patch, patchType }: Record<string, unknown>, isMutating: boolean): void {
  const hasPatch = typeof patch === 'string' && patch !== ''
  const hasType = patchType !== undefined && patchType !== null
  if (!isMutating) {
    if (hasPatch) throw new Error('validating webhook may not return response.patch')
    if (hasType) throw new Error('validating webhook may not return response.patchType')
    return
  }
  if (hasPatch && !hasType)
    throw new Error('webhook returned response.patch but not response.patchType')
  if (!hasPatch && hasType)
    throw new Error('webhook returned response.patchType but not response.patch')
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""')
  if (hasType && patchType !== 'JSONPatch')
    throw new Error(`unsupported patch type ${JSON.stringify(patchType)}`)
}

function patchIn(base64: string): unknown {
  return JSON.parse(Buffer.from(base64, 'base64').toString())
}

/** The refusal that the client sees: the webhook's own Status, with its name before the message. */
export class WebhookRefusal extends StatusError {
  readonly #status: Status

  constructor(webhookName: string, given: unknown) {
    const result = isPlainObject(given) ? given : {}
    const { code, reason, message, details } = result
    const who = `admission webhook ${JSON.stringify(webhookName)} denied the request`
    const text =
      message || reason ? `${who}: ${String(message || reason)}` : `${who} without explanation`
    const number = typeof code === 'number' && code >= 400 ? code : 400
    super((reason || 'BadRequest') as StatusReason, text, undefined, number)
    const { reason: _, ...status } = failure('', text, number)
    this.#status = {
      ...status,
      ...(reason ? { reason: String(reason) } : {}),
      ...(isPlainObject(details) ? { details } : {}),
    }
  }

  override get status(): Status {
    return this.#status
  }
}
