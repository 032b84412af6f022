/** What priority and fairness counts, under upstream's names. */
import type { Clock } from '#base/clock.ts'
import {
  createFigureBook,
  type Figure,
  type FigureSource,
  type Histogram,
  type Sample,
} from '#base/figures.ts'
import type { Counts } from './counts.ts'
import type { FlowControl } from './flow-control.ts'
import type { PriorityLevel } from './priority-level.ts'
import { type Queue, SERVICE_MS } from './queue-set.ts'
import type { Usage } from './usage.ts'

const PREFIX = 'apiserver_flowcontrol_'
const SECONDS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
const LENGTHS = [0, 10, 25, 50, 100, 250, 500, 1000]
const WATCHERS = [0, 1, 10, 100, 1000, 10000]
const SEATS = [1, 2, 4, 8, 16, 32, 64, 100]
const FLOW = ['priority_level', 'flow_schema']

export interface FlowHistograms {
  /** Labels: priority_level, flow_schema, execute. */
  readonly waited: Histogram
  /** Labels: priority_level, flow_schema, type. */
  readonly served: Histogram
  readonly queueLength: Histogram
  readonly seats: Histogram
  /** Of writes. */
  readonly watchers: Histogram
}

export interface FlowFigures {
  readonly histograms: FlowHistograms
  readonly source: FigureSource
}

export function createFlowFigures(flowControl: FlowControl, clock: Clock): FlowFigures {
  const book = createFigureBook()
  const histograms = {
    waited: book.histogram(
      `${PREFIX}request_wait_duration_seconds`,
      'How long requests waited in their queues.',
      SECONDS,
      [...FLOW, 'execute'],
    ),
    served: book.histogram(
      `${PREFIX}request_execution_seconds`,
      'How long requests were served; watches, until they had begun.',
      SECONDS,
      [...FLOW, 'type'],
    ),
    queueLength: book.histogram(
      `${PREFIX}request_queue_length_after_enqueue`,
      'How many were in its queue, as each request that had to wait found it, with itself.',
      LENGTHS,
      FLOW,
    ),
    seats: book.histogram(
      `${PREFIX}work_estimated_seats`,
      'How many seats requests were reckoned to be worth.',
      SEATS,
      FLOW,
    ),
    watchers: book.histogram(
      `${PREFIX}watch_count_samples`,
      'How many watches would be told of a change, as each write found it.',
      WATCHERS,
      FLOW,
    ),
  }
  const source = () => [
    ...book.source(),
    ...ofFlows(flowControl.levels),
    ...ofLevels(flowControl.levels),
    ...ofTimes(flowControl.levels, clock.monotonicMs()),
    ...ofMeters(flowControl.levels),
    {
      name: `${PREFIX}seat_fair_frac`,
      help: 'The part of its target that each level gets which no bound holds.',
      type: 'gauge' as const,
      values: [{ labels: {}, value: flowControl.fairFraction }],
    },
  ]
  return { histograms, source }
}

function ofFlows(levels: readonly PriorityLevel[]): Figure[] {
  const figure = (
    name: string,
    type: Figure['type'],
    help: string,
    read: (counts: Counts) => number,
  ): Figure => ({
    name: PREFIX + name,
    type,
    help,
    values: samplesOf(levels, (labels, counts) => [{ labels, value: read(counts) }]),
  })
  return [
    figure(
      'dispatched_requests_total',
      'counter',
      'Requests that were let in.',
      each => each.dispatched,
    ),
    {
      name: `${PREFIX}rejected_requests_total`,
      type: 'counter',
      help: 'Requests that were refused, by why.',
      values: samplesOf(levels, (labels, { refused }) =>
        [...refused].map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
      ),
    },
    figure('current_inqueue_requests', 'gauge', 'Requests that wait.', each => each.waiting),
    figure(
      'current_inqueue_seats',
      'gauge',
      'Seats that waiting requests want.',
      each => each.waitingSeats,
    ),
    figure(
      'current_executing_requests',
      'gauge',
      'Requests that are being served.',
      each => each.running,
    ),
    figure('current_executing_seats', 'gauge', 'Seats that are taken.', each => each.runningSeats),
    figure(
      'request_concurrency_in_use',
      'gauge',
      'The same under its older name.',
      each => each.runningSeats,
    ),
    figure(
      'request_dispatch_no_accommodation_total',
      'counter',
      'How often the next request found too few seats.',
      each => each.tooWide,
    ),
  ]
}

