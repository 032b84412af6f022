/** Flow control of what clients send (RFC 9113, section 5.2): of one stream, or of the whole connection. */
export class ReceiveWindow {
  readonly #limit: number
  readonly #grow: (bytes: number) => void
  #outstanding = 0
  #consumed = 0

  /** `grow` tells the client that it may send so much more. */
  constructor(limit: number, grow: (bytes: number) => void) {
    this.#limit = limit
    this.#grow = grow
  }

  /** So much came. False where the client was not allowed that. */
  take(bytes: number): boolean {
    this.#outstanding += bytes
    return this.#outstanding <= this.#limit
  }

  /** So much of what came needs no room any more. Told to the client in large steps. */
  consume(bytes: number): void {
    this.#consumed += bytes
    if (this.#consumed * 2 < this.#limit) return
    this.#grow(this.#consumed)
    this.#outstanding -= this.#consumed
    this.#consumed = 0
  }
}
