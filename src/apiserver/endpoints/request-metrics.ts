/** Counts of requests by bounded labels: what anybody can send must never make a new series. */
import type { Exchange } from '../exchange.ts'

/** Upper bounds of the duration buckets in seconds, a part of upstream's. */
export const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 30, 60]

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** By code. */
  readonly codes: Map<number, number>
  /** One more than BUCKETS, for what took longer. */
  readonly buckets: number[]
  sumSeconds: number
  count: number
}

const VERBS = new Set(
  'get list watch create update patch delete deletecollection connect'.split(' '),
)

export class RequestMetrics {
  readonly #series = new Map<string, Series>()

  get series(): Iterable<Series> {
    return this.#series.values()
  }

  /** Counts one answer. Only resources that are served become labels. */
  record(exchange: Exchange, code: number, seconds: number, isLongRunning: boolean): void {
    const { info, server } = exchange
    const isKnown =
      info.isResourceRequest &&
      server.registry.find(info.group, info.version, info.resource) !== undefined
    const verb = VERBS.has(info.verb) ? info.verb.toUpperCase() : 'OTHER'
    const resource = isKnown ? info.resource : ''
    const group = isKnown ? info.group : ''
    const version = isKnown ? info.version : ''
    const subresource = isKnown && SUBRESOURCES.has(info.subresource) ? info.subresource : ''
    const scope = !isKnown
      ? ''
      : info.rest[0]
        ? 'resource'
        : info.namespace
          ? 'namespace'
          : 'cluster'
    const key = `${verb} ${group}/${version}/${resource}/${subresource} ${scope}`
    let series = this.#series.get(key)
    if (!series) {
      series = {
        labels: { verb, group, version, resource, subresource, scope },
        codes: new Map(),
        buckets: new Array(BUCKETS.length + 1).fill(0),
        sumSeconds: 0,
        count: 0,
      }
      this.#series.set(key, series)
    }
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1)
    if (isLongRunning) return
    const at = BUCKETS.findIndex(bound => seconds <= bound)
    const bucket = at < 0 ? BUCKETS.length : at
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1
    series.sumSeconds += seconds
    series.count++
  }
}

const SUBRESOURCES = new Set(
  'status scale log exec attach portforward proxy binding eviction token finalize ephemeralcontainers resize'.split(
    ' ',
  ),
)
