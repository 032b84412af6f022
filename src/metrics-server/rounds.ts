/**
 * When which node is asked: all of them once a round, spread over a part of it so that a thousand nodes hold nobody up. A node that
 * has something new to tell, of which one point is no measure yet, is asked once more before its time.
 */
import type { Clock } from '#base/clock.ts'

export interface RoundsOptions {
  readonly clock: Clock
  readonly resolutionMs: number
  readonly nodes: () => readonly string[]
  /** Asks a node; true where a second look would tell more. Never rejects. */
  readonly ask: (nodeName: string) => Promise<boolean>
  /** A round is over. */
  readonly ended: (durationMs: number) => void
}

/** Between two nodes, as upstream spreads them, and what that may add up to. */
const SPREAD_MS = 8
const MAXIMUM_SPREAD_MS = 4_000
/** A rate over less would say more of the moment than of the work. */
const SECOND_LOOK_MS = 3_000
/** A pod that starts is rarely alone. */
const NEWS_MS = 1_000
/** In one round; a node on which pods come and go all the time has to wait for the next. */
const MAXIMUM_EXTRA_LOOKS = 2

export class Rounds {
  readonly #options: RoundsOptions
  /** Looks before their time: when they are due, and how many there were in this round. */
  readonly #extra = new Map<string, { cancel: (() => void) | undefined; count: number }>()
  readonly #asking = new Set<Promise<unknown>>()
  #cancel = () => {}
  #isFirst = true
  #isOver = false

  constructor(options: RoundsOptions) {
    this.#options = options
  }

  start(): void {
    this.#round()
  }

  /** Something is there that was not when the node was asked last. */
  news(nodeName: string): void {
    // Its turn is about to come.
    if (!this.#isFirst) this.#lookAgain(nodeName, NEWS_MS)
  }

  forget(nodeName: string): void {
    this.#extra.get(nodeName)?.cancel?.()
    this.#extra.delete(nodeName)
  }

  async stop(): Promise<void> {
    this.#isOver = true
    this.#cancel()
    for (const { cancel } of this.#extra.values()) cancel?.()
    await Promise.all(this.#asking)
  }

  #round(): void {
    const { clock, nodes, resolutionMs, ended } = this.#options
    const all = nodes()
    const startMs = clock.monotonicMs()
    for (const each of this.#extra.values()) each.count = 0
    const spreadMs = Math.min(SPREAD_MS, MAXIMUM_SPREAD_MS / all.length)
    const asked: Promise<void>[] = []
    const next = (at: number): void => {
      const name = all[at]
      if (name === undefined) return void Promise.all(asked).then(finish)
      asked.push(this.#ask(name))
      if (at + 1 < all.length) this.#cancel = clock.after(spreadMs, () => next(at + 1))
      else next(at + 1)
    }
    const finish = () => {
      const tookMs = clock.monotonicMs() - startMs
      ended(tookMs)
      this.#isFirst = false
      if (this.#isOver) return
      this.#cancel = clock.after(Math.max(0, resolutionMs - tookMs), () => this.#round())
    }
    next(0)
  }

  async #ask(nodeName: string): Promise<void> {
    this.#extra.get(nodeName)?.cancel?.()
    const asking = this.#options.ask(nodeName)
    this.#asking.add(asking)
    const isIncomplete = await asking
    this.#asking.delete(asking)
    if (isIncomplete) this.#lookAgain(nodeName, SECOND_LOOK_MS)
  }

  #lookAgain(nodeName: string, delayMs: number): void {
    if (this.#isOver) return
    const known = this.#extra.get(nodeName) ?? { cancel: undefined, count: 0 }
    this.#extra.set(nodeName, known)
    if (known.cancel || known.count >= MAXIMUM_EXTRA_LOOKS) return
    known.count++
    const cancel = this.#options.clock.after(delayMs, () => {
      known.cancel = undefined
      void this.#ask(nodeName)
    })
    known.cancel = () => {
      cancel()
      known.cancel = undefined
    }
  }
}
