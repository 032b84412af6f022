/**
 * The headers of a connection's requests. Most clients say the same ones again and again: a block of bytes that was read before, and that
 * neither changed the table of headers nor was followed by one that did, says the same again.
 */
import type { KeepsApart } from '../repeated-headers.ts'
import { HeaderDecoder } from './header-decoder.ts'
import { RequestHead } from './request-head.ts'

/** How many different ones a connection keeps, and what is worth it: 16 KiB at most altogether. */
const MOST_KEPT = 8
const LARGEST_KEPT_BYTES = 2048
const LONGEST_KEPT_BLOCK = 512

export class RequestHeads {
  readonly #limitBytes: number
  readonly #keepsApart: KeepsApart | undefined
  readonly #decoder = new HeaderDecoder()
  /** By their blocks. Frozen, since several requests have them. */
  readonly #kept = new Map<string, RequestHead>()

  constructor(limitBytes: number, keepsApart?: KeepsApart) {
    this.#limitBytes = limitBytes
    this.#keepsApart = keepsApart
  }

  /** What a block says. Throws a ConnectionError for what is no block. */
  read(block: Uint8Array): RequestHead {
    const key = block.length > LONGEST_KEPT_BLOCK ? undefined : textOf(block)
    const kept = key === undefined ? undefined : this.#kept.get(key)
    if (kept) return kept
    const head = new RequestHead(this.#limitBytes, this.#keepsApart)
    const { changes } = this.#decoder
    this.#decoder.decode(block, head.take)
    if (this.#decoder.changes !== changes) this.#kept.clear()
    else if (key !== undefined && head.isWhole && head.bytes <= LARGEST_KEPT_BYTES)
      this.#keep(key, head)
    return head
  }

  #keep(key: string, head: RequestHead): void {
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear()
    Object.freeze(head.headers)
    this.#kept.set(key, head)
  }
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
