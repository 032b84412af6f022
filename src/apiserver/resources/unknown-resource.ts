/** How upstream tells of what it does not serve: what lies below a built-in group otherwise than the rest of `/apis`. */
import { StatusError } from '#api/machinery/status.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { pageNotFound } from '../respond.ts'

export const unknownResource = () =>
  new StatusError('NotFound', 'the server could not find the requested resource', {})

/** The routes of built-in groups tell it as a Status; what custom resources or nobody could serve is a page. */
export function nothingThere({ info, server }: Exchange): ApiResponse {
  const { prefix, group } = info
  if (prefix === 'apis' && !server.registry.isBuiltIn(group)) return pageNotFound()
  throw unknownResource()
}
