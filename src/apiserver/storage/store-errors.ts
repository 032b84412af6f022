/** What the store throws at readers, as the API tells it. */
import { StatusError } from '#api/machinery/status.ts'
import { StoreUnavailableError, UnreadableValueError } from '#store'

/** Undefined for what is nobody's answer. */
export function statusErrorOf(thrown: unknown): StatusError | undefined {
  if (thrown instanceof StatusError) return thrown
  if (thrown instanceof StoreUnavailableError)
    return new StatusError('ServiceUnavailable', thrown.message, { retryAfterSeconds: 1 })
  if (thrown instanceof UnreadableValueError)
    return new StatusError('InternalError', `Internal error occurred: ${thrown.message}`)
  return undefined
}
