/** Answers that are no objects of the API. */
import type { ApiResponse } from '#client/transport.ts'

const PLAIN = 'text/plain; charset=utf-8'

export function textAnswer(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse {
  return {
    status,
    headers: { 'content-type': PLAIN, 'x-content-type-options': 'nosniff', ...headers },
    body: { kind: 'bytes', bytes: Buffer.from(text) },
  }
}

export const notFound = (): ApiResponse => textAnswer(404, '404 page not found\n')

export function jsonAnswer(value: unknown): ApiResponse {
  return textAnswer(200, JSON.stringify(value), { 'content-type': 'application/json' })
}
