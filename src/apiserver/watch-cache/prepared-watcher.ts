/**
 * Stands before a watcher whose objects have to be prepared (see View): what is told waits until that is done, in order. Which
 * selectors match can only be said then, so this one is filed by place alone.
 */
import { StatusError } from '#api/machinery/status.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { prepare, type View } from '../storage/view.ts'
import type { CacheEvent } from './cache-event.ts'
import type { Filter } from './filter.ts'
import { notifyIfWanted, type Watcher } from './watchers.ts'

/** Whoever waits with more than this is sent away, and resumes where it stood. */
const MAXIMUM_WAITING = 10_000

interface Task {
  readonly objects: readonly StoredObject[]
  readonly tell: () => void
}

export class PreparedWatcher implements Watcher {
  readonly filter: Filter
  readonly #view: View
  readonly #inner: Watcher
  readonly #fail: (error: unknown) => void
  #waiting: Task[] = []
  #running: Promise<void> | undefined
  #isRunning = false
  #isOver = false

  constructor(view: View, inner: Watcher, fail: (error: unknown) => void) {
    const { namespace, name } = inner.filter
    this.filter = { namespace, ...(name === undefined ? {} : { name }) }
    this.#view = view
    this.#inner = inner
    this.#fail = fail
  }

  notify(event: CacheEvent): void {
    const objects = event.previous ? [event.current, event.previous] : [event.current]
    this.after(objects, () => notifyIfWanted(this.#inner, event))
  }

  bookmark(): void {
    this.after([], () => this.#inner.bookmark?.())
  }

  end(error?: Error): void {
    this.cancel()
    this.#inner.end(error)
  }

  cancel(): void {
    this.#isOver = true
    this.#waiting = []
  }

  /** Tells once these are prepared, and everything before was told. */
  after(objects: readonly StoredObject[], tell: () => void): void {
    if (this.#isOver) return
    if (this.#waiting.length >= MAXIMUM_WAITING) {
      this.end()
      return
    }
    this.#waiting.push({ objects, tell })
    if (!this.#isRunning) this.#running = this.#run()
  }

  /** Resolves once all was told; undefined where it was already. */
  get settled(): Promise<void> | undefined {
    return this.#isRunning ? this.#running : undefined
  }

  /** What needs no objects is told at once: then it is over before its promise is there. */
  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        const objects = batch.flatMap(task => task.objects)
        if (objects.length > 0) await prepare(this.#view, objects)
        if (!this.#isOver) for (const { tell } of batch) tell()
      } catch (thrown) {
        if (this.#isOver) return
        this.cancel()
        this.#fail(thrown instanceof StatusError ? thrown : (thrown as Error))
      }
    }
    this.#isRunning = false
  }
}
