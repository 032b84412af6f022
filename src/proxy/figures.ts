/** What the proxy counts and measures, under upstream's names. */
import { createFigureBook, exponentialBounds, type FigureSource } from '#base/figures.ts'

/** Every rule is of this family. */
const FAMILY = ['IPv4'] as const
const LABELS = ['ip_family'] as const

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
  #lastQueued = 0
  #lastWritten = 0

  constructor() {
    const labels = { ip_family: FAMILY[0] }
    this.#book.gauge(
      'kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds',
      'When other rules were wanted last.',
      () => [{ labels, value: this.#lastQueued }],
    )
    this.#book.gauge(
      'kubeproxy_sync_proxy_rules_last_timestamp_seconds',
      'When rules were written last.',
      () => [{ labels, value: this.#lastWritten }],
    )
  }

  get source(): FigureSource {
    return this.#book.source
  }

  queued(nowMs: number): void {
    this.#lastQueued = nowMs / 1000
  }

  /** `changedMs`: when what is in the rules now changed, for each change whose time is known. */
  written(nowMs: number, tookMs: number, changedMs: readonly number[]): void {
    this.#lastWritten = nowMs / 1000
    this.#syncs.observe(FAMILY, tookMs / 1000)
    for (const changed of changedMs)
      this.#programming.observe(FAMILY, Math.max(0, nowMs - changed) / 1000)
  }

  failed(): void {
    this.#failures.add(FAMILY)
  }

  asked(what: 'healthz' | 'livez', status: number): void {
    this.#asked[what].add([String(status)])
  }
}
