import { parseDuration } from '#api/machinery/duration.ts'
import { goQuote } from '#api/machinery/go-quote.ts'
import { badRequest } from '#api/machinery/status.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange, Step } from '../exchange.ts'
import { parseRequestInfo, UnreadablePathError } from '../request-info.ts'
import { respondText } from '../respond.ts'
import { isLongRunning } from './limit-in-flight.ts'

/** Reads from method and path what is asked for. */
export const parse: Step = (exchange, next) => {
  const { method, path } = exchange.request
  try {
    exchange.info = parseRequestInfo(method, path)
  } catch (thrown) {
    if (thrown instanceof UnreadablePathError) return Promise.resolve(unreadable(path, thrown))
    throw thrown
  }
  if (path.includes('timeout=')) checkTimeout(exchange)
  return next()
}

/** In plain text, as upstream, where nobody knows yet what form is wanted. */
function unreadable(path: string, { message }: UnreadablePathError): ApiResponse {
  const text = `Internal Server Error: ${JSON.stringify(path)}: failed to create RequestInfo: ${message}, ${path}`
  return respondText(500, `${text.replace(/[&<>]/g, sign => ENTITIES[sign] ?? sign)}\n`)
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** How long a client waits is no business of a server that answers at once, but one that cannot be read is told so. */
function checkTimeout(exchange: Exchange): void {
  const timeout = exchange.info.query.get('timeout')
  if (!timeout || isLongRunning(exchange)) return
  try {
    parseDuration(timeout)
  } catch {
    const why = `${whyNoDuration(timeout)} ${goQuote(timeout)}`
    throw badRequest(`invalid timeout specified in the request URL - time: ${why}`)
  }
}

/** In Go's words. */
function whyNoDuration(text: string): string {
  const [, unit] = /^[-+]?(?:\d+\.?\d*|\.\d+)([^\d.]*)/.exec(text) ?? []
  if (unit === undefined) return 'invalid duration'
  return unit === '' ? 'missing unit in duration' : `unknown unit ${goQuote(unit)} in duration`
}
