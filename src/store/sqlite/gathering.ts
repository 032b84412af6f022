/** A transaction of fewer is not worth an fsync of its own where all could share one. */
const MIN_OVERLAPPED_COMMITS = 32
/** Judging may be so much quicker than the disk: of what a transaction takes little more than the fsync is paid twice, and all of it goes on beside judging. */
const SHORT_OF_DISK = 1 / 4
/** A crowd of fewer is soon gathered, and may be joined by somebody. */
const FEWEST_OF_A_CROWD = 4

/** The commits that came since the last transaction was handed over as a whole: what is known of the next. */
export class Gathering {
  commits = 0
  /** Of those that were handed over. */
  bytes = 0
  #firstMs = 0
  /** How long after the first the last came. */
  #tookMs = 0

  add(timeMs: number): void {
    if (this.commits++ === 0) this.#firstMs = timeMs
    this.#tookMs = timeMs - this.#firstMs
  }

  end(): void {
    this.commits = 0
    this.bytes = 0
  }

  /**
   * Whether so large a share of all writers is here, and judging their commits took about as long as the disk takes for a transaction: then
   * the writer had better not wait for more, as the next is gathered meanwhile. A slower disk is asked seldom instead.
   */
  isLongTurn(share: number, crowd: number, commitMs: number): boolean {
    const fewest = Math.max(MIN_OVERLAPPED_COMMITS, share * crowd)
    if (crowd === 0 || this.commits < fewest) return false
    return commitMs > 0 && this.#tookMs > commitMs * SHORT_OF_DISK
  }

  /** Whether as many are here as waited when the disk last answered: most likely nobody else comes, so the writer need not wait for the end of the turn. */
  isWhole(crowd: number): boolean {
    return crowd >= FEWEST_OF_A_CROWD && this.commits >= crowd
  }
}
