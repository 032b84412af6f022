import { StatusError } from '#api/machinery/status.ts'
import type { Step } from '../exchange.ts'
import type { RequestInfo } from '../request-info.ts'
import type { ServerContext } from '../server-context.ts'

/** The largest body of a write, as upstream; two objects of the largest size that etcd takes, with room. */
export const MAXIMUM_BODY_BYTES = 3 * 1024 * 1024

export const tooLarge = () =>
  new StatusError(
    'RequestEntityTooLarge',
    `Request entity too large: limit is ${MAXIMUM_BODY_BYTES}`,
    {},
  )

/** What another server reads may be as large as that one likes, and is handed on piece by piece. */
export function isPassedOn({ remotes }: ServerContext, info: RequestInfo): boolean {
  if (info.prefix !== '' && remotes.find(info.group, info.version)) return true
  return info.isResourceRequest && info.subresource === 'proxy'
}

/** Refuses bodies that nobody has reason to send. The listener stops reading them even before. */
export const limitBody: Step = (exchange, next) => {
  const { server, info, request, refusal } = exchange
  if (refusal) throw refusal
  if (isPassedOn(server, info)) return next()
  const { body, bodyStream } = request
  if (bodyStream) throw tooLarge()
  if (body instanceof Uint8Array && body.length > MAXIMUM_BODY_BYTES) throw tooLarge()
  return next()
}
