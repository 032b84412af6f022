/**
 * Which thresholds are met, over time: soft ones only count once they were met for as long as they say, and one that counted does so until
 * what has to be reclaimed at least is there as well. Pure but for what it remembers; times are monotonic milliseconds.
 */
import {
  limitOf,
  type MetThreshold,
  type Observations,
  SIGNALS,
  type Signal,
  type Thresholds,
} from './thresholds.ts'

export interface EvictionSettings {
  /** Below these pods have to go only after a while, and have time to end. */
  readonly soft: Thresholds
  /** How long; every soft one has one. */
  readonly softGraceMs: Readonly<Partial<Record<Signal, number>>>
  /** How long a pod that goes for a soft one may take at most; as long as it wants where that is negative. */
  readonly maximumPodGraceSeconds: number
  /** How much more than a threshold is to be left before nobody else has to go. */
  readonly minimumReclaim: Thresholds
  /** Until a condition is taken back. */
  readonly transitionMs: number
}

export const DEFAULT_EVICTION: EvictionSettings = {
  soft: {},
  softGraceMs: {},
  maximumPodGraceSeconds: 0,
  minimumReclaim: {},
  transitionMs: 5 * 60_000,
}

export interface PressingThreshold extends MetThreshold {
  readonly isSoft: boolean
}

export interface Seen {
  /** For which something has to go now; memory first, which cannot wait. */
  readonly pressing: readonly PressingThreshold[]
  /** Those that are met at all, soft ones at once: conditions tell of them. */
  readonly signals: ReadonlySet<Signal>
}

export class ThresholdWatch {
  readonly #hard: Thresholds
  readonly #settings: EvictionSettings
  /** Since when each is met. */
  readonly #sinceMs = new Map<string, number>()
  /** Those that counted at the last look. */
  #pressing: ReadonlySet<string> = new Set()

  constructor(hard: Thresholds, settings: EvictionSettings) {
    this.#hard = hard
    this.#settings = settings
  }

  look(observations: Observations, nowMs: number): Seen {
    const { soft, softGraceMs } = this.#settings
    const pressing: PressingThreshold[] = []
    const keys = new Set<string>()
    const signals = new Set<Signal>()
    for (const signal of SIGNALS)
      for (const [isSoft, thresholds] of [[false, this.#hard] as const, [true, soft] as const]) {
        const key = `${signal} ${isSoft}`
        const met = this.#met(thresholds[signal], { key, signal, observations })
        if (!met) {
          this.#sinceMs.delete(key)
          continue
        }
        signals.add(signal)
        const sinceMs = this.#sinceMs.get(key) ?? nowMs
        this.#sinceMs.set(key, sinceMs)
        if (isSoft && nowMs - sinceMs < (softGraceMs[signal] ?? 0)) continue
        pressing.push({ ...met, isSoft })
        keys.add(key)
      }
    this.#pressing = keys
    return { pressing, signals }
  }

  #met(
    threshold: string | undefined,
    { key, signal, observations }: { key: string; signal: Signal; observations: Observations },
  ): MetThreshold | undefined {
    const seen = observations[signal]
    // Some file systems have no number of inodes.
    if (threshold === undefined || !seen || seen.capacity === 0) return undefined
    const limit = limitOf(threshold, seen.capacity)
    const more = this.#pressing.has(key) ? this.#settings.minimumReclaim[signal] : undefined
    const wanted = limit + (more === undefined ? 0 : limitOf(more, seen.capacity))
    return seen.available < wanted ? { signal, limit, available: seen.available } : undefined
  }
}
