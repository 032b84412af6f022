import type { Head } from './heads.ts'

/** What is kept of a head. */
type ColumnsOfHead = Pick<Head, 'key' | 'revision' | 'createRevision' | 'size'>

const GROWTH = 2

/** The numbers of many heads, without an object for each of them. */
export class HeadColumns {
  #numbers = new Float64Array(3 * 1024)
  #length = 0

  /** Takes a head in, all but its key and time; the place where it is. */
  push({ revision, createRevision, size }: ColumnsOfHead): number {
    const at = 3 * this.#length
    if (at === this.#numbers.length) {
      const grown = new Float64Array(GROWTH * at)
      grown.set(this.#numbers)
      this.#numbers = grown
    }
    this.#numbers[at] = revision
    this.#numbers[at + 1] = createRevision
    this.#numbers[at + 2] = size ?? 0
    return this.#length++
  }

  at(place: number, key: string): ColumnsOfHead {
    const at = 3 * place
    return {
      key,
      revision: this.#numbers[at] as number,
      createRevision: this.#numbers[at + 1] as number,
      size: this.#numbers[at + 2] as number,
    }
  }
}
