/**
 * Notices a key whose own writes wake it: look after look writes the same, soon after each other, as when a status holds the time
 * at which it was written, or two controllers undo each other. Such a key would keep the API server busy for ever; it waits longer each
 * time instead, until it writes something else or nothing. Times within an object do not make it another.
 */
import type { Clock } from '#base/clock.ts'
import type { FigureBook } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import type { Outcome, PatchWrite, UpdateWrite, Write } from './controller.ts'
import { canonical } from './json.ts'

/** So many equal looks in a row are no chance: a user who undoes something by hand gets it back at once that often. */
const EQUAL_LOOKS = 8
/** What comes later than so long after the last look was woken by something else. */
const WINDOW_MS = 2_000
/** The first wait, doubled each time up to the limit; a change by somebody else is seen late by no more than that. */
const FIRST_WAIT_MS = 100
const WAIT_LIMIT_MS = 30_000
/** Comparing whole objects costs up to a millisecond each time, which a busy key pays for one look of so many. */
const PATIENCE_LIMIT = 64
/** More keys than these do not write at the same time; the first that came is forgotten. */
const KEYS_LIMIT = 10_000

interface Repeat {
  /** Verbs, kinds and names: comparing these costs next to nothing, so that whole objects are compared for few keys. */
  readonly shape: string
  readonly text: string | undefined
  /** How many looks are not compared yet, and how many will not be after the next that differ: most keys that are busy are not stuck. */
  readonly uncompared: number
  readonly patience: number
  /** Looks in a row that wrote the same. */
  readonly looks: number
  readonly atMs: number
  readonly waitMs: number
}

export interface RepeatedWritesOptions {
  /** Of the controller's queue, as figures tell it. */
  readonly name: string
  readonly clock: Clock
  readonly figures: FigureBook
  readonly log: Log
}

export class RepeatedWrites {
  readonly #options: RepeatedWritesOptions
  readonly #repeats = new Map<string, Repeat>()
  readonly #noticed: () => void

  constructor(options: RepeatedWritesOptions) {
    this.#options = options
    const counter = options.figures.counter(
      'proa_controller_repeated_writes_total',
      'Looks at a key that wrote the same as those before, though their writes had been seen.',
      ['name'],
    )
    counter.add([options.name], 0)
    this.#noticed = () => counter.add([options.name])
  }

  /** How long the key has to wait before its next look; 0 for all that go well. */
  waitMs(key: string): number {
    const repeat = this.#repeats.get(key)
    if (!repeat || repeat.waitMs === 0) return 0
    return Math.max(0, repeat.atMs + repeat.waitMs - this.#options.clock.monotonicMs())
  }

  /** Told of every look that was performed. */
  performed(key: string, outcome: Outcome): void {
    const before = this.#repeats.get(key)
    if (outcome.writes.length === 0) {
      if (before) this.#repeats.delete(key)
      return
    }
    const writes = changesIn(outcome)
    this.#repeats.delete(key)
    if (!writes) return
    const atMs = this.#options.clock.monotonicMs()
    this.#remember(key, follow(before, writes, atMs))
  }

  #remember(key: string, repeat: Repeat): void {
    const { looks, waitMs } = repeat
    if (waitMs > 0) {
      this.#noticed()
      const message = 'a key is woken by its own writes, which stay the same; it waits longer now'
      if (waitMs === FIRST_WAIT_MS) this.#options.log.warn(message, { key, looks })
    }
    this.#repeats.set(key, repeat)
    if (this.#repeats.size <= KEYS_LIMIT) return
    const [oldest] = this.#repeats.keys()
    if (oldest !== undefined) this.#repeats.delete(oldest)
  }
}

type Change = UpdateWrite | PatchWrite

/**
 * The writes of a look that did nothing but change objects, else undefined: what makes or removes an object is not woken by
 * having done so, but by the object that went or came.
 */
function changesIn({ writes }: Outcome): readonly Change[] | undefined {
  const changes: Change[] = []
  for (const write of writes) {
    if (write.verb === 'event') continue
    if (!isChange(write)) return undefined
    changes.push(write)
  }
  return changes.length > 0 ? changes : undefined
}

const isChange = (write: Outcome['writes'][number]): write is Change & Write =>
  write.verb === 'update' || write.verb === 'patch'

function follow(before: Repeat | undefined, writes: readonly Change[], atMs: number): Repeat {
  const shape = writes.map(shapeOf).join('\n')
  const fresh = { shape, text: undefined, uncompared: 1, patience: 1, looks: 1, atMs, waitMs: 0 }
  const isSoon = before !== undefined && atMs - before.atMs - before.waitMs <= WINDOW_MS
  if (!isSoon || before.shape !== shape) return fresh
  const { uncompared, patience } = before
  if (uncompared > 0) return { ...fresh, uncompared: uncompared - 1, patience }
  const text = writes.map(textOf).join('\n')
  if (before.text === undefined) return { ...fresh, text, uncompared, patience }
  if (before.text !== text)
    return { ...fresh, uncompared: patience, patience: Math.min(patience * 2, PATIENCE_LIMIT) }
  const looks = before.looks + 1
  return { ...before, looks, atMs, waitMs: looks < EQUAL_LOOKS ? 0 : waitAfter(before.waitMs) }
}

const waitAfter = (waitMs: number): number =>
  waitMs === 0 ? FIRST_WAIT_MS : Math.min(waitMs * 2, WAIT_LIMIT_MS)

function shapeOf({ verb, kind, object: { metadata }, subresource = '' }: Change): string {
  return `${verb} ${kind.kind}/${subresource} ${metadata.namespace ?? ''}/${metadata.name ?? ''}`
}

const TIME = /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"/g

/** What is written, without what says only when. */
function textOf(write: Change): string {
  return canonical(contentOf(write)).replace(TIME, '""')
}

function contentOf(write: Change): unknown {
  if (write.verb === 'patch') return write.patch
  if (write.subresource === 'status') return write.object.status
  const { metadata, ...rest } = write.object
  const { resourceVersion: _, generation: __, managedFields: ___, ...own } = metadata
  return { ...rest, metadata: own }
}
