import type { Step } from '../exchange.ts'

/** Finds out who asks; 401 where the credentials are wrong. */
export const authenticate: Step = async (exchange, next) => {
  const { server, request, peer } = exchange
  exchange.user = peer.user ?? (await server.authentication.authenticate(request, peer))
  return next()
}
