/** The wanted contents of one nftables table, as plain data. */
export interface Table {
  readonly family: 'ip' | 'ip6' | 'inet'
  readonly name: string
}

export interface Ruleset {
  /** Declarations of sets that packets fill (session affinity), by name. */
  readonly sets: ReadonlyMap<string, string>
  /** Sets whose elements are ours, by name. */
  readonly filled?: ReadonlyMap<string, FilledSet>
  /** Verdict maps by name. */
  readonly maps: ReadonlyMap<string, VerdictMap>
  /** Rules by chain; a base chain's first line is its hook. */
  readonly chains: ReadonlyMap<string, readonly string[]>
}

/** The very same value means the same elements, which then are not compared. */
export interface FilledSet {
  readonly type: string
  /** Elements may be ranges, `10.0.0.0-10.0.0.9`, none of which overlap. */
  readonly isInterval?: boolean
  readonly elements: ReadonlySet<string>
}

export interface VerdictMap {
  readonly type: string
  readonly elements: ReadonlyMap<string, string>
}

/** No table at all. */
export const NO_RULES: Ruleset = { sets: new Map(), maps: new Map(), chains: new Map() }
