import { StatusError } from '#api/machinery/status.ts'
import type { Exchange } from '../exchange.ts'

export const methodNotAllowed = () =>
  new StatusError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  )

/** For routes that upstream has for GET alone: there, HEAD is another method. */
export function onlyGet({ request }: Exchange): void {
  if (request.method !== 'GET') throw methodNotAllowed()
}
