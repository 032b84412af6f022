/**
 * Many objects, a few megabytes at a time. Reading values from the file and making forms of them takes the event loop about a millisecond
 * for each megabyte: a list of 50 MB at one go would keep all others waiting for as long.
 */
import { type Clock, sleep } from '#base/clock.ts'
import type { Store } from '#store'
import type { Form, StoredObject } from './stored-object.ts'

/** How much is read, or made, before others have their turn. */
export const SLICE_BYTES = 2 * 1024 * 1024
/** The same of what is made of an object for one answer: text or CBOR takes some times as long as reading the value. */
const MADE_SLICE_BYTES = 512 * 1024

export interface SliceSource {
  readonly clock: Clock
  readonly store: Store
}

/** Neighbours in their order. What has the form already weighs nothing; without one everything weighs what its value does. */
export function* slicesOf(
  objects: readonly StoredObject[],
  form?: Form,
  sliceBytes = SLICE_BYTES,
): Generator<readonly StoredObject[], void, undefined> {
  for (let from = 0; from < objects.length; ) {
    let to = from
    for (let bytes = 0; to < objects.length && bytes < sliceBytes; to++) {
      const stored = objects[to] as StoredObject
      if (!form || !stored.has(form)) bytes += stored.size
    }
    yield from === 0 && to === objects.length ? objects : objects.slice(from, to)
    from = to
  }
}

/** Makes the values ready for whoever makes `form` of them now. */
export function readSlice(
  store: Store,
  slice: readonly StoredObject[],
  form: Form = 'bytes',
): void {
  store.readAhead?.(slice.flatMap(stored => (stored.has(form) ? [] : (stored.entry ?? []))))
}

/**
 * Slices whose values are ready. Between two of them lies a turn of the event loop. `isMadeOf` says that something is made of the form
 * each time, so that also what has it weighs what it does.
 */
export async function* inSlices(
  { clock, store }: SliceSource,
  objects: readonly StoredObject[],
  { form, isMadeOf = false }: { readonly form: Form; readonly isMadeOf?: boolean },
): AsyncGenerator<readonly StoredObject[], void, undefined> {
  let isFirst = true
  const slices = isMadeOf ? slicesOf(objects, undefined, MADE_SLICE_BYTES) : slicesOf(objects, form)
  for (const slice of slices) {
    if (!isFirst) await turn(clock)
    isFirst = false
    readSlice(store, slice, form)
    yield slice
  }
}

/** Lets others in. */
export const turn = (clock: Clock): Promise<void> => sleep(clock, 0)
