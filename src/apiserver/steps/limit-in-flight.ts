import { StatusError } from '#api/machinery/status.ts'
import { SYSTEM_MASTERS } from '../authentication/authenticator.ts'
import type { Exchange, Step } from '../exchange.ts'
import type { RequestInfo } from '../request-info.ts'

const READING = new Set(['get', 'list', 'watch', 'head'])
const isRead = ({ verb }: RequestInfo) => READING.has(verb)
const LONG_RUNNING = new Set(['watch', 'proxy'])
const STREAMING_SUBRESOURCES = new Set(['exec', 'attach', 'portforward', 'proxy', 'log'])

/** Watches and streams live long and are limited elsewhere; they hold no place here. */
export function isLongRunning({ info }: Exchange): boolean {
  return (
    LONG_RUNNING.has(info.verb) ||
    STREAMING_SUBRESOURCES.has(info.subresource) ||
    // Who wants a profile says how long that takes.
    info.path.startsWith('/debug/pprof/')
  )
}

/** Without flow control: who finds the house full is asked to come back in a second. */
export const limitInFlight: Step = async (exchange, next) => {
  const { server, peer, user, info } = exchange
  // Roles in this process and administrators always get in: they are who would repair an overload.
  if (peer.user || isLongRunning(exchange) || user.groups.includes(SYSTEM_MASTERS)) return next()
  const { inFlight, requestLimits } = server
  const kind = isRead(info) ? 'reads' : 'writes'
  // 0 is no limit.
  if (requestLimits[kind] > 0 && inFlight[kind] >= requestLimits[kind])
    throw new StatusError('TooManyRequests', 'Too many requests, please try again later.', {
      retryAfterSeconds: 1,
    })
  return await counted(exchange, next)
}

/** Shows the request among those that are being answered. */
export const counted: Step = async ({ server: { inFlight }, info }, next) => {
  const kind = isRead(info) ? 'reads' : 'writes'
  inFlight[kind]++
  try {
    return await next()
  } finally {
    inFlight[kind]--
  }
}
