import type { Step } from '../exchange.ts'
import { parseRequestInfo } from '../request-info.ts'

/** Reads from method and path what is asked for. */
export const parse: Step = (exchange, next) => {
  const { method, path } = exchange.request
  exchange.info = parseRequestInfo(method, path)
  return next()
}
