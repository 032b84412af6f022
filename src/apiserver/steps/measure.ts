import type { Step } from '../exchange.ts'
import { isLongRunning } from './limit-in-flight.ts'

/** Counts every answer and how long it took. */
export const measure: Step = async (exchange, next) => {
  const { clock, metrics } = exchange.server
  const startMs = clock.monotonicMs()
  const response = await next()
  const seconds = (clock.monotonicMs() - startMs) / 1000
  metrics.record(exchange, response.status, seconds, isLongRunning(exchange))
  return response
}
