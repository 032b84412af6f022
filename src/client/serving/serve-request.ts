/** From a request on the wire to its handler and back. */
import { internalError, StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { ApiRequest, ApiResponse } from '../transport.ts'
import { isEndless, sendAnswer } from './answer.ts'
import type { RequestHandler } from './handler.ts'
import type { ServingLimits } from './limits.ts'
import { IncomingBody, type Intake, mayBeLarge, receiveBody } from './receive.ts'
import type { Incoming, Wire } from './wire.ts'

export interface ServingContext {
  readonly handler: RequestHandler
  readonly limits: ServingLimits
  readonly intake: Intake
  readonly clock: Clock
  readonly log: Log
  readonly endless: (end: () => void) => () => void
  /** Of the server as a whole: whether it takes no new requests. */
  readonly state: { readonly isLeaving: boolean }
}

/** An ApiRequest whose signal is only made where somebody looks at it, which few handlers do. */
class WireRequest implements ApiRequest {
  readonly method: ApiRequest['method']
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly bodyStream?: IncomingBody
  #controller: AbortController | undefined
  #gone = false

  constructor({ method, path, headers }: Wire, body: Uint8Array | IncomingBody | undefined) {
    this.method = method
    this.path = path
    this.headers = headers
    if (body instanceof IncomingBody) this.bodyStream = body
    else if (body) this.body = body
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#gone) this.abort()
    }
    return this.#controller.signal
  }

  abort(): void {
    this.#gone = true
    this.#controller?.abort(new Error('the client went away'))
  }
}

/** Never rejects: whatever goes wrong is answered, logged, or the end of the connection. */
export async function serveRequest(wire: Wire, context: ServingContext): Promise<void> {
  if (context.state.isLeaving) return refuseLeaving(wire, context)
  try {
    let body: Awaited<ReturnType<typeof bodyOf>> | undefined
    let refusal: StatusError | undefined
    if (wire.incoming)
      try {
        body = await bodyOf(wire, wire.incoming, context)
      } catch (thrown) {
        // A body that cannot be taken is an answer; a client that went away gets none.
        if (!(thrown instanceof StatusError)) throw thrown
        refusal = thrown
      }
    const request = new WireRequest(wire, body)
    let isAnswered = false
    wire.outgoing.onClose(() => {
      if (!isAnswered) request.abort()
    })
    const { handler } = context
    if (refusal && !handler.refuse) throw refusal
    const response = await (refusal && handler.refuse
      ? handler.refuse(request, wire.peer, refusal)
      : handler.handle(request, wire.peer))
    request.bodyStream?.discardUnread()
    // Whoever guesses at credentials, or tries doors without any, starts a new connection for each try.
    if (response.status === 401 || (response.status === 403 && isStranger(wire))) wire.retire()
    await sendAnswer(wire, response, context)
    isAnswered = !isEndless(response)
  } catch (thrown) {
    if (wire.outgoing.isOver) return
    if (!(thrown instanceof StatusError))
      context.log.error('a request could not be answered', { path: pathOf(wire), error: thrown })
    const error = thrown instanceof StatusError ? thrown : internalError('the server failed')
    try {
      await sendAnswer(wire, statusAnswer(error), context)
    } catch {
      wire.reset()
    }
  }
}

/** Another server may answer; this one is seen no more in a moment. */
async function refuseLeaving(wire: Wire, context: ServingContext): Promise<void> {
  wire.incoming?.discard()
  const headers = { ...LEAVING_HEADERS }
  wire.retire()
  const body = { kind: 'bytes', bytes: Buffer.from(LEAVING_TEXT) } as const
  await sendAnswer(wire, { status: 429, headers, body }, context).catch(() => wire.reset())
}
const LEAVING_TEXT = 'The apiserver is shutting down, please try again later.\n'
const LEAVING_HEADERS = {
  'content-type': 'text/plain; charset=utf-8',
  'retry-after': '5',
  'x-content-type-options': 'nosniff',
}

/** In whole, but for large ones that are only passed on. */
function bodyOf(wire: Wire, incoming: Incoming, context: ServingContext) {
  const { handler, limits } = context
  if (mayBeLarge(wire.headers, limits) && handler.passesOn?.(wire))
    return new IncomingBody(incoming, wire.headers)
  return receiveBody(incoming, wire.headers, context)
}

export function statusAnswer(error: StatusError): ApiResponse {
  const seconds = error.details?.retryAfterSeconds
  return {
    status: error.code,
    headers: {
      'content-type': 'application/json',
      ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }),
    },
    body: { kind: 'object', object: error.status },
  }
}

const isStranger = ({ headers, peer }: Wire) =>
  headers.authorization === undefined && peer.certificate === undefined

/** Without its query, which may hold what nobody should read in a log. */
const pathOf = ({ path }: Wire): string => path.split('?')[0] ?? ''
