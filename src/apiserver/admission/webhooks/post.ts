/** A question to a webhook, wherever it listens, and its answer in JSON. Admission asks so, and the conversion of custom resources. */
import type { WebhookClientConfig } from '#api/admissionregistration/v1/webhooks.schema.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Random } from '#base/random.ts'
import { UnreadAnswer, type WebhookAnswer } from '#client/webhooks/answer.ts'
import { retryAfterSeconds, valueIn } from './answered.ts'
import { locationOf } from './location.ts'
import type { WebhookWorld } from './world.ts'

export interface PostWorld {
  readonly webhooks: WebhookWorld
  readonly clock: Clock
  readonly random: Random
}

/** How often a webhook that asks to be asked again is, as upstream. */
const MAXIMUM_RETRIES = 10

/** What the webhook says, not looked at yet. Rejects with an Error that says, in the words of upstream's client, why that is nothing. */
export async function postReview(
  clientConfig: WebhookClientConfig,
  body: Uint8Array,
  timeoutSeconds: number,
  { webhooks, clock, random }: PostWorld,
): Promise<unknown> {
  const location = locationOf(clientConfig, webhooks, random)
  const query = `?timeout=${timeoutSeconds}s`
  const controller = new AbortController()
  const { signal } = controller
  const cancel = clock.after(timeoutSeconds * 1000, () => controller.abort())
  let answer: WebhookAnswer
  try {
    const { caller } = webhooks
    if (!caller) throw new Error('this server has no network to call webhooks')
    const path = location.path + query
    for (let retries = 0; ; retries++) {
      answer = await caller(location.target(), { path, body, signal })
      const seconds = retryAfterSeconds(answer)
      if (seconds === undefined || retries >= MAXIMUM_RETRIES) break
      await pause(clock, seconds * 1000, signal)
    }
  } catch (error) {
    if (error instanceof UnreadAnswer) throw error
    throw new Error(`Post ${JSON.stringify(location.url + query)}: ${messageOf(error)}`)
  } finally {
    cancel()
  }
  return valueIn(answer)
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(delayMs, resolve)
    signal.addEventListener('abort', () => {
      cancel()
      reject(new Error('context deadline exceeded'))
    })
  })
}
