/** What the store throws at readers, as the API tells it. */
import { StatusError } from '#api/machinery/status.ts'
import { StoreUnavailableError } from '#store'

/** Undefined for what is nobody's answer. */
export function statusErrorOf(thrown: unknown): StatusError | undefined {
  if (thrown instanceof StatusError) return thrown
  if (thrown instanceof StoreUnavailableError)
    return new StatusError('ServiceUnavailable', thrown.message, { retryAfterSeconds: 1 })
  return undefined
}
