/** Numbers of pods by domain (the value of a node label), whose lowest number is always known. */
export class DomainCounts {
  readonly #counts = new Map<string, number>()
  /** How many domains have each number. */
  readonly #domainsWith = new Map<number, number>()
  #lowest = 0
  #total = 0

  /** The sum of all domains. */
  get total(): number {
    return this.#total
  }

  get size(): number {
    return this.#counts.size
  }

  get(domain: string): number | undefined {
    return this.#counts.get(domain)
  }

  entries(): Iterable<readonly [string, number]> {
    return this.#counts
  }

  /** Adds to a domain, which is known from then on; by 0 it only becomes known. */
  add(domain: string, by: number): void {
    const before = this.#counts.get(domain)
    const now = (before ?? 0) + by
    if (before === now) return
    this.#counts.set(domain, now)
    this.#total += by
    if (before !== undefined) this.#note(before, -1)
    this.#note(now, 1)
    if (this.#counts.size === 1 || now < this.#lowest) this.#lowest = now
    else while (!this.#domainsWith.has(this.#lowest)) this.#lowest++
  }

  /** The lowest number of all domains, without those for which `skipped` counts apart; undefined without domains. */
  lowest(skipped: ReadonlyMap<string, number> = NONE): number | undefined {
    if (this.#counts.size === 0) return undefined
    if (skipped.size === 0) return this.#lowest
    const hidden = new Map<number, number>()
    let known = 0
    for (const domain of skipped.keys()) {
      const count = this.#counts.get(domain)
      if (count === undefined) continue
      known++
      hidden.set(count, (hidden.get(count) ?? 0) + 1)
    }
    if (known === this.#counts.size) return undefined
    for (let level = this.#lowest; ; level++)
      if ((this.#domainsWith.get(level) ?? 0) > (hidden.get(level) ?? 0)) return level
  }

  #note(count: number, by: 1 | -1): void {
    const domains = (this.#domainsWith.get(count) ?? 0) + by
    if (domains > 0) this.#domainsWith.set(count, domains)
    else this.#domainsWith.delete(count)
  }
}
const NONE: ReadonlyMap<string, number> = new Map()

/** Counts with changes laid over them that leave them as they are: what preemption tries out. */
export class DomainView {
  readonly #base: DomainCounts
  #changes: Map<string, number> | undefined
  #changed = 0

  constructor(base: DomainCounts, changes?: ReadonlyMap<string, number>) {
    this.#base = base
    this.#changes = changes && new Map(changes)
  }

  get size(): number {
    return this.#base.size
  }

  get(domain: string): number {
    return (this.#base.get(domain) ?? 0) + (this.#changes?.get(domain) ?? 0)
  }

  /** True while no domain has any. */
  get isEmpty(): boolean {
    return this.#base.total + this.#changed === 0
  }

  /** The lowest number of all domains; undefined without domains. */
  get lowest(): number | undefined {
    let lowest = this.#base.lowest(this.#changes)
    for (const domain of this.#changes?.keys() ?? []) {
      if (this.#base.get(domain) === undefined) continue
      lowest = Math.min(lowest ?? Number.POSITIVE_INFINITY, this.get(domain))
    }
    return lowest
  }

  add(domain: string, by: number): void {
    this.#changes ??= new Map()
    this.#changes.set(domain, (this.#changes.get(domain) ?? 0) + by)
    this.#changed += by
  }

  copy(): DomainView {
    const copy = new DomainView(this.#base, this.#changes)
    copy.#changed = this.#changed
    return copy
  }
}
