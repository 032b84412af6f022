/** Looks at some resources a moment after they changed; changes come in bursts. */
import type { Clock } from '#base/clock.ts'
import type { Filter } from '../watch-cache/filter.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'

export interface Settling {
  readonly clock: Clock
  readonly caches: readonly ResourceCache[]
  /** Which of the caches' objects to look at; all by default. */
  readonly filter?: Filter
  readonly delayMs: number
  /** Resolves with the milliseconds after which to look again whatever happens, or undefined; must not reject. */
  settle(): Promise<number | undefined>
}

/** Begins a moment later; the returned function ends it, and is over when the last look is. */
export function settleAfterChanges(settling: Settling): () => Promise<void> {
  const keeper = new Keeper(settling)
  for (const cache of settling.caches) keeper.watch(cache)
  return () => keeper.stop()
}

class Keeper {
  readonly #settling: Settling
  #isOver = false
  #dueMs = Number.POSITIVE_INFINITY
  #cancel = () => {}
  #running: Promise<void> = Promise.resolve()
  readonly #unfollow = new Map<ResourceCache, () => void>()

  constructor(settling: Settling) {
    this.#settling = settling
  }

  watch(cache: ResourceCache): void {
    if (this.#isOver) return
    const { delayMs, filter = { namespace: '' } } = this.#settling
    const unfollow = cache.watchers.add({
      filter,
      notify: () => this.#later(delayMs),
      end: () => queueMicrotask(() => this.watch(cache)),
    })
    this.#unfollow.set(cache, unfollow)
    this.#later(delayMs)
  }

  async stop(): Promise<void> {
    this.#isOver = true
    this.#cancel()
    for (const unfollow of this.#unfollow.values()) unfollow()
    await this.#running
  }

  /** What changes while a look is due or under way is seen by it, or by the next; the sooner one counts. */
  #later(delayMs: number): void {
    const { clock } = this.#settling
    const atMs = clock.monotonicMs() + delayMs
    if (this.#isOver || atMs >= this.#dueMs) return
    this.#cancel()
    this.#dueMs = atMs
    this.#cancel = clock.after(delayMs, () => {
      this.#dueMs = Number.POSITIVE_INFINITY
      this.#running = this.#running.then(() => this.#look())
    })
  }

  async #look(): Promise<void> {
    if (this.#isOver) return
    const againMs = await this.#settling.settle()
    if (againMs !== undefined) this.#later(againMs)
  }
}
