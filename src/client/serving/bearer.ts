import type { ApiRequest } from '../transport.ts'

/** The token that a request comes with. */
export function bearerOf({ headers = {} }: ApiRequest): string | undefined {
  const [, token] = /^bearer +(\S+)/i.exec(headers.authorization?.trim() ?? '') ?? []
  return token
}
