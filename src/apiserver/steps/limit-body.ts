import { StatusError } from '#api/machinery/status.ts'
import type { Step } from '../exchange.ts'

/** The largest body of a write, as upstream; two objects of the largest size that etcd takes, with room. */
export const MAXIMUM_BODY_BYTES = 3 * 1024 * 1024

export const tooLarge = () =>
  new StatusError(
    'RequestEntityTooLarge',
    `Request entity too large: limit is ${MAXIMUM_BODY_BYTES}`,
    {},
  )

/** Refuses bodies that nobody has reason to send. The listener stops reading them even before. */
export const limitBody: Step = (exchange, next) => {
  const { body } = exchange.request
  if (body instanceof Uint8Array && body.length > MAXIMUM_BODY_BYTES) throw tooLarge()
  return next()
}
