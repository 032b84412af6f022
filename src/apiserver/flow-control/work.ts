/** How many seats a request is worth, reckoned before it is served, as upstream does. */
import { isTrue, type RequestInfo } from '../request-info.ts'
import { ONE_SEAT, type Work } from './queue-set.ts'

/** What is known of the objects that a request is about. */
export interface Stored {
  readonly objects: number
  readonly averageBytes: number
  /** Who would be told of a change, as far as no index narrows it down. */
  readonly watchers: number
}

const BYTES_PER_SEAT = 100_000
/** A list out of memory is sent in pieces, and never takes more at once. */
const STREAMED_BYTES = 1_000_000
const MOST_SEATS_OF_LISTS = 100
const MOST_SEATS_OF_WRITES = 10
const WATCHERS_PER_SEAT = 10
/** Of one seat, for each ten watchers. */
const EVENT_MS = 5
const WRITES = new Set(['create', 'update', 'patch', 'delete'])

export const isWrite = ({ verb }: RequestInfo) => WRITES.has(verb)

/** `stored` is undefined for what this server does not store. At most `widest` seats. */
export function workOf(info: RequestInfo, stored: Stored | undefined, widest: number): Work {
  if (!stored || !info.isResourceRequest) return ONE_SEAT
  if (isWrite(info)) return writing(info, stored, widest)
  if (info.verb !== 'list' && info.verb !== 'watch') return ONE_SEAT
  if (info.verb === 'watch' && !beginsWithList(info)) return ONE_SEAT
  const most = Math.min(widest, MOST_SEATS_OF_LISTS)
  const seats = Math.ceil(bytesOf(info, stored) / BYTES_PER_SEAT)
  return { ...ONE_SEAT, seats: Math.min(most, Math.max(1, seats)) }
}

function beginsWithList({ query }: RequestInfo): boolean {
  const revision = query.get('resourceVersion') ?? ''
  return isTrue(query.get('sendInitialEvents')) || revision === '' || revision === '0'
}

function bytesOf({ name, verb, query }: RequestInfo, stored: Stored): number {
  const { objects, averageBytes } = stored
  if (name !== '') return averageBytes
  const limit = Number(query.get('limit') ?? 0)
  const wanted = limit > 0 ? Math.min(limit, objects) : objects
  const isPast =
    verb === 'list' && (query.has('continue') || query.get('resourceVersionMatch') === 'Exact')
  if (!isPast) return Math.min(wanted * averageBytes, STREAMED_BYTES)
  const isSelected = query.has('fieldSelector') || query.has('labelSelector')
  return (isSelected ? Math.max(wanted, objects / 2) : wanted) * averageBytes
}

function writing(
  { resource, subresource }: RequestInfo,
  { watchers }: Stored,
  widest: number,
): Work {
  const makesToken = resource === 'serviceaccounts' && subresource === 'token'
  if (makesToken || watchers < WATCHERS_PER_SEAT) return ONE_SEAT
  const wanted = Math.ceil(watchers / WATCHERS_PER_SEAT)
  const lastSeats = Math.min(wanted, widest, MOST_SEATS_OF_WRITES)
  // What is not given in seats is given in time.
  return { seats: 1, lastSeats, lastMs: (wanted * EVENT_MS) / lastSeats }
}
