/** What the proxy counts and measures, under upstream's names. */
import { createFigureBook, exponentialBounds, type FigureSource } from '#base/figures.ts'
import { type Family, wordsOf } from './family.ts'

const LABELS = ['ip_family'] as const
const labelsOf = (family: Family) => [wordsOf(family).name]

/** Upstream's: finer up to a minute, then ever coarser up to five. */
const PROGRAMMING_BOUNDS = [
  ...[0.25, 0.5],
  ...Array.from({ length: 59 }, (_, index) => index + 1),
  ...Array.from({ length: 12 }, (_, index) => 60 + 5 * index),
  ...Array.from({ length: 7 }, (_, index) => 120 + 30 * index),
]

export class ProxyFigures {
  readonly #book = createFigureBook()
  readonly #syncs = this.#book.histogram(
    'kubeproxy_sync_proxy_rules_duration_seconds',
    'How long writing the rules took.',
    exponentialBounds(0.001, 2, 15),
    LABELS,
  )
  readonly #programming = this.#book.histogram(
    'kubeproxy_network_programming_duration_seconds',
    "Time from a change of a Service's endpoints until this node's rules had it.",
    PROGRAMMING_BOUNDS,
    LABELS,
  )
  readonly #failures = this.#book.counter(
    'kubeproxy_sync_proxy_rules_nftables_sync_failures_total',
    'Writes of rules that failed.',
    LABELS,
  )
  readonly #asked = {
    healthz: this.#book.counter('kubeproxy_proxy_healthz_total', 'Answers to /healthz by status.', [
      'code',
    ]),
    livez: this.#book.counter('kubeproxy_proxy_livez_total', 'Answers to /livez by status.', [
      'code',
    ]),
  }
  readonly #lastQueued = new Map<Family, number>()
  readonly #lastWritten = new Map<Family, number>()

  constructor(families: readonly Family[]) {
    const each = (of: ReadonlyMap<Family, number>) =>
      families.map(family => ({
        labels: { ip_family: wordsOf(family).name },
        value: of.get(family) ?? 0,
      }))
    this.#book.gauge(
      'kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds',
      'When other rules were wanted last.',
      () => each(this.#lastQueued),
    )
    this.#book.gauge(
      'kubeproxy_sync_proxy_rules_last_timestamp_seconds',
      'When rules were written last.',
      () => each(this.#lastWritten),
    )
  }

  get source(): FigureSource {
    return this.#book.source
  }

  queued(family: Family, nowMs: number): void {
    this.#lastQueued.set(family, nowMs / 1000)
  }

  /** `changedMs`: when what is in the rules now changed, for each change whose time is known. */
  written(
    family: Family,
    { nowMs, tookMs }: { readonly nowMs: number; readonly tookMs: number },
    changedMs: readonly number[],
  ): void {
    this.#lastWritten.set(family, nowMs / 1000)
    this.#syncs.observe(labelsOf(family), tookMs / 1000)
    for (const changed of changedMs)
      this.#programming.observe(labelsOf(family), Math.max(0, nowMs - changed) / 1000)
  }

  failed(family: Family): void {
    this.#failures.add(labelsOf(family))
  }

  asked(what: 'healthz' | 'livez', status: number): void {
    this.#asked[what].add([String(status)])
  }
}
