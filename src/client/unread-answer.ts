/** Upstream's clients' words for answers that say nothing of themselves in a form that a client reads: of something that is no API server, mostly. */
import type { ApiRequest, ApiResponse } from './transport.ts'

const WORDS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  406: 'the server was unable to respond with a content type that the client supports',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
}

/** What comes with these tells more than words of a client could; of some even nothing. */
const OWN_WORDS: ReadonlySet<number> = new Set([403, 406, 415])
/** Of what was said instead; upstream keeps 2 KB. */
const MOST_LETTERS = 2048
const RESOURCE = /^\/api(?:s\/([^/?]+))?\/[^/?]+(?:\/namespaces\/[^/?]+)?\/([^/?]+)(?:\/([^/?]+))?/

export function unreadAnswer(
  response: ApiResponse,
  { method, path }: Pick<ApiRequest, 'method' | 'path'>,
): string {
  const asked = askedFor(path)
  const words = wordsFor(response.status, textOf(response))
  return `${words}${asked ? ` (${method.toLowerCase()} ${asked})` : ''}`
}

/** `text` is what came instead of a Status. */
export function wordsFor(status: number, text: string): string {
  const said = text.slice(0, MOST_LETTERS).trim()
  if (OWN_WORDS.has(status) && (said !== '' || !WORDS[status])) return said
  const words = WORDS[status]
  if (words) return words
  return status >= 500
    ? `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`
    : `the server responded with the status code ${status} but did not return more information`
}

/** `pods.metrics.k8s.io`, and the name of one behind it. */
function askedFor(path: string): string {
  const [, group, plural, name] = RESOURCE.exec(path) ?? []
  if (!plural) return ''
  return `${group ? `${plural}.${group}` : plural}${name ? ` ${name}` : ''}`
}

function textOf({ body }: ApiResponse): string {
  const bytes =
    body.kind === 'bytes' ? body.bytes : body.kind === 'chunks' ? Buffer.concat(body.chunks) : []
  return Buffer.from(bytes).toString()
}
