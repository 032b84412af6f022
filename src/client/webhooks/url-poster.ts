/** JSON sent to a URL over HTTP or HTTPS, and what comes back. */
import type { WebhookAnswer } from './answer.ts'
import { createUrlCaller, type UrlTrust } from './url-caller.ts'

export type { UrlTrust } from './url-caller.ts'

/** Rejects with an error whose message says why there is no answer; the status is the caller's to judge. */
export type UrlPoster = (
  url: string,
  body: Uint8Array,
  signal: AbortSignal,
) => Promise<WebhookAnswer>

/** `close` ends the connections that are kept open. */
export function createUrlPoster(
  trust: UrlTrust,
  limits: { readonly answerBytes: number },
): { readonly post: UrlPoster; close(): void } {
  const { ask, close } = createUrlCaller(trust, limits)
  const headers = { 'content-type': 'application/json' }
  return {
    post: (url, body, signal) => ask({ method: 'POST', url, headers, body, signal }),
    close,
  }
}
