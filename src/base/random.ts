/** Randomness as a parameter, so that a run can be repeated from one seed. */
export interface Random {
  /** A version 4 UUID in its canonical lower-case form. */
  uuid(): string
  /** `length` random bytes, fit for keys where the host provides them. */
  bytes(length: number): Uint8Array
  /** A whole number in [0, bound). */
  integer(bound: number): number
}

/** The letters upstream uses for generated names: no vowels, no look-alikes. */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** A random suffix such as `x7k2p`, as in names made from `generateName`. */
export function nameSuffix(random: Random, length = 5): string {
  let suffix = ''
  for (let i = 0; i < length; i++) suffix += NAME_ALPHABET[random.integer(NAME_ALPHABET.length)]
  return suffix
}
