/** A question to a webhook, wherever it listens, and its answer in JSON. Admission asks so, and the conversion of custom resources. */
import type { WebhookClientConfig } from '#api/admissionregistration/v1/webhooks.schema.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Random } from '#base/random.ts'
import type { WebhookAnswer } from '#client/webhooks/answer.ts'
import { locationOf } from './location.ts'
import type { WebhookWorld } from './world.ts'

export interface PostWorld {
  readonly webhooks: WebhookWorld
  readonly clock: Clock
  readonly random: Random
}

/** Rejects with an Error that says, in the words of upstream's client, why there is no answer. */
export async function postReview(
  clientConfig: WebhookClientConfig,
  body: Uint8Array,
  timeoutSeconds: number,
  { webhooks, clock, random }: PostWorld,
): Promise<unknown> {
  const location = locationOf(clientConfig, webhooks, random)
  const query = `?timeout=${timeoutSeconds}s`
  const controller = new AbortController()
  const cancel = clock.after(timeoutSeconds * 1000, () => controller.abort())
  let answer: WebhookAnswer
  try {
    if (!webhooks.caller) throw new Error('this server has no network to call webhooks')
    const path = location.path + query
    answer = await webhooks.caller(location.target(), { path, body, signal: controller.signal })
  } catch (error) {
    throw new Error(`Post ${JSON.stringify(location.url + query)}: ${messageOf(error)}`)
  } finally {
    cancel()
  }
  return jsonIn(answer)
}

const MAXIMUM_SHOWN = 2048

/** As upstream's client tells what is no answer. */
function jsonIn({ status, body }: WebhookAnswer): unknown {
  const text = Buffer.from(body).toString()
  if (status === 404) throw new Error('the server could not find the requested resource')
  if (status < 200 || status > 299)
    throw new Error(
      `an error on the server (${JSON.stringify(text.slice(0, MAXIMUM_SHOWN))}) has prevented the request from succeeding`,
    )
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${messageOf(error)}`)
  }
}
