import type { ApiRequest } from '../transport.ts'

/** The token that a request comes with. One space stands before it, as upstream: what is behind more of them is none. */
export function bearerOf({ headers = {} }: ApiRequest): string | undefined {
  const [scheme = '', token = ''] = headers.authorization?.trim().split(' ') ?? []
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined
}
