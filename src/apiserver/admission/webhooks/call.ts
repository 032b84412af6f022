/** One call of one webhook: from the request to a verdict, or to an error that the failure policy judges. */
import { isQualifiedName } from '#api/machinery/names.ts'
import { badRequest, internalError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { spanned } from '#base/tracing/span.ts'
import type { ServedResource } from '../../resources/registry.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { AdmissionWorld } from '../world.ts'
import { type AdmissionReview, reviewIn } from './answer-shape.ts'
import { formOf } from './form.ts'
import type { AnyWebhook } from './match.ts'
import { postReview } from './post.ts'
import {
  reviewOf,
  reviewVersion,
  UndecodablePatch,
  UnsupportedPatch,
  type Verdict,
  verdictOf,
  WebhookRefusal,
} from './review.ts'
import type { WebhookWorld } from './world.ts'

export type CallWorld = Pick<AdmissionWorld, 'clock' | 'random'> & {
  readonly webhooks: WebhookWorld
}

const DEFAULT_TIMEOUT_SECONDS = 10

/** It could not be asked, or its answer makes no sense; not a refusal. */
class CallError extends Error {}

/**
 * What the webhook says. A refusal is thrown as it goes to the client; so is a failure, unless it is to be ignored: then nothing
 * is returned.
 */
export async function callWebhook(
  webhook: AnyWebhook,
  resource: ServedResource,
  request: AdmissionRequest,
  { isMutating, world }: { readonly isMutating: boolean; readonly world: CallWorld },
): Promise<Verdict | undefined> {
  const { name, sideEffects, failurePolicy } = webhook
  if (request.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`)
  const startMs = world.clock.monotonicMs()
  try {
    const verdict = await spanned(
      `Call ${isMutating ? 'mutating' : 'validating'} webhook`,
      () => ask(webhook, resource, request, { isMutating, world }),
      () => ({ attributes: attributesOf(name, request) }),
    )
    for (const [key, value] of Object.entries(verdict.auditAnnotations))
      noteOf(webhook, request, key, value)
    for (const text of verdict.warnings) request.warn?.(text)
    if (!verdict.allowed) throw new WebhookRefusal(name, verdict.status)
    return verdict
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    if (failurePolicy === 'Ignore') return undefined
    throw internalError(`failed calling webhook ${JSON.stringify(name)}: ${error.message}`)
  } finally {
    const what = isMutating ? 'mutating-webhook' : 'validating-webhook'
    request.took?.(what, world.clock.monotonicMs() - startMs)
  }
}

function attributesOf(webhook: string, { resource, subresource, operation }: AdmissionRequest) {
  const { group, version, resource: plural } = resource
  return {
    webhook,
    resource: `${group ? `${group}/` : ''}${version}, Resource=${plural}`,
    subresource,
    operation,
  }
}

/** What it has to say for the audit log, under its own name; not what is no name at all. */
function noteOf({ name }: AnyWebhook, request: AdmissionRequest, key: string, value: string): void {
  const full = `${name}/${key}`
  if (isQualifiedName(full).length === 0) request.annotate?.(full, value)
}

async function ask(
  webhook: AnyWebhook,
  resource: ServedResource,
  request: AdmissionRequest,
  { isMutating, world }: { readonly isMutating: boolean; readonly world: CallWorld },
): Promise<Verdict> {
  const version = reviewVersion(webhook.admissionReviewVersions)
  if (version === undefined)
    throw new CallError(
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
    )
  const uid = world.random.uuid()
  const body = reviewOf(request, resource, formOf(request, resource), { uid, version })
  const answer = await post(webhook, body, version, world)
  try {
    return verdictOf(answer, { uid, version, isMutating })
  } catch (error) {
    if (error instanceof UnsupportedPatch) throw new CallError(error.message)
    const what = error instanceof UndecodablePatch ? 'undecodable patch in' : 'invalid'
    throw new CallError(`received ${what} webhook response: ${messageOf(error)}`)
  }
}

async function post(
  webhook: AnyWebhook,
  body: Uint8Array,
  version: string,
  world: CallWorld,
): Promise<AdmissionReview> {
  const { clientConfig, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = webhook
  try {
    return reviewIn(await postReview(clientConfig, body, timeoutSeconds, world), version)
  } catch (error) {
    throw new CallError(`failed to call webhook: ${messageOf(error)}`)
  }
}
