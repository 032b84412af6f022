/** What the metrics server counts of its own work, under the names of upstream's. */
import { exponentialBounds, type FigureBook } from '#base/figures.ts'
import type { Measures } from './measures.ts'

/** Go's usual ones. */
const REQUEST_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const TICK_BOUNDS = [...REQUEST_BOUNDS, 35, 60, 90, 120]

export interface ServerFigures {
  asked(node: string, seconds: number, isGood: boolean, atMs: number): void
  ticked(seconds: number): void
  told(ageSeconds: number): void
  forget(node: string): void
}

export function createServerFigures(book: FigureBook, measures: Measures): ServerFigures {
  const duration = book.histogram(
    'metrics_server_kubelet_request_duration_seconds',
    'Duration of requests to Kubelet API in seconds',
    REQUEST_BOUNDS,
    ['node'],
  )
  const total = book.counter(
    'metrics_server_kubelet_request_total',
    'Number of requests sent to Kubelet API',
    ['success'],
  )
  const tick = book.histogram(
    'metrics_server_manager_tick_duration_seconds',
    'How long it took to ask all nodes and to keep what they said',
    TICK_BOUNDS,
  )
  const freshness = book.histogram(
    'metrics_server_api_metric_freshness_seconds',
    'How old metrics were when they were told',
    exponentialBounds(1, 1.364, 20),
  )
  const lastAsked = new Map<string, number>()
  book.gauge(
    'metrics_server_kubelet_last_request_time_seconds',
    'When a kubelet was asked last, in seconds since the epoch',
    () => [...lastAsked].map(([node, value]) => ({ labels: { node }, value })),
  )
  book.gauge('metrics_server_storage_points', 'How many nodes and containers can be told', () => {
    const { nodes, containers } = measures.counts
    return [
      { labels: { type: 'container' }, value: containers },
      { labels: { type: 'node' }, value: nodes },
    ]
  })
  return {
    asked(node, seconds, isGood, atMs) {
      duration.observe([node], seconds)
      total.add([String(isGood)])
      lastAsked.set(node, Math.floor(atMs / 1000))
    },
    ticked: seconds => tick.observe([], seconds),
    told: seconds => freshness.observe([], seconds),
    forget: node => void lastAsked.delete(node),
  }
}
