/**
 * The resource metrics API (`kubectl top`, autoscalers): asks each node's kubelet what runs there and how much it uses, again and again,
 * and tells the rate between the last two answers. Nothing is stored. The door of the room; how its objects are served is others' work.
 */
import { node as nodeKind } from '#api/core/v1/node.ts'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { LabelMatcher } from '#api/machinery/label-selector.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { messageOf } from '#base/errors.ts'
import type { FigureBook } from '#base/figures.ts'
import type { RoleContext, Running } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'
import { createServerFigures } from './figures.ts'
import { readMetrics } from './kubelet.ts'
import { Measures } from './measures.ts'
import { type MetricsResource, metricsResources } from './objects.ts'
import { type NodePoints, pointsIn } from './points.ts'
import { Rounds } from './rounds.ts'

export type { MetricsFilter, MetricsResource } from './objects.ts'

export const DEFAULT_RESOLUTION_MS = 15_000
const DEFAULT_TIMEOUT_MS = 10_000

export interface MetricsServerOptions {
  /** The way to a node's kubelet, as somebody who may read its metrics. */
  readonly kubelet: (nodeName: string) => Promise<Pick<Transport, 'request'>>
  readonly figures: FigureBook
  /** Upstream's --metric-resolution: how often each node is asked. */
  readonly resolutionMs?: number
  /** Upstream's --kubelet-request-timeout. */
  readonly timeoutMs?: number
  /** Upstream's --node-selector: of which nodes there are metrics; of all by default. */
  readonly nodes?: LabelMatcher
}

export interface RunningMetricsServer extends Running {
  /** Who knows the objects of each kind of the API. */
  readonly resources: ReadonlyMap<AnyKind, MetricsResource>
  /** The last round reached some node, or there is none. */
  readonly isHealthy: boolean
  /** When the last round began, on the monotonic clock. */
  readonly lastRoundMs: number
  /** There is something to tell. */
  readonly isReady: boolean
}

/** Begins to ask once the cluster's nodes and pods are known. */
export function startMetricsServer(
  context: RoleContext,
  options: MetricsServerOptions,
): RunningMetricsServer {
  const { informers, clock } = context
  const { resolutionMs = DEFAULT_RESOLUTION_MS, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const log = context.log.with({ component: 'metrics-server' })
  const nodes = informers.for(nodeKind)
  const pods = informers.for(podKind)
  const measures = new Measures(resolutionMs)
  const figures = createServerFigures(options.figures, measures)
  const isWanted = (labels: Readonly<Record<string, string>> | undefined) =>
    options.nodes?.matches(labels) ?? true
  /** It is there, and one of those that are measured. */
  const isMeasured = (nodeName: string) => {
    const node = nodes.get(nodeName)
    return node !== undefined && isWanted(node.metadata.labels)
  }
  const failing = new Set<string>()
  let lastRoundMs = clock.monotonicMs()
  let reached = 0
  let isHealthy = true
  let isOver = false

  const ask = async (nodeName: string): Promise<boolean> => {
    const startMs = clock.monotonicMs()
    // It may have gone while it answered, and nobody would forget it again.
    const asked = (isGood: boolean) => {
      if (isMeasured(nodeName))
        figures.asked(nodeName, (clock.monotonicMs() - startMs) / 1000, isGood, clock.now())
    }
    try {
      const text = await readMetrics(await options.kubelet(nodeName), { clock, timeoutMs })
      asked(true)
      failing.delete(nodeName)
      reached++
      if (!isMeasured(nodeName)) return false
      return measures.take(nodeName, ofThisNode(pointsIn(text, clock.now()), nodeName))
    } catch (error) {
      asked(false)
      measures.drop(nodeName)
      if (!isMeasured(nodeName)) return false
      // Told once, and not every round.
      if (!isOver && !failing.has(nodeName))
        log.warn('a node cannot be measured', { node: nodeName, error: messageOf(error) })
      failing.add(nodeName)
      return false
    }
  }
  /** A kubelet tells of its own pods, and of no others. */
  const ofThisNode = ({ node, pods: found }: NodePoints, nodeName: string): NodePoints => ({
    node,
    pods: new Map([...found].filter(([key]) => pods.get(key)?.spec.nodeName === nodeName)),
  })
  const rounds = new Rounds({
    clock,
    resolutionMs,
    ask,
    nodes() {
      lastRoundMs = clock.monotonicMs()
      reached = 0
      const wanted = nodes.list().filter(({ metadata }) => isWanted(metadata.labels))
      return wanted.map(({ metadata }) => metadata.name ?? '')
    },
    ended(durationMs) {
      figures.ticked(durationMs / 1000)
      isHealthy = reached > 0 || nodes.list().length === 0
    },
  })
  const forget = (name: string) => {
    rounds.forget(name)
    measures.drop(name)
    figures.forget(name)
    failing.delete(name)
  }
  const unsubscribe: (() => void)[] = []
  const starting = Promise.all([nodes.synced, pods.synced]).then(() => {
    if (isOver) return
    rounds.start()
    unsubscribe.push(
      nodes.subscribe({
        changed({ metadata: { name = '', labels } }, previous) {
          // What was known of it would be told for ever.
          if (!isWanted(labels)) return forget(name)
          if (!previous && !measures.node(name)) rounds.news(name)
        },
        deleted: ({ metadata: { name = '' } }) => forget(name),
      }),
      pods.subscribe({
        changed(pod) {
          const { phase } = pod.status
          const { nodeName = '' } = pod.spec
          if (phase !== 'Running' || measures.knowsPod(keyOf(pod))) return
          if (isMeasured(nodeName)) rounds.news(nodeName)
        },
      }),
    )
  })
  return {
    resources: metricsResources({ informers, clock, measures, figures }),
    get isHealthy() {
      return isHealthy
    },
    get lastRoundMs() {
      return lastRoundMs
    },
    get isReady() {
      return measures.counts.nodes > 0
    },
    async stop() {
      isOver = true
      await starting
      for (const each of unsubscribe) each()
      await rounds.stop()
    },
  }
}
