/**
 * Who waits and who is served, as tables for people: `/debug/api_priority_and_fairness/dump_…` in the columns of
 * kubernetes/apiserver, pkg/util/flowcontrol/apf_controller_debug.go.
 */
import { formatDuration } from '#api/machinery/duration.ts'
import type { Clock } from '#base/clock.ts'
import type { Refusal } from './counts.ts'
import type { FlowControl } from './flow-control.ts'
import type { PriorityLevel } from './priority-level.ts'
import type { Queue, Request } from './queue-set.ts'

export type Row = readonly string[]

const LEVEL_COLUMNS: Row = [
  'PriorityLevelName',
  'ActiveQueues',
  'IsIdle',
  'IsQuiescing',
  'WaitingRequests',
  'ExecutingRequests',
  'DispatchedRequests',
  'RejectedRequests',
  'TimedoutRequests',
  'CancelledRequests',
]
const QUEUE_COLUMNS: Row = [
  'PriorityLevelName',
  'Index',
  'PendingRequests',
  'ExecutingRequests',
  'SeatsInUse',
  'NextDispatchR',
  'InitialSeatsSum',
  'MaxSeatsSum',
  'TotalWorkSum',
]
/** One of them is misspelt upstream, and scripts look for it. */
const REQUEST_COLUMNS: Row = [
  'PriorityLevelName',
  'FlowSchemaName',
  'QueueIndex',
  'RequestIndexInQueue',
  'FlowDistingsher',
  'ArriveTime',
  'InitialSeats',
  'FinalSeats',
  'AdditionalLatency',
  'StartTime',
]
const DETAIL_COLUMNS: Row = [
  'UserName',
  'Verb',
  'APIPath',
  'Namespace',
  'Name',
  'APIVersion',
  'Resource',
  'SubResource',
]

export function dumpPriorityLevels({ levels }: FlowControl): string {
  return tableText([LEVEL_COLUMNS, ...levels.map(levelRow)])
}

function levelRow(level: PriorityLevel): Row {
  const { name, seats, counts, isLeaving } = level
  const all = [...counts.values()]
  const refused = (...reasons: Refusal[]) =>
    sum(all.flatMap(each => reasons.map(reason => each.refused.get(reason) ?? 0)))
  const numbers = [
    seats.waiting,
    seats.running,
    sum(all.map(({ dispatched }) => dispatched)),
    refused('concurrency-limit', 'queue-full'),
    refused('time-out'),
    refused('cancelled'),
  ]
  const active = seats.queues.filter(({ waiting }) => waiting.length > 0).length
  return [name, String(active), String(seats.isIdle), String(isLeaving), ...numbers.map(String)]
}

export function dumpQueues({ levels }: FlowControl): string {
  const rows = levels.flatMap(({ name, seats }) =>
    seats.queues.map(queue => [name, ...queueCells(queue)]),
  )
  return tableText([QUEUE_COLUMNS, ...rows])
}

function queueCells({ index, waiting, running, seats, next }: Queue): Row {
  return [
    String(index),
    String(waiting.length),
    String(running),
    String(seats),
    seatSeconds(next),
    String(sum(waiting.map(({ work }) => work.seats))),
    String(sum(waiting.map(request => request.seats))),
    seatSeconds(sum(waiting.map(({ size }) => size))),
  ]
}

export function dumpRequests(
  { levels }: FlowControl,
  clock: Clock,
  includesDetails: boolean,
): string {
  const cellsOf = (level: string, queue: number, at: number, request: Request): Row => [
    level,
    request.about?.schema ?? '',
    String(queue),
    String(at),
    request.about?.flow ?? '',
    timeText(request.about?.arrivedAt),
    String(request.work.seats),
    String(request.work.lastSeats),
    formatDuration(BigInt(Math.round(request.work.lastMs * 1_000_000))),
    timeText(request.isRunning ? startedAt(request, clock) : undefined),
    ...(includesDetails ? detailCells(request) : []),
  ]
  const rows = levels.flatMap(({ name, seats }) => [
    ...seats.queues.flatMap(({ index, waiting }) =>
      waiting.map((request, at) => cellsOf(name, index, at, request)),
    ),
    ...[...seats.served].map(request => cellsOf(name, request.queue?.index ?? -1, -1, request)),
  ])
  return tableText([[...REQUEST_COLUMNS, ...(includesDetails ? DETAIL_COLUMNS : [])], ...rows])
}

function detailCells({ about }: Request): Row {
  if (!about) return DETAIL_COLUMNS.map(() => '')
  const { user, info } = about.asked
  const { verb, path, namespace, name, group, version, resource, subresource } = info
  const apiVersion = group === '' ? version : `${group}/${version}`
  return [user.name, verb, path, namespace, name, apiVersion, resource, subresource]
}

const startedAt = ({ startedMs }: Request, clock: Clock) =>
  clock.now() - (clock.monotonicMs() - startedMs)

/** As Go prints times: as many digits as there are, and its zero for what has not been yet. */
function timeText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '0001-01-01T00:00:00Z'
  return new Date(milliseconds).toISOString().replace(/\.?0*Z$/, 'Z')
}

/** Of milliseconds of seats. */
function seatSeconds(milliseconds: number): string {
  const hundredMillionths = BigInt(Math.round(milliseconds * 100_000))
  const whole = hundredMillionths / 100_000_000n
  return `${whole}.${String(hundredMillionths % 100_000_000n).padStart(8, '0')}ss`
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)

const NARROWEST_COLUMN = 8

/** Commas for programs and spaces for people; the last column is as wide as it is. */
export function tableText(rows: readonly Row[]): string {
  const cells = rows.map(row => row.map((text, at) => (at < row.length - 1 ? `${text},` : text)))
  const widths = (cells[0] ?? []).map((_, at) =>
    cells.reduce(
      (width, row) => Math.max(width, [...(row[at] ?? '')].length + 1),
      NARROWEST_COLUMN,
    ),
  )
  const padded = (row: Row) =>
    row.map((text, at) => {
      const isLast = at === row.length - 1
      return isLast ? text : text + ' '.repeat((widths[at] ?? 0) - [...text].length)
    })
  return cells.map(row => `${padded(row).join('')}\n`).join('')
}
