import type { Commit } from '../history.ts'
import { keyOf } from '../mvcc.ts'
import type { Entry } from '../store.ts'
import { IDS_PER_REVISION, type LooseBatch, type WriteBatch } from './messages.ts'

/** A row that compaction removes from the disk. */
export type ForgottenRow = Pick<Entry, 'modRevision' | 'key'>

/** Not the entry itself, which holds its value by then: its row may wait for long. */
export const rowOf = ({ modRevision, key }: Entry): ForgottenRow => ({ modRevision, key })

/** Rows of a batch as they cross to the writer. Rows to add come first. */
export class PackedRows {
  readonly #numbers: number[] = []
  readonly #values: Uint8Array[] = []
  #size = 0
  #keys = ''
  #rows = 0
  #forgotten = 0

  addCommit({ revision, timeMs, events }: Commit): void {
    for (let place = 0; place < events.length; place++) {
      const event = events[place] as Commit['events'][number]
      const key = keyOf(event)
      const entry = event.type === 'put' ? event.entry : undefined
      this.#numbers.push(
        revision * IDS_PER_REVISION + place,
        entry?.createRevision ?? 0,
        Math.floor(timeMs),
        key.length,
        entry ? entry.value.length : -1,
      )
      this.#keys += key
      this.#rows++
      if (!entry) continue
      this.#values.push(entry.value)
      this.#size += entry.value.length
    }
  }

  forget(rows: readonly ForgottenRow[]): void {
    for (const { modRevision, key } of rows) {
      this.#numbers.push(modRevision, key.length)
      this.#keys += key
      this.#forgotten++
    }
  }

  finish(): Pick<LooseBatch, 'numbers' | 'rows' | 'forgotten' | 'keys' | 'values' | 'size'> {
    return {
      numbers: this.#numbers,
      rows: this.#rows,
      forgotten: this.#forgotten,
      keys: this.#keys,
      values: this.#values,
      size: this.#size,
    }
  }
}

/** A batch as a message. */
export function joined({ values, size, ...batch }: LooseBatch) {
  const numbers = Float64Array.from(batch.numbers)
  const bytes = new Uint8Array(size)
  let at = 0
  for (const value of values) {
    bytes.set(value, at)
    at += value.length
  }
  const message: WriteBatch = { ...batch, numbers, bytes }
  return { message, handedOver: [numbers.buffer, bytes.buffer] }
}
