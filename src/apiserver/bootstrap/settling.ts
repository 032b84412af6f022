/** Looks at some resources a moment after they changed; changes come in bursts. */
import type { Clock } from '#base/clock.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'

export interface Settling {
  readonly clock: Clock
  readonly caches: readonly ResourceCache[]
  readonly delayMs: number
  /** After a look that failed. */
  readonly retryMs: number
  /** Resolves with whether all is as it should be; must not reject. */
  settle(): Promise<boolean>
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
  #cancel: (() => void) | undefined
  #running: Promise<void> = Promise.resolve()
  readonly #unfollow = new Map<ResourceCache, () => void>()

  constructor(settling: Settling) {
    this.#settling = settling
  }

  watch(cache: ResourceCache): void {
    if (this.#isOver) return
    const { delayMs } = this.#settling
    const unfollow = cache.watchers.add({
      filter: { namespace: '' },
      notify: () => this.#later(delayMs),
      end: () => queueMicrotask(() => this.watch(cache)),
    })
    this.#unfollow.set(cache, unfollow)
    this.#later(delayMs)
  }

  async stop(): Promise<void> {
    this.#isOver = true
    this.#cancel?.()
    for (const unfollow of this.#unfollow.values()) unfollow()
    await this.#running
  }

  /** What changes while a look is due or under way is seen by it, or by the next. */
  #later(delayMs: number): void {
    if (this.#isOver || this.#cancel) return
    this.#cancel = this.#settling.clock.after(delayMs, () => {
      this.#cancel = undefined
      this.#running = this.#running.then(() => this.#look())
    })
  }

  async #look(): Promise<void> {
    if (this.#isOver) return
    const isSettled = await this.#settling.settle()
    if (!isSettled) this.#later(this.#settling.retryMs)
  }
}
