import { parseDuration } from '#api/machinery/duration.ts'
import { badRequest } from '#api/machinery/status.ts'
import type { Exchange, Step } from '../exchange.ts'
import { parseRequestInfo } from '../request-info.ts'
import { isLongRunning } from './limit-in-flight.ts'

/** Reads from method and path what is asked for. */
export const parse: Step = (exchange, next) => {
  const { method, path } = exchange.request
  exchange.info = parseRequestInfo(method, path)
  if (path.includes('timeout=')) checkTimeout(exchange)
  return next()
}

/** How long a client waits is no business of a server that answers at once, but one that cannot be read is told so. */
function checkTimeout(exchange: Exchange): void {
  const timeout = exchange.info.query.get('timeout')
  if (!timeout || isLongRunning(exchange)) return
  try {
    parseDuration(timeout)
  } catch {
    throw badRequest('invalid timeout specified in the request URL')
  }
}
