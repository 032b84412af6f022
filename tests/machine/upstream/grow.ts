/**
 * Objects with as many fields as upstream takes, from below: field by field, what it takes beside the rest stays. Where fields
 * exclude each other the first one wins, so each of the others needs an object of its own to begin with.
 */
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'

/** What upstream says to it: taken, not in this form, or not at all beside the rest. */
export type Verdict = 'taken' | 'refused' | 'excluded'

type Judge = (candidate: unknown) => Promise<Verdict>

/** An object of this many questions is long full: the largest, a Pod, asks some 2,000. */
const MAXIMUM_QUESTIONS = 6_000

/**
 * The valid object with what upstream takes of the full one besides. Of parts that it does not take whole, the first field that it
 * does is begun with, looked for as deep as is said: each level costs many questions.
 */
export async function grown(
  valid: PlainObject,
  full: PlainObject,
  judge: (candidate: PlainObject) => Promise<Verdict>,
  depth: number,
): Promise<PlainObject> {
  let questions = 0
  const ask: Judge = async candidate =>
    ++questions > MAXIMUM_QUESTIONS ? 'excluded' : judge(candidate as PlainObject)
  return (await new Growth(depth).of(valid, full, ask)) as PlainObject
}

class Growth {
  readonly #depth: number

  constructor(depth: number) {
    this.#depth = depth
  }

  async of(value: unknown, full: unknown, judge: Judge): Promise<unknown> {
    if (Array.isArray(value) && Array.isArray(full)) return this.#ofItems(value, full[0], judge)
    if (!isPlainObject(value) || !isPlainObject(full)) return value
    let larger: PlainObject = value
    for (const [name, more] of Object.entries(full)) {
      const holds = (part: unknown): PlainObject => ({ ...larger, [name]: part })
      const judgePart: Judge = part => judge(holds(part))
      const part = isEmpty(larger[name]) ? await this.#begun(more, judgePart) : larger[name]
      if (part === undefined) continue
      larger = holds(part === more ? part : await this.of(part, more, judgePart))
    }
    return larger
  }

  async #ofItems(items: unknown[], full: unknown, judge: Judge): Promise<unknown> {
    const larger = [...items]
    for (const [at, item] of items.entries())
      larger[at] = await this.of(item, full, each => judge(larger.with(at, each)))
    return larger
  }

  /** The whole, or else the first single field of it that is taken alone. */
  async #begun(whole: unknown, judge: Judge): Promise<unknown> {
    const verdict = await judge(whole)
    if (verdict === 'taken') return whole
    if (verdict === 'excluded') return undefined
    for (const part of partsOf(whole, this.#depth)) if ((await judge(part)) === 'taken') return part
    return undefined
  }
}

const isEmpty = (value: unknown) =>
  value === undefined || (Array.isArray(value) && value.length === 0)

function partsOf(whole: unknown, depth: number): unknown[] {
  if (depth === 0) return []
  if (Array.isArray(whole)) return partsOf(whole[0], depth).map(part => [part])
  if (!isPlainObject(whole)) return []
  return Object.entries(whole).flatMap(([name, value]) => [
    { [name]: value },
    ...partsOf(value, depth - 1).map(part => ({ [name]: part })),
  ])
}
