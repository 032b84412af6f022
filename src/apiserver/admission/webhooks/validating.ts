/** Asks all validating webhooks that a request concerns, at the same time; each may refuse it. */
import type { AdmissionRequest, AdmissionStep } from '../admission.ts'
import type { AdmissionWorld } from '../world.ts'
import { callWebhook } from './call.ts'
import { type AnyWebhook, isExempt, matchedResource } from './match.ts'
import { isServer } from './mutating.ts'
import type { WebhookWorld } from './world.ts'

export function validatingWebhooks(world: AdmissionWorld): AdmissionStep {
  const { webhooks } = world
  return {
    name: 'ValidatingAdmissionWebhook',
    validate(request) {
      const configurations = webhooks?.validating() ?? []
      // Mostly there are none, and then no write waits for this.
      if (!webhooks || configurations.length === 0 || isExempt(request) || isServer(request))
        return undefined
      return askAll(request, world, webhooks)
    },
  }
}

/** Tells the audit log of one whose failure is passed over. */
const noted =
  (
    request: AdmissionRequest,
    { webhook: { name }, index }: { readonly webhook: AnyWebhook; readonly index: number },
    call: () => Promise<unknown>,
  ) =>
  async () => {
    if ((await call()) === undefined)
      request.annotate?.(`${FAILED_OPEN}round_0_index_${index}`, name)
  }
const FAILED_OPEN = 'failed-open.validating.webhook.admission.k8s.io/'

async function askAll(
  request: AdmissionRequest,
  { namespace, authorizer, clock, random }: AdmissionWorld,
  webhooks: WebhookWorld,
): Promise<void> {
  const calls: (() => Promise<unknown>)[] = []
  const world = { webhooks, clock, random }
  for (const { webhooks: hooks = [] } of webhooks.validating())
    for (const webhook of hooks) {
      const resource = await matchedResource(webhook, request, {
        namespace,
        authorizer,
        ...webhooks,
      })
      if (resource)
        calls.push(
          noted(request, { webhook, index: calls.length }, () =>
            callWebhook(webhook, resource, request, { isMutating: false, world }),
          ),
        )
    }
  const results = await Promise.allSettled(calls.map(call => call()))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
