/** Events posted as an EventList to somebody who keeps them, tried again as long as there is hope. */
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Random } from '#base/random.ts'
import type { UrlPoster } from '#client/webhooks/url-poster.ts'
import { AUDIT_API_VERSION, type AuditEvent, eventJson } from './event.ts'
import type { Delivery } from './sinks.ts'

export interface WebhookTarget {
  readonly url: string
  readonly post: UrlPoster
  close(): void
}

export interface WebhookOptions {
  readonly initialBackoffMs: number
  readonly clock: Clock
  readonly random: Random
}

/** As upstream's: five tries, each time half as long again between them, and up to a fifth more. */
const TRIES = 5
const GROWTH = 1.5
const JITTER = 0.2
const TIMEOUT_MS = 30_000

const encoder = new TextEncoder()
const HEAD = encoder.encode(
  `{"kind":"EventList","apiVersion":"${AUDIT_API_VERSION}","metadata":{},"items":[`,
)
const BETWEEN = encoder.encode(',')
const END = encoder.encode(']}\n')

export function webhookDelivery(target: WebhookTarget, options: WebhookOptions): Delivery {
  const { clock, random, initialBackoffMs } = options
  const closing = new AbortController()
  const post = async (body: Uint8Array) => {
    const late = new AbortController()
    const cancel = clock.after(TIMEOUT_MS, () => late.abort(new Error('it took too long')))
    try {
      const signal = AbortSignal.any([late.signal, closing.signal])
      const { status } = await target.post(target.url, body, signal)
      if (status < 200 || status > 299) throw new Error(`the webhook answered with ${status}`)
    } finally {
      cancel()
    }
  }
  return {
    plugin: 'webhook',
    async deliver(events) {
      const body = listOf(events)
      let pauseMs = initialBackoffMs
      for (let tries = 1; ; tries++)
        try {
          return await post(body)
        } catch (error) {
          // Hardly any answer says for sure that the next try is in vain.
          if (tries === TRIES || closing.signal.aborted) throw new Error(messageOf(error))
          const jitter = (random.integer(1000) / 1000) * JITTER
          await sleep(clock, pauseMs * (1 + jitter), closing.signal)
          pauseMs *= GROWTH
        }
    },
    async close() {
      closing.abort(new Error('the server stops'))
      target.close()
    },
  }
}

function listOf(events: readonly AuditEvent[]): Uint8Array {
  const pieces: Uint8Array[] = [HEAD]
  for (const [at, event] of events.entries()) {
    if (at > 0) pieces.push(BETWEEN)
    pieces.push(...eventJson(event, true))
  }
  pieces.push(END)
  return Buffer.concat(pieces)
}
