import { StatusError } from '#api/machinery/status.ts'
import { SYSTEM_MASTERS } from '../authentication/authenticator.ts'
import type { Exchange, Step } from '../exchange.ts'

/** Upstream's defaults (`--max-requests-inflight`, `--max-mutating-requests-inflight`). */
export const MAXIMUM_READS = 400
export const MAXIMUM_WRITES = 200

const READING = new Set(['get', 'list', 'head'])
const STREAMING_SUBRESOURCES = new Set(['exec', 'attach', 'portforward', 'proxy', 'log'])

/** Watches and streams live long and are limited elsewhere; they hold no place here. */
export function isLongRunning({ info }: Exchange): boolean {
  return info.verb === 'watch' || STREAMING_SUBRESOURCES.has(info.subresource)
}

/** Keeps a crowd from slowing everybody down: who finds the house full is asked to come back in a second. */
export const limitInFlight: Step = async (exchange, next) => {
  const { server, peer, user, info } = exchange
  // Roles in this process and administrators always get in: they are who would repair an overload.
  if (peer.user || isLongRunning(exchange) || user.groups.includes(SYSTEM_MASTERS)) return next()
  const { inFlight } = server
  const isRead = READING.has(info.verb)
  if (isRead ? inFlight.reads >= MAXIMUM_READS : inFlight.writes >= MAXIMUM_WRITES)
    throw new StatusError('TooManyRequests', 'Too many requests, please try again later.', {
      retryAfterSeconds: 1,
    })
  if (isRead) inFlight.reads++
  else inFlight.writes++
  try {
    return await next()
  } finally {
    if (isRead) inFlight.reads--
    else inFlight.writes--
  }
}
