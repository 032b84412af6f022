/**
 * Reviews that somebody else answers: of tokens, of access, of images. What may pass is tried again a few times, each time after a longer
 * while, as upstream does.
 */
import { isPlainObject } from '#api/machinery/plain.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { wordsFor } from '#client/unread-answer.ts'
import type { UrlCaller } from '#client/webhooks/url-caller.ts'

/** Whom to ask, and as whom. */
export interface ReviewTarget {
  readonly url: string
  readonly caller: UrlCaller
  /** Undefined where who asks is told by the connection, if at all. */
  readonly token?: () => Promise<string>
}

export interface ReviewLimits {
  readonly clock: Clock
  readonly timeoutMs: number
  /** How often it is asked at most; upstream's by default. */
  readonly attempts?: number
  readonly firstPauseMs?: number
}

export class ReviewFailure extends Error {
  override readonly name = 'ReviewFailure'
  /** In upstream's metrics: it took too long, it was called off, or else. */
  readonly result: 'timeout' | 'canceled' | 'error'
  /** Of the last answer, where there was one. */
  readonly status: number | undefined
  constructor(message: string, result: ReviewFailure['result'], status?: number) {
    super(message)
    this.result = result
    this.status = status
  }
}

const ATTEMPTS = 5
const FIRST_PAUSE_MS = 500
const FACTOR = 1.5

/** The answer's object. Rejects with a ReviewFailure. */
export async function askReview(
  { url, caller, token }: ReviewTarget,
  review: object,
  { clock, timeoutMs, attempts = ATTEMPTS, firstPauseMs = FIRST_PAUSE_MS }: ReviewLimits,
): Promise<Readonly<Record<string, unknown>>> {
  const controller = new AbortController()
  const { signal } = controller
  const cancel = clock.after(timeoutMs, () =>
    controller.abort(new Error('context deadline exceeded')),
  )
  const body = new TextEncoder().encode(JSON.stringify(review))
  try {
    let pauseMs = firstPauseMs
    for (let attempt = 1; ; attempt++) {
      const { value, failure, mayPass, status } = await askOnce()
      if (value) return value
      if (!mayPass || attempt >= attempts || signal.aborted)
        throw new ReviewFailure(failure, signal.aborted ? 'timeout' : 'error', status)
      await sleep(clock, pauseMs, signal).catch(() => {
        throw new ReviewFailure(failure, 'timeout')
      })
      pauseMs *= FACTOR
    }
  } finally {
    cancel()
  }

  async function askOnce(): Promise<Outcome> {
    try {
      const bearer: Record<string, string> = token
        ? { authorization: `Bearer ${await token()}` }
        : {}
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json, */*',
        ...bearer,
      }
      const answer = await caller.ask({ method: 'POST', url, headers, body, signal })
      return outcomeOf(answer.status, answer.body)
    } catch (error) {
      const code = (error as { cause?: { code?: string } }).cause?.code
      return { failure: messageOf(error), mayPass: code === 'ECONNRESET' }
    }
  }
}

interface Outcome {
  readonly value?: Readonly<Record<string, unknown>>
  readonly failure: string
  readonly mayPass: boolean
  readonly status?: number
}

function outcomeOf(status: number, body: Uint8Array): Outcome {
  const text = Buffer.from(body).toString('utf8')
  const parsed = parsedObject(text)
  if (status >= 200 && status < 300)
    return parsed
      ? { value: parsed, failure: '', mayPass: false }
      : { failure: 'the answer is no JSON object', mayPass: false }
  const told = parsed?.kind === 'Status' && typeof parsed.message === 'string' ? parsed.message : ''
  const mayPass = status === 429 || status === 500 || status === 504
  return { failure: told || wordsFor(status, text), mayPass, status }
}

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isPlainObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
