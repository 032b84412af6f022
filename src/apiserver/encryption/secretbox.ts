/**
 * NaCl's secretbox: XSalsa20 and Poly1305 (Bernstein, "Extending the Salsa20 nonce" and "The Poly1305-AES message-authentication code"),
 * which Node's cryptography does not have. A box is the tag and the text. Times do not depend on secrets beyond what BigInt gives away of
 * a tag's key, which is used once.
 */
import { timingSafeEqual } from 'node:crypto'

const KEY_BYTES = 32
export const BOX_NONCE_BYTES = 24
export const BOX_TAG_BYTES = 16
const BLOCK_BYTES = 64
const ROUNDS = 20

export function sealBox(text: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array {
  const { tagKey, sealed } = streamed(text, nonce, key)
  return Buffer.concat([tagOf(sealed, tagKey), sealed])
}

/** Undefined where it was not sealed so. */
export function openBox(
  box: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
): Uint8Array | undefined {
  if (box.length < BOX_TAG_BYTES) return undefined
  const text = box.subarray(BOX_TAG_BYTES)
  const { tagKey, sealed } = streamed(text, nonce, key)
  return timingSafeEqual(tagOf(text, tagKey), box.subarray(0, BOX_TAG_BYTES)) ? sealed : undefined
}

/** The text under the stream, whose first 32 bytes are the key of the tag. */
function streamed(
  text: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
): { tagKey: Uint8Array; sealed: Uint8Array } {
  const subkey = hsalsa20(key, nonce.subarray(0, 16))
  const padded = new Uint8Array(KEY_BYTES + text.length)
  padded.set(text, KEY_BYTES)
  const input = new Uint8Array(16)
  input.set(nonce.subarray(16, BOX_NONCE_BYTES))
  const counter = new DataView(input.buffer)
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) {
    counter.setUint32(8, at / BLOCK_BYTES, true)
    const before = stateOf(subkey, input)
    const after = mixed(before)
    const bytes = new Uint8Array(littleEndian(after.map((word, i) => word + (before[i] ?? 0))))
    const end = Math.min(at + BLOCK_BYTES, padded.length)
    for (let i = at; i < end; i++) padded[i] = (padded[i] ?? 0) ^ (bytes[i - at] ?? 0)
  }
  return { tagKey: padded.slice(0, KEY_BYTES), sealed: padded.slice(KEY_BYTES) }
}

function hsalsa20(key: Uint8Array, input: Uint8Array): Uint8Array {
  const words = mixed(stateOf(key, input))
  const kept = [0, 5, 10, 15, 6, 7, 8, 9].map(at => words[at] ?? 0)
  return new Uint8Array(littleEndian(Uint32Array.from(kept)))
}

function littleEndian(words: Uint32Array): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(words.length * 4))
  words.forEach((word, at) => {
    view.setUint32(at * 4, word, true)
  })
  return view.buffer
}

/** "expand 32-byte k" on the diagonal, as Salsa20 has it. */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const

function stateOf(key: Uint8Array, input: Uint8Array): Uint32Array {
  const wordsOf = (bytes: Uint8Array) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return Array.from({ length: bytes.length / 4 }, (_, at) => view.getUint32(at * 4, true))
  }
  const [k, n] = [wordsOf(key), wordsOf(input)]
  const [s0, s1, s2, s3] = SIGMA
  const state = [s0, ...k.slice(0, 4), s1, ...n, s2, ...k.slice(4), s3]
  return Uint32Array.from(state)
}

/** The quarters of a round on columns, then on rows. */
const QUARTERS = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const

function mixed(state: Uint32Array): Uint32Array {
  const x = Uint32Array.from(state)
  const step = (to: number, [from, other]: readonly [number, number], by: number) => {
    const sum = ((x[from] ?? 0) + (x[other] ?? 0)) >>> 0
    x[to] = (x[to] ?? 0) ^ ((sum << by) | (sum >>> (32 - by)))
  }
  for (let round = 0; round < ROUNDS; round += 2)
    for (const [a, b, c, d] of QUARTERS) {
      step(b, [a, d], 7)
      step(c, [b, a], 9)
      step(d, [c, b], 13)
      step(a, [d, c], 18)
    }
  return x
}

const PRIME = 2n ** 130n - 5n
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn

function tagOf(text: Uint8Array, key: Uint8Array): Uint8Array {
  const r = numberOf(key.subarray(0, 16)) & CLAMP
  let sum = 0n
  for (let at = 0; at < text.length; at += 16) {
    const block = text.subarray(at, at + 16)
    sum = ((sum + numberOf(block) + (1n << BigInt(8 * block.length))) * r) % PRIME
  }
  const tag = BigInt.asUintN(128, sum + numberOf(key.subarray(16, 32)))
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse()
}

/** Of bytes with the lowest first. */
const numberOf = (bytes: Uint8Array) =>
  bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
