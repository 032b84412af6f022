import { messageOf } from '#base/errors.ts'
import { type Log, silentLog } from '#base/log.ts'
import type { Commit } from './history.ts'
import { type Mvcc, matchingEvents } from './mvcc.ts'
import type { Revision, StoreEvent, WatchSink } from './store.ts'

/** One a kind and follower is usual, tens of them; beyond this someone forgets to cancel. */
export const MAX_WATCHES = 10_000

interface Watch {
  readonly prefix: string
  readonly sink: WatchSink
  /** Everything up to here was delivered, is in the backlog, or was not asked for. */
  seen: Revision
  /** Groups that wait until `watch()` has returned to its caller; undefined once the watch is live. */
  backlog: (readonly StoreEvent[])[] | undefined
  ended: boolean
}

/**
 * Tells watches what was committed, in revision order and synchronously. A sink that commits or watches
 * from within `events` does not break the order: what it causes is queued behind what is being told.
 * No sink is called before `watch()` has returned. A sink that throws loses its watch and no other.
 */
export class WatchHub {
  readonly #watches = new Set<Watch>()
  readonly #queue: Commit[] = []
  readonly #log: Log
  #isDelivering = false
  /** The newest revision that this hub knows to have been reached. */
  #reached: Revision = 0

  constructor(log: Log = silentLog) {
    this.#log = log
  }

  add(state: Mvcc, watched: { prefix: string; after: Revision }, sink: WatchSink): () => void {
    if (this.#watches.size >= MAX_WATCHES) throw new RangeError(`more than ${MAX_WATCHES} watches`)
    const { prefix, after } = watched
    const backlog = state.eventsAfter(prefix, after)
    // What is applied but still queued for delivery is in the backlog already, or above `after` by wish.
    const seen = Math.max(after, state.revision)
    this.#reached = state.revision
    const watch: Watch = { prefix, sink, seen, backlog, ended: false }
    this.#watches.add(watch)
    queueMicrotask(() => this.#catchUp(watch))
    return () => {
      watch.ended = true
      this.#watches.delete(watch)
    }
  }

  /** Tells commits that `state` has already taken in. */
  publish(commits: readonly Commit[]): void {
    this.#queue.push(...commits)
    if (this.#isDelivering) return
    this.#isDelivering = true
    for (let commit = this.#queue.shift(); commit; commit = this.#queue.shift()) {
      for (const watch of this.#watches) this.#deliver(watch, commit)
      this.#reached = Math.max(this.#reached, commit.revision)
    }
    for (const watch of this.#watches) {
      if (watch.backlog === undefined) this.#progress(watch)
    }
    this.#isDelivering = false
    // A sink may have committed from within `progress`.
    if (this.#queue.length > 0) this.publish([])
  }

  /** Ends all watches. */
  close(error?: Error): void {
    for (const watch of [...this.#watches]) this.#end(watch, error)
  }

  #deliver(watch: Watch, commit: Commit): void {
    if (watch.ended || commit.revision <= watch.seen) return
    watch.seen = commit.revision
    const events = matchingEvents(commit.events, watch.prefix)
    if (events.length === 0) return
    if (watch.backlog) watch.backlog.push(events)
    else this.#guard(watch, () => watch.sink.events(events))
  }

  #catchUp(watch: Watch): void {
    const backlog = watch.backlog ?? []
    for (let i = 0; i < backlog.length && !watch.ended; i++) {
      this.#guard(watch, () => watch.sink.events(backlog[i] as readonly StoreEvent[]))
    }
    watch.backlog = undefined
    this.#progress(watch)
  }

  /** Says how far the watch is; one from the future has nothing to say before its revision is reached. */
  #progress(watch: Watch): void {
    if (watch.ended || watch.seen > this.#reached) return
    this.#guard(watch, () => watch.sink.progress?.(watch.seen))
  }

  #guard(watch: Watch, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#log.error('a watch failed and was ended', { prefix: watch.prefix, error })
      this.#end(watch, new Error(`the watch's receiver failed: ${messageOf(error)}`))
    }
  }

  #end(watch: Watch, error: Error | undefined): void {
    if (watch.ended) return
    watch.ended = true
    this.#watches.delete(watch)
    try {
      watch.sink.end(error)
    } catch (thrown) {
      this.#log.error('a watch failed while it ended', { prefix: watch.prefix, error: thrown })
    }
  }
}
