/**
 * The kubelet's own API, as a Transport: logs, exec, attach, port-forward, pods, health and
 * figures. The API server reaches it directly in process, or over HTTPS through a listener; who may
 * ask is decided before.
 */
import type { FigureSource } from '#base/figures.ts'
import type { Transport } from '#client/transport.ts'
import type { LocalUsage } from '../eviction/local-usage.ts'
import type { KubeletContext } from '../options.ts'
import type { PodWorkers } from '../pods/pod-workers.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { Volumes } from '../volumes/volumes.ts'
import { metered } from './answered.ts'
import type { HealthFigures } from './health.ts'
import type { Rates } from './rates.ts'

export interface ServerParts {
  readonly context: KubeletContext
  readonly cache: RuntimeCache
  readonly workers: PodWorkers
  readonly usage: LocalUsage
  readonly volumes: Pick<Volumes, 'claimStats'>
  readonly startedMs: number
  /** What the kubelet counts of its own work. */
  readonly figures: FigureSource
  /** How its probes went. */
  readonly probeFigures: FigureSource
}

/** With what is known of requests before. */
export interface ServedParts extends ServerParts {
  readonly health: HealthFigures
  /** What was used at the last look, for what is used a second. */
  readonly rates: Rates
}

export interface Route {
  /** Path without query, cut at slashes and decoded. */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

export function createServer(parts: ServerParts): Transport {
  let loaded: Promise<Required<Transport>> | undefined
  const load = async () => {
    const { createAnswers } = await import('./answers.ts')
    return createAnswers(parts)
  }
  const answers = () => {
    loaded ??= load()
    return loaded
  }
  return {
    request: request =>
      metered(parts.context, request, async () => (await answers()).request(request)),
    connect: request =>
      metered(parts.context, request, async () => (await answers()).connect(request)),
  }
}
