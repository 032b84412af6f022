/** Whatever is thrown behind this step becomes a Status: errors we know as they are, anything else as a 500 and a log line. */
import { internalError, type StatusError } from '#api/machinery/status.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange, Step } from '../exchange.ts'
import { respondStatus } from '../respond.ts'
import { statusErrorOf } from '../storage/store-errors.ts'

export const answerErrors: Step = async (exchange, next) => {
  try {
    return withWarnings(exchange, await next())
  } catch (thrown) {
    const error = statusErrorOf(thrown) ?? unexpected(exchange, thrown)
    const response = await respondStatus(exchange.request, error.status)
    const seconds = error.details?.retryAfterSeconds
    const retry: Record<string, string> =
      seconds === undefined ? {} : { 'retry-after': String(seconds) }
    return withWarnings(exchange, { ...response, headers: { ...response.headers, ...retry } })
  }
}

function unexpected({ server, request }: Exchange, thrown: unknown): StatusError {
  server.log.error('a request failed unexpectedly', {
    method: request.method,
    path: request.path.split('?')[0],
    error: thrown,
  })
  return internalError('the server could not complete the request; its log says why')
}

/** Characters of all texts together, as upstream: they must fit the header limits of clients and proxies. */
const MAXIMUM_TOGETHER = 4096
/** Characters of each text where all together have more. */
const MAXIMUM_CUT = 256

/** Several warnings travel as one header with commas, which HTTP defines to be the same. */
function withWarnings({ warnings }: Exchange, response: ApiResponse): ApiResponse {
  if (warnings.length === 0) return response
  const texts = fitting([...new Set(warnings)].filter(isTellable))
  if (texts.length === 0) return response
  return { ...response, headers: { ...response.headers, warning: texts.map(warning).join(', ') } }
}

/** Whole where they fit together; or else cut, up to the one with which they are too many. */
function fitting(texts: readonly string[]): readonly string[] {
  const all = texts.reduce((sum, text) => sum + lengthOf(text), 0)
  if (all <= MAXIMUM_TOGETHER) return texts
  let written = 0
  return texts.flatMap(text => {
    if (written >= MAXIMUM_TOGETHER) return []
    const short = cut(text)
    written += lengthOf(short)
    return [short]
  })
}

/** A field may have a name of megabytes, of which only the beginning is looked at; a character has at most two units. */
const beginning = (text: string, characters: number) =>
  [...text.slice(0, 2 * characters)].slice(0, characters)
/** Told up to one more than all may have together. */
const lengthOf = (text: string) => beginning(text, MAXIMUM_TOGETHER + 1).length
const cut = (text: string) => beginning(text, MAXIMUM_CUT).join('')

/** As upstream, which tells nothing at all of a text that no header can carry. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: just those may not be in a header
const isTellable = (text: string) => text !== '' && !/[\u0000-\u001f\u007f-\u009f]/.test(text)

/** The bytes of a header are those of the text in UTF-8, as one letter each. */
function warning(text: string): string {
  const bytes = Buffer.from(text).toString('latin1')
  return `299 - "${bytes.replace(/["\\]/g, '\\$&')}"`
}
