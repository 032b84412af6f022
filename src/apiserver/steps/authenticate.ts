import { changedRequest } from '#client/changed-request.ts'
import { noted, spent } from '../audit/notes.ts'
import type { Note } from '../authentication/authenticator.ts'
import type { Exchange, Step } from '../exchange.ts'

/** Finds out who asks; 401 where the credentials are wrong. */
export const authenticate: Step = (exchange, next) => {
  const { user } = exchange.peer
  if (!user) return identify(exchange, next)
  exchange.user = user
  dropPrivateHeaders(exchange)
  return next()
}

const identify: Step = async (exchange, next) => {
  const { server, request, peer } = exchange
  const { audit, clock } = server
  const startMs = audit ? clock.monotonicMs() : 0
  const note = audit && noting(exchange)
  exchange.user = await server.authentication.authenticate(request, peer, note)
  if (audit) {
    const ms = clock.monotonicMs() - startMs
    exchange.latenciesMs = spent(exchange.latenciesMs, 'authentication', ms)
  }
  dropPrivateHeaders(exchange)
  return next()
}

const noting =
  (exchange: Exchange): Note =>
  (key, value) => {
    exchange.auditAnnotations = noted(exchange.auditAnnotations, key, value)
  }

function dropPrivateHeaders(exchange: Exchange): void {
  const { server, request } = exchange
  const { isPrivateHeader } = server
  if (isPrivateHeader && request.headers)
    exchange.request = changedRequest(request, {
      headers: without(request.headers, isPrivateHeader),
    })
}

function without(
  headers: Readonly<Record<string, string>>,
  isLeftOut: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isLeftOut(name)))
}