function samplesOf(
  levels: readonly PriorityLevel[],
  show: (labels: Sample['labels'], counts: Counts) => Sample[],
): Sample[] {
  return levels.flatMap(({ name, counts }) =>
    [...counts].flatMap(([schema, each]) =>
      show({ priority_level: name, flow_schema: schema }, each),
    ),
  )
}

function ofLevels(levels: readonly PriorityLevel[]): Figure[] {
  const gauge = (name: string, help: string, read: (level: PriorityLevel) => number): Figure => ({
    name: PREFIX + name,
    type: 'gauge',
    help,
    values: levels.map(level => ({ labels: { priority_level: level.name }, value: read(level) })),
  })
  return [
    gauge(
      'nominal_limit_seats',
      'Seats that a level has by its shares.',
      each => each.bounds.nominal,
    ),
    gauge(
      'request_concurrency_limit',
      'The same under its older name.',
      each => each.bounds.nominal,
    ),
    gauge('lower_limit_seats', 'Seats that a level keeps in any case.', each => each.bounds.lowest),
    gauge(
      'upper_limit_seats',
      'Seats that a level may have at the most.',
      each => each.bounds.highest,
    ),
    gauge('current_limit_seats', 'Seats that a level has now.', each => each.current),
    gauge('target_seats', 'Seats that a level was to have at the last look.', each => each.target),
    gauge(
      'demand_seats_high_watermark',
      'The most seats wanted at once before the last look.',
      each => each.seats.demand.last.highest,
    ),
    gauge(
      'demand_seats_average',
      'Seats wanted on average before the last look.',
      each => each.seats.demand.last.average,
    ),
    gauge(
      'demand_seats_stdev',
      'How far demand was from its average before the last look.',
      each => each.seats.demand.last.deviation,
    ),
    gauge(
      'demand_seats_smoothed',
      'Demand that rises at once and falls slowly.',
      each => each.seats.demand.smoothed,
    ),
  ]
}

/** Weighed by time. */
function ofTimes(levels: readonly PriorityLevel[], nowMs: number): Figure[] {
  const figure = (
    name: string,
    help: string,
    show: (usage: Usage, labels: Sample['labels']) => Sample[],
  ): Figure => ({
    name: PREFIX + name,
    type: 'histogram',
    help,
    values: levels.flatMap(({ name: level, seats }) =>
      show(seats.usage, { priority_level: level }),
    ),
  })
  return [
    figure(
      'priority_level_seat_utilization',
      'For how many nanoseconds which part of the seats was taken.',
      ({ seats }, labels) => seats.samples({ phase: 'executing', ...labels }, nowMs),
    ),
    figure(
      'priority_level_request_utilization',
      'For how many nanoseconds how many requests waited or were served, as a part of what may.',
      ({ waiting, executing }, labels) => [
        ...waiting.samples({ phase: 'waiting', ...labels }, nowMs),
        ...executing.samples({ phase: 'executing', ...labels }, nowMs),
      ],
    ),
    figure(
      'demand_seats',
      'For how many nanoseconds how many seats were wanted, as a part of those by shares.',
      ({ demand }, labels) => demand.samples(labels, nowMs),
    ),
  ]
}

/** In seconds of seats, as upstream's virtual time is. */
function ofMeters(levels: readonly PriorityLevel[]): Figure[] {
  const queued = levels.filter(({ wishes }) => wishes.queuing)
  const gauge = (name: string, help: string, values: readonly Sample[]): Figure => ({
    name: PREFIX + name,
    type: 'gauge',
    help,
    values,
  })
  const bounds = (nextOf: (queue: Queue) => number) =>
    queued.flatMap(({ name, seats }) => {
      const all = seats.queues.filter(({ waiting }) => waiting.length > 0).map(nextOf)
      if (all.length === 0) return []
      const sample = (bound: string, value: number) => ({
        labels: { priority_level: name, bound },
        value: value / 1000,
      })
      return [sample('min', Math.min(...all)), sample('max', Math.max(...all))]
    })
  return [
    gauge(
      'current_r',
      'The common meter of the queues.',
      queued.map(({ name, seats }) => ({
        labels: { priority_level: name },
        value: seats.progress / 1000,
      })),
    ),
    gauge(
      'next_s_bounds',
      'Where the meters of queues stand in which somebody waits: the least and the most.',
      bounds(({ next }) => next),
    ),
    gauge(
      'next_discounted_s_bounds',
      'The same without what is being served.',
      bounds(({ next, seats }) => next - seats * SERVICE_MS),
    ),
  ]
}
