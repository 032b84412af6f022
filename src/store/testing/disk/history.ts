import type { Revision } from '../../store.ts'

/**
 * What the writer of a torture says, one line of JSON a note. It is the only writer, and says what it sends before the store judges it,
 * so the n-th commit that it sends is revision n.
 */
export type Note =
  | { readonly sent: readonly NotedChange[] }
  /** A commit that the store said is done. */
  | { readonly acknowledged: Revision }
  /** A revision that a watch told. */
  | { readonly seen: Revision }
  /** The writer ended of its own accord. */
  | { readonly done: true }

/** A key and its value in short; null for a delete. */
export interface NotedChange {
  readonly key: string
  readonly value: ShortValue | null
}

/** A value of `length` bytes that begins with its own number. */
export interface ShortValue {
  readonly number: number
  readonly length: number
}

export function longValue({ number, length }: ShortValue): string {
  return `${number}:`.padEnd(length, `${number % 10}`)
}

/** The truth of a torture as far as a trace has told it. */
export class TortureHistory {
  /** What is live at each revision, by key; the newest last. */
  readonly states: ReadonlyMap<string, ShortValue>[] = [new Map()]
  /** The newest revision that somebody outside may know. */
  known: Revision = 0
  isDone = false

  take(note: Note): void {
    if ('sent' in note) {
      const next = new Map(this.states.at(-1))
      for (const { key, value } of note.sent) {
        if (value === null) next.delete(key)
        else next.set(key, value)
      }
      this.states.push(next)
    } else if ('acknowledged' in note) this.known = Math.max(this.known, note.acknowledged)
    else if ('seen' in note) this.known = Math.max(this.known, note.seen)
    else this.isDone = true
  }
}
