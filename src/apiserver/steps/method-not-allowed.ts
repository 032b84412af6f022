import { StatusError } from '#api/machinery/status.ts'

export const methodNotAllowed = () =>
  new StatusError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  )
