import { StatusError } from '#api/machinery/status.ts'

/** True when the server refuses to create anything in a namespace that is being deleted. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof StatusError &&
    (error.details?.causes ?? []).some(cause => cause.reason === 'NamespaceTerminating')
  )
}
