/** Events for `for await`, beside subscribing: as programs and tests read a watch. */
import type { EventSource } from './transport.ts'

/** So many may wait for the loop before a source that can wait is asked to. */
const FULL = 100
/** A loop that is so far behind is told, instead of filling the memory. */
const MOST_WAITING = 10_000

/** The flow starts with the first event that is asked for; leaving the loop ends it. */
export type IterableEvents<E> = EventSource<E> & AsyncIterable<E>

/** The same source, of which each loop is a subscriber. */
export function iterableEvents<E>(source: EventSource<E>): IterableEvents<E> {
  return {
    subscribe: sink => source.subscribe(sink),
    [Symbol.asyncIterator]: () => new Events(source),
  }
}

class Events<E> implements AsyncIterator<E, undefined> {
  readonly #source: EventSource<E>
  readonly #waiting: E[] = []
  #cancel: (() => void) | undefined
  #ended: { readonly error?: Error } | undefined
  /** Whoever waits for something to happen here: the loop, and a source that is held back. */
  #wakeLoop = () => {}
  #wakeSource = () => {}

  constructor(source: EventSource<E>) {
    this.#source = source
  }

  async next(): Promise<IteratorResult<E, undefined>> {
    if (!this.#ended) this.#cancel ??= this.#source.subscribe(this.#sink)
    while (this.#waiting.length === 0) {
      const { error } = this.#ended ?? {}
      if (error) throw error
      if (this.#ended) return { done: true, value: undefined }
      await new Promise<void>(resolve => {
        this.#wakeLoop = resolve
      })
    }
    const value = this.#waiting.shift() as E
    if (this.#waiting.length < FULL) this.#wakeSource()
    return { done: false, value }
  }

  async return(): Promise<IteratorResult<E, undefined>> {
    this.#end()
    this.#waiting.length = 0
    return { done: true, value: undefined }
  }

  readonly #sink = {
    next: (event: E): void | Promise<void> => {
      if (this.#ended) return
      this.#waiting.push(event)
      this.#wakeLoop()
      if (this.#waiting.length > MOST_WAITING)
        return this.#end(
          new Error(`${MOST_WAITING} events of a watch wait for a loop that is too slow`),
        )
      if (this.#waiting.length < FULL) return
      return new Promise(resolve => {
        this.#wakeSource = resolve
      })
    },
    end: (error?: Error) => this.#end(error),
  }

  #end(error?: Error): void {
    this.#ended ??= error ? { error } : {}
    this.#cancel?.()
    this.#wakeSource()
    this.#wakeLoop()
  }
}
