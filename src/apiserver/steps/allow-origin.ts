import type { ApiResponse } from '#client/transport.ts'
import type { Step } from '../exchange.ts'

/** Lets pages of some origins ask: their browsers ask first, without credentials, whether they may. */
export const allowOrigin: Step = (exchange, next) => {
  const { server, request } = exchange
  const { allowsOrigin, strictTransportSecurity } = server.answering
  if (request.objects) return next()
  const origin = allowsOrigin && request.headers?.origin
  const isAllowed = Boolean(origin && allowsOrigin?.(origin))
  if (!isAllowed && strictTransportSecurity === undefined) return next()
  const headers: Record<string, string> = {
    ...(isAllowed ? { 'access-control-allow-origin': origin ?? '', ...ALLOWED } : {}),
    ...(strictTransportSecurity === undefined
      ? {}
      : { 'strict-transport-security': strictTransportSecurity }),
  }
  if (isAllowed && request.method === 'OPTIONS')
    return Promise.resolve({
      status: 204,
      headers: { 'cache-control': 'no-cache, private', ...headers },
      body: { kind: 'empty' },
    })
  return withHeaders(next(), headers)
}

async function withHeaders(
  answering: Promise<ApiResponse>,
  headers: Readonly<Record<string, string>>,
): Promise<ApiResponse> {
  const response = await answering
  return { ...response, headers: { ...headers, ...response.headers } }
}

const ALLOWED = {
  'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE, PATCH',
  'access-control-allow-headers':
    'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
  'access-control-expose-headers': 'Date',
  'access-control-allow-credentials': 'true',
}
