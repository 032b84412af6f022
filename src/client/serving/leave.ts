/**
 * How a server leaves: what is being answered is answered, watches are ended at once or one after the other, and connections end with the last
 * answer on them. Nothing takes longer than it may.
 */
import { type Clock, sleep } from '#base/clock.ts'
import type { Connection, Connections } from './connections.ts'

export interface Leaving {
  /** Answers new requests with 429 until those before them are answered, instead of taking none at all. */
  readonly sendsRetryAfter?: boolean
  /** Over which time watches are ended; all at once where it is 0. */
  readonly watchGraceMs?: number
}

/** How often somebody looks whether everything is answered. */
const LOOK_MS = 20
/** So many watches at a time are enough: more steps would not be finer than clients notice. */
const STEPS = 50

export interface LeaveOptions extends Leaving {
  readonly connections: Connections
  readonly clock: Clock
  /** How long what is being answered may take. */
  readonly drainMs: number
  /** From here on new requests are refused; listening ends behind it. */
  readonly refuse: () => void
  /** Listens no more. */
  readonly close: () => void
}

/** Resolves when all connections are retired; they may take a moment more to end. */
export async function leave(options: LeaveOptions): Promise<void> {
  const { connections, clock, sendsRetryAfter = false, watchGraceMs = 0, drainMs } = options
  if (sendsRetryAfter) {
    options.refuse()
    const deadline = clock.monotonicMs() + drainMs
    while (connections.all().some(isBusy) && clock.monotonicMs() < deadline)
      await sleep(clock, LOOK_MS)
  }
  options.close()
  if (watchGraceMs > 0) {
    for (const connection of connections.all()) connection.retire()
    await endEach(connections, clock, watchGraceMs)
  }
  for (const connection of connections.all()) {
    for (const end of [...connection.endless]) end()
    connection.retire()
  }
}

/** Watches that begin anew elsewhere all at once are a burden there. */
async function endEach(connections: Connections, clock: Clock, graceMs: number): Promise<void> {
  const ends = connections.all().flatMap(({ endless }) => [...endless])
  const perStep = Math.ceil(ends.length / STEPS)
  const pauseMs = graceMs / Math.min(STEPS, Math.max(1, ends.length))
  for (let at = 0; at < ends.length; at += perStep) {
    for (const end of ends.slice(at, at + perStep)) end()
    if (at + perStep < ends.length) await sleep(clock, pauseMs)
  }
}

const isBusy = ({ answering, endless }: Connection) => answering() > endless.size
