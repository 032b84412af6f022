import { StatusError } from '#api/machinery/status.ts'
import { spent } from '../audit/notes.ts'
import type { Exchange, Step } from '../exchange.ts'
import type { Flow, FlowControl } from '../flow-control/flow-control.ts'
import { storedFor } from '../flow-control/objects.ts'
import type { Ticket } from '../flow-control/queue-set.ts'
import { isWrite, workOf } from '../flow-control/work.ts'
import { counted, isLongRunning, limitInFlight } from './limit-in-flight.ts'

/** Gives each flow of requests its part of the server; who finds no seat waits for one, or is asked to come back later. */
export const shareSeats: Step = (exchange, next) => {
  const { server, peer, info } = exchange
  const { flowControl } = server
  if (!flowControl) return limitInFlight(exchange, next)
  // Roles in this process are part of the server. A watch has a seat until it has begun; other streams are limited elsewhere.
  if (peer.user || (isLongRunning(exchange) && info.verb !== 'watch')) return next()
  return onSeat(exchange, next, flowControl)
}

async function onSeat(exchange: Exchange, next: Parameters<Step>[1], flowControl: FlowControl) {
  const { server, info } = exchange
  const flow = flowControl.classify(exchange)
  exchange.flow = flow
  const seat = seated(exchange, flowControl, flow)
  const ticket = seat instanceof Promise ? await seat : seat
  const { clock } = server
  const startMs = clock.monotonicMs()
  try {
    return await counted(exchange, next)
  } finally {
    ticket.finish()
    const type = info.verb === 'watch' ? 'watch' : 'regular'
    const seconds = (clock.monotonicMs() - startMs) / 1000
    flowControl.figures.histograms.served.observe([...flow.labels, type], seconds)
  }
}

/** Most find a seat at once. */
function seated(
  exchange: Exchange,
  flowControl: FlowControl,
  flow: Flow,
): Ticket | Promise<Ticket> {
  const { server, info } = exchange
  const { waited, queueLength, seats, watchers } = flowControl.figures.histograms
  const { level, labels } = flow
  const ticket = flowControl.enter(flow, exchange, widest => {
    const stored = storedFor(server.registry, info)
    if (stored && isWrite(info)) watchers.observe(labels, stored.watchers)
    const work = workOf(info, stored, widest)
    seats.observe(labels, Math.max(work.seats, work.lastSeats))
    return work
  })
  if (typeof ticket === 'string') throw tooMany(server.clock.now(), flow)
  if (level.wishes.isExempt) return ticket
  if (ticket.queueLength > 0) queueLength.observe(labels, ticket.queueLength)
  if (!ticket.isRunning) return waitingFor(ticket, exchange, flow)
  waited.observe([...labels, 'true'], 0)
  return ticket
}

async function waitingFor(ticket: Ticket, exchange: Exchange, flow: Flow): Promise<Ticket> {
  const { server, request } = exchange
  const { clock, flowControl } = server
  const startMs = clock.monotonicMs()
  const hasTurn = await flowControl?.turnOf(ticket, request.signal)
  const seconds = (clock.monotonicMs() - startMs) / 1000
  flowControl?.figures.histograms.waited.observe([...flow.labels, String(hasTurn)], seconds)
  if (exchange.audit)
    exchange.latenciesMs = spent(exchange.latenciesMs, 'apf-queue-wait', seconds * 1000)
  if (!hasTurn) throw tooMany(clock.now(), flow)
  return ticket
}

function tooMany(nowMs: number, { level }: Flow): StatusError {
  level.retryAfter.refused(nowMs)
  return new StatusError('TooManyRequests', 'Too many requests, please try again later.', {
    retryAfterSeconds: level.retryAfter.seconds,
  })
}
