import type { Step } from '../exchange.ts'

/** Finds out who asks; 401 where the credentials are wrong. */
export const authenticate: Step = async (exchange, next) => {
  const { server, request, peer } = exchange
  exchange.user = peer.user ?? (await server.authentication.authenticate(request, peer))
  const { isPrivateHeader } = server
  if (isPrivateHeader && request.headers)
    exchange.request = { ...request, headers: without(request.headers, isPrivateHeader) }
  return next()
}

function without(
  headers: Readonly<Record<string, string>>,
  isLeftOut: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isLeftOut(name)))
}
