import { parseDuration } from '#api/machinery/duration.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange, Step } from '../exchange.ts'
import { isPassedOn } from './limit-body.ts'
import { isLongRunning } from './limit-in-flight.ts'

/** Who waits for something that never comes is told so in the end. Streams and watches may last, and roles in this process are part of it. */
export const limitTime: Step = (exchange, next) => {
  const { server, peer, wantsStream } = exchange
  if (peer.user || wantsStream || isLongRunning(exchange) || isAtHand(exchange)) return next()
  const limited = () => server.deadlines.limited(next, wantedMs(exchange))
  return isPassedOn(server, exchange.info) ? brokenOff(exchange, limited) : limited()
}

/** Another server need not go on for whoever has his answer, nor hold a connection for it. */
async function brokenOff(
  exchange: Exchange,
  limited: () => Promise<ApiResponse>,
): Promise<ApiResponse> {
  const over = new AbortController()
  const { signal } = exchange.request
  exchange.request = {
    ...exchange.request,
    signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal,
  }
  try {
    return await limited()
  } catch (error) {
    over.abort()
    throw error
  }
}

/** Most requests are reads of what is in memory, which wait for nobody. */
function isAtHand({ server, info }: Exchange): boolean {
  const isRead = info.verb === 'get' || info.verb === 'list'
  return isRead && !server.store.shared && server.remotes.size === 0
}

/** It was read before, and can be. */
function wantedMs({ request, info }: Exchange): number {
  if (!request.path.includes('timeout=')) return 0
  const text = info.query.get('timeout')
  return text ? Number(parseDuration(text)) / 1_000_000 : 0
}
