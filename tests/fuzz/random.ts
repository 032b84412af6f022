/** Random bytes near given ones: parts are cut, doubled, swapped and broken, and words of the format strewn in. */

/** The same numbers for the same seed. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to `bound`, without it. */
  below(bound: number): number {
    // Mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}

/** Larger inputs take longer than they find. */
const MAXIMUM_BYTES = 16 * 1024
const MAXIMUM_CHANGES = 6

/** One of the samples, changed a few times. */
export function mutated(
  dice: Dice,
  samples: readonly Uint8Array[],
  words: readonly Uint8Array[],
): Uint8Array {
  let bytes = dice.pick(samples)
  for (let left = dice.below(MAXIMUM_CHANGES); left > 0; left--)
    bytes = dice.pick(changes)(dice, bytes, { samples, words })
  return bytes.length > MAXIMUM_BYTES ? bytes.slice(0, MAXIMUM_BYTES) : bytes
}

interface Material {
  readonly samples: readonly Uint8Array[]
  readonly words: readonly Uint8Array[]
}
type Change = (dice: Dice, bytes: Uint8Array, material: Material) => Uint8Array

const changes: readonly Change[] = [
  // A bit, a byte.
  (dice, bytes) => replaced(bytes, placeIn(dice, bytes), byte => byte ^ (1 << dice.below(8))),
  (dice, bytes) => replaced(bytes, placeIn(dice, bytes), () => dice.below(256)),
  // Something inserted, something cut out, the end cut off.
  (dice, bytes) => spliced(bytes, placeIn(dice, bytes), 0, Uint8Array.of(dice.below(256))),
  (dice, bytes) => spliced(bytes, placeIn(dice, bytes), dice.below(8), new Uint8Array()),
  (dice, bytes) => bytes.slice(0, placeIn(dice, bytes)),
  // A word of the format, once or many times.
  (dice, bytes, { words }) => spliced(bytes, placeIn(dice, bytes), dice.below(4), dice.pick(words)),
  (dice, bytes, { words }) =>
    spliced(bytes, placeIn(dice, bytes), 0, repeated(dice.pick(words), dice.below(2000))),
  // A part of itself, or of another sample.
  (dice, bytes) => spliced(bytes, placeIn(dice, bytes), 0, partOf(dice, bytes)),
  (dice, bytes, { samples }) =>
    spliced(bytes, placeIn(dice, bytes), dice.below(8), partOf(dice, dice.pick(samples))),
]

const placeIn = (dice: Dice, bytes: Uint8Array) => dice.below(bytes.length + 1)

function replaced(bytes: Uint8Array, at: number, by: (byte: number) => number): Uint8Array {
  const copy = bytes.slice()
  if (at < copy.length) copy[at] = by(copy[at] as number)
  return copy
}

function spliced(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)])
}

function partOf(dice: Dice, bytes: Uint8Array): Uint8Array {
  const start = placeIn(dice, bytes)
  return bytes.subarray(start, start + dice.below(200))
}

function repeated(word: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array.from({ length: times }, () => word))
}
