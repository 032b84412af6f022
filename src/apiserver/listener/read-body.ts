/** Reads a request's body into memory, up to the largest that is taken. */
import type { Readable } from 'node:stream'
import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { MAXIMUM_BODY_BYTES, tooLarge } from '../steps/limit-body.ts'

/** A body must be complete by then, lest slow senders hold connections for free. */
const BODY_TIMEOUT_MS = 60_000

/** Undefined for a request without a body. Rejects with the Status to answer, or when the client goes away. */
export function readBody(
  incoming: Readable,
  contentLength: string | undefined,
  clock: Clock,
): Promise<Uint8Array | undefined> {
  if (Number(contentLength) > MAXIMUM_BODY_BYTES) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const cancelTimeout = clock.after(BODY_TIMEOUT_MS, () =>
      finish(new StatusError('Timeout', 'the request body did not arrive in time', {}, 408)),
    )
    const onData = (chunk: Uint8Array) => {
      size += chunk.length
      if (size > MAXIMUM_BODY_BYTES) finish(tooLarge())
      else chunks.push(chunk)
    }
    const onEnd = () => finish()
    const onClose = () => finish(new Error('the client went away'))
    const finish = (error?: Error) => {
      cancelTimeout()
      incoming.off('data', onData).off('end', onEnd).off('close', onClose)
      if (error) {
        incoming.pause()
        reject(error)
      } else
        resolve(size === 0 ? undefined : chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
    }
    incoming.on('data', onData).on('end', onEnd).on('close', onClose)
  })
}
