/** Tells the audit log of a request: that it came, once it is known who asks, and how it was answered. */
import { internalError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { ApiResponse, DuplexChannels, EventSource, ResponseBody } from '#client/transport.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuditRecord } from '../audit/record.ts'
import type { Exchange, Step, Stream } from '../exchange.ts'
import { respondText } from '../respond.ts'
import { statusErrorOf } from '../storage/store-errors.ts'
import { isLongRunning } from './limit-in-flight.ts'

/** Around all that may refuse a request. */
export const audit: Step = (exchange, next) => {
  const { audit: log } = exchange.server
  return log ? audited(exchange, next, log) : next()
}

/** Behind authentication: whoever is somebody has a record. */
export const receive: Step = (exchange, next) => {
  const { audit: log } = exchange.server
  return log ? received(exchange, next, log) : next()
}

async function received(exchange: Exchange, next: Parameters<Step>[1], log: AuditLog) {
  exchange.audit = log.recordOf(exchange)
  exchange.isAuditDecided = true
  if ((await exchange.audit?.reach('RequestReceived')) === false) {
    // Nothing may happen of which nobody can be told.
    exchange.audit = undefined
    log.figures.rejected.add([])
    return respondText(500, 'failed to store audit event\n')
  }
  return next()
}

async function audited(exchange: Exchange, next: Parameters<Step>[1], log: AuditLog) {
  let response: ApiResponse
  try {
    response = await next()
  } catch (thrown) {
    await refused(exchange, thrown, log)
    throw thrown
  }
  const { audit: record } = exchange
  if (!record) return response
  record.responds(response)
  if (!isLongRunning(exchange)) {
    await record.reach('ResponseComplete')
    return response
  }
  await record.reach('ResponseStarted')
  return untilEnd(exchange, response, record)
}

/** Who failed before it was known who asks is told of once, as upstream does. */
async function refused(exchange: Exchange, thrown: unknown, log: AuditLog): Promise<void> {
  const error = statusErrorOf(thrown)
  const record =
    exchange.audit ?? (exchange.isAuditDecided ? undefined : log.recordOf(exchange, false))
  if (!record) return
  if (!error) {
    record.failed(internalError(`APIServer panic'd: ${messageOf(thrown)}`).status)
    await record.reach('Panic')
    return
  }
  // Who takes no form that there is gets a text for people.
  record.failed(error.status, error.status.reason !== 'NotAcceptable')
  if (!exchange.audit || isLongRunning(exchange)) await record.reach('ResponseStarted')
  if (exchange.audit) await record.reach('ResponseComplete')
}

/** Completes the record once nothing more is sent, whoever ended it. */
function untilEnd(exchange: Exchange, response: ApiResponse, record: AuditRecord): ApiResponse {
  const complete = () => void record.reach('ResponseComplete')
  const { body } = response
  const { stream, tunnel } = exchange
  if (stream) exchange.stream = streamUntilEnd(stream, exchange.request.signal, complete)
  else if (tunnel) tunnel.socket.once('close', complete)
  else if (body.kind === 'events' || body.kind === 'stream')
    return { ...response, body: bodyUntilEnd(body, complete) }
  else complete()
  return response
}

type Endless = Extract<ResponseBody, { kind: 'events' | 'stream' }>

function bodyUntilEnd(body: Endless, complete: () => void): ResponseBody {
  return body.kind === 'events'
    ? { kind: 'events', events: sourceUntilEnd(body.events, complete) }
    : { kind: 'stream', stream: sourceUntilEnd(body.stream, complete) }
}

function sourceUntilEnd<E>(source: EventSource<E>, complete: () => void): EventSource<E> {
  return {
    ...source,
    subscribe(sink) {
      const cancel = source.subscribe({
        ...sink,
        next: event => sink.next(event),
        end(error) {
          complete()
          sink.end(error)
        },
      })
      return () => {
        complete()
        cancel()
      }
    },
  }
}

/** Over a connection it lasts as long as that; in process as long as what was opened. */
function streamUntilEnd(
  { kind, dial }: Stream,
  signal: AbortSignal | undefined,
  complete: () => void,
): Stream {
  if (signal?.aborted) complete()
  signal?.addEventListener('abort', complete, { once: true })
  return {
    kind,
    async dial(port) {
      try {
        const channels = await dial(port)
        return signal ? channels : channelsUntilEnd(channels, complete)
      } catch (error) {
        if (!signal) complete()
        throw error
      }
    },
  }
}

function channelsUntilEnd(channels: DuplexChannels, complete: () => void): DuplexChannels {
  channels.onClose(complete)
  return {
    write: (channel, bytes) => channels.write(channel, bytes),
    end: channel => channels.end(channel),
    onData: listener => channels.onData(listener),
    onEnd: listener => channels.onEnd(listener),
    onClose: listener =>
      channels.onClose(error => {
        complete()
        listener(error)
      }),
    close(error) {
      complete()
      channels.close(error)
    },
  }
}
