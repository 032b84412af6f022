/** What stands in a table of streams. */
export interface Numbered<Self> {
  readonly id: number
  /** For the table alone. */
  nextInTable: Self | undefined
}

const FEWEST_PLACES = 16

/**
 * The streams of a connection by their number. Not a Map: that keeps the places of those that ended until it is copied, and V8 links each such copy to the
 * next, so that on a busy connection every request would live, with all that was made for it, until the next collection of all garbage
 * (`base/arrival-order.ts` tells more).
 */
export class StreamTable<Stream extends Numbered<Stream>> {
  /** As many as a power of two; those that share one are linked. */
  #places = emptyPlaces<Stream>(FEWEST_PLACES)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: number): Stream | undefined {
    let stream = this.#places[this.#placeOf(id)]
    while (stream && stream.id !== id) stream = stream.nextInTable
    return stream
  }

  /** One whose number nobody has. */
  add(stream: Stream): void {
    if (this.#size === this.#places.length) this.#grow()
    this.#put(stream)
    this.#size++
  }

  /** Harmless where it is not there. */
  delete(stream: Stream): void {
    const place = this.#placeOf(stream.id)
    let before: Stream | undefined
    let found = this.#places[place]
    while (found && found !== stream) {
      before = found
      found = found.nextInTable
    }
    if (!found) return
    if (before) before.nextInTable = found.nextInTable
    else this.#places[place] = found.nextInTable
    found.nextInTable = undefined
    this.#size--
  }

  /** As they are now, in any order. */
  all(): Stream[] {
    const all: Stream[] = []
    for (const first of this.#places)
      for (let stream = first; stream; stream = stream.nextInTable) all.push(stream)
    return all
  }

  #put(stream: Stream): void {
    const place = this.#placeOf(stream.id)
    stream.nextInTable = this.#places[place]
    this.#places[place] = stream
  }

  #grow(): void {
    const all = this.all()
    this.#places = emptyPlaces(2 * this.#places.length)
    for (const stream of all) this.#put(stream)
  }

  /** A client's numbers are odd, and follow one another. */
  #placeOf(id: number): number {
    return (id >>> 1) & (this.#places.length - 1)
  }
}

function emptyPlaces<Stream>(length: number): (Stream | undefined)[] {
  return new Array<Stream | undefined>(length).fill(undefined)
}
