/** What no object says: since when a volume is to leave a node, and what was told already. Lost at a restart, after which waiting begins anew. */
export class AttachMemory {
  readonly #askedMs = new Map<string, number>()
  readonly #told = new Map<string, string>()
  /** Since when an attacher owes an answer, by attachment. */
  readonly #owedMs = new Map<string, number>()
  /** Volumes that a node had mounted when it went away, by node. */
  readonly #lastInUse = new Map<string, ReadonlySet<string>>()

  /** When the attachment was first found unwanted. */
  askedMs(attachment: string, nowMs: number): number {
    const known = this.#askedMs.get(attachment) ?? nowMs
    this.#askedMs.set(attachment, known)
    return known
  }

  /** The attachment is wanted, or gone. */
  forget(attachment: string): void {
    this.#askedMs.delete(attachment)
  }

  /** How long nobody has answered for the attachment. */
  owedForMs(attachment: string, nowMs: number): number {
    const since = this.#owedMs.get(attachment) ?? nowMs
    this.#owedMs.set(attachment, since)
    return nowMs - since
  }

  /** There was an answer, or none is due any more: waiting begins anew. */
  answered(attachment: string): void {
    this.#owedMs.delete(attachment)
  }

  /** True the first time that this is to be told about the attachment. */
  isNews(attachment: string, what: string): boolean {
    if (this.#told.get(attachment) === what) return false
    this.#told.set(attachment, what)
    return true
  }

  /** There is nothing to tell about the attachment. */
  allIsWell(attachment: string): void {
    this.#told.delete(attachment)
  }

  nodeGone(node: string, inUse: readonly string[]): void {
    this.#lastInUse.set(node, new Set(inUse))
  }

  nodeBack(node: string): void {
    this.#lastInUse.delete(node)
  }

  /** Nobody knows what a node has mounted that was gone before we came: the worst is assumed. */
  wasInUse(node: string, uniqueName: string): boolean {
    return this.#lastInUse.get(node)?.has(uniqueName) ?? true
  }
}
