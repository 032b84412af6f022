const REMEMBERED = 500

/** Streams that ended last, and whether the client's end of them had: if not, more of it may be under way, which is no mistake. */
export class EndedStreams {
  readonly #ended = new Map<number, boolean>()

  has(stream: number): boolean {
    return this.#ended.has(stream)
  }

  /** Undefined for one that is not among them. */
  wasRemoteOver(stream: number): boolean | undefined {
    return this.#ended.get(stream)
  }

  remember(stream: number, isRemoteOver: boolean): void {
    this.#ended.set(stream, isRemoteOver)
    if (this.#ended.size <= REMEMBERED) return
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest)
      return
    }
  }
}
