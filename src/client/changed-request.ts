import type { ApiRequest } from './transport.ts'

/**
 * The same request with something else in it. Its signal is made where somebody looks at it, which spreading would not find: whoever is
 * asked on its behalf would work on for a client that left.
 */
export function changedRequest(
  request: ApiRequest,
  changes: Omit<Partial<ApiRequest>, 'signal'>,
): ApiRequest {
  return {
    ...request,
    ...changes,
    get signal() {
      return request.signal as AbortSignal
    },
  }
}
