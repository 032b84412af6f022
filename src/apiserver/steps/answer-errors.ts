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

/** Longest Warning text; clients cut them anyway. */
const MAXIMUM_WARNING_LENGTH = 1024
/** Together they must fit the header limits of clients and proxies. */
const MAXIMUM_WARNINGS = 32

/** Several warnings travel as one header with commas, which HTTP defines to be the same. */
function withWarnings({ warnings }: Exchange, response: ApiResponse): ApiResponse {
  if (warnings.length === 0) return response
  const texts = [...new Set(warnings)].slice(0, MAXIMUM_WARNINGS)
  return { ...response, headers: { ...response.headers, warning: texts.map(warning).join(', ') } }
}

function warning(text: string): string {
  // Header values carry visible ASCII only.
  const plain = text.slice(0, MAXIMUM_WARNING_LENGTH).replace(/[^\x20-\x7e]/g, '?')
  return `299 - "${plain.replace(/["\\]/g, '\\$&')}"`
}
