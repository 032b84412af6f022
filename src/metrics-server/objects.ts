/** Measures in the form of the resource metrics API, for nodes and pods that the cluster knows. */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { formatDuration } from '#api/machinery/duration.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import { formatQuantity } from '#api/machinery/quantity.ts'
import { notFound } from '#api/machinery/status.ts'
import { type NodeMetrics, nodeMetrics } from '#api/metrics/v1beta1/node-metrics.ts'
import { type PodMetrics, podMetrics } from '#api/metrics/v1beta1/pod-metrics.ts'
import { type Clock, rfc3339 } from '#base/clock.ts'
import type { Informer, Informers } from '#client/informer.ts'
import type { ServerFigures } from './figures.ts'
import type { Measures, Usage } from './measures.ts'

/** Which objects are wanted, by what their node or pod is called and labelled. */
export interface MetricsFilter {
  /** Empty for all. */
  readonly namespace: string
  matches(object: Pick<KubernetesObject, 'metadata'>): boolean
}

/** The objects of one kind, made for whoever asks. */
export interface MetricsResource {
  list(filter: MetricsFilter): readonly KubernetesObject[]
  /** Throws NotFound. */
  get(namespace: string, name: string): KubernetesObject
}

export interface ObjectsOptions {
  readonly informers: Informers
  readonly clock: Clock
  readonly measures: Measures
  readonly figures: ServerFigures
}

export function metricsResources(options: ObjectsOptions): ReadonlyMap<AnyKind, MetricsResource> {
  const { informers } = options
  return new Map<AnyKind, MetricsResource>([
    [nodeMetrics, nodes(informers.for(nodeKind), options)],
    [podMetrics, pods(informers.for(podKind), options)],
  ])
}

function nodes(
  informer: Informer<Node>,
  { clock, measures, figures }: ObjectsOptions,
): MetricsResource {
  const metricsOf = ({ metadata }: Node): NodeMetrics | undefined => {
    const { name = '', labels } = metadata
    const usage = measures.node(name)
    if (!usage) return undefined
    const now = clock.now()
    figures.told((now - usage.timeMs) / 1000)
    return {
      apiVersion: apiVersionOf(nodeMetrics),
      kind: nodeMetrics.kind,
      metadata: { name, creationTimestamp: rfc3339(now), ...(labels ? { labels } : {}) },
      ...timesOf(usage),
      usage: amountsOf(usage),
    }
  }
  return {
    list: ({ matches }) => told(informer.list().filter(matches), metricsOf),
    get(_, name) {
      const node = informer.get(name)
      // Upstream's words: what is missing is a node, or what is known of it.
      if (!node) throw notFound({ group: '', resource: 'node' }, name)
      const metrics = metricsOf(node)
      if (!metrics) throw notFound({ group: nodeMetrics.group, resource: 'nodemetrics' }, name)
      return metrics
    },
  }
}

function pods(
  informer: Informer<Pod>,
  { clock, measures, figures }: ObjectsOptions,
): MetricsResource {
  const metricsOf = (pod: Pod): PodMetrics | undefined => {
    const { name = '', namespace = '', labels } = pod.metadata
    const containers = measures.pod(keyOf(pod))
    const [first, ...rest] = containers ?? []
    if (!containers || !first) return undefined
    // The pod is as old as what is oldest of it.
    const oldest = rest.reduce<Usage>((old, each) => (each.timeMs < old.timeMs ? each : old), first)
    const now = clock.now()
    figures.told((now - oldest.timeMs) / 1000)
    return {
      apiVersion: apiVersionOf(podMetrics),
      kind: podMetrics.kind,
      metadata: { name, namespace, creationTimestamp: rfc3339(now), ...(labels ? { labels } : {}) },
      ...timesOf(oldest),
      containers: containers.map(each => ({ name: each.name, usage: amountsOf(each) })),
    }
  }
  return {
    list: ({ namespace, matches }) =>
      told(informer.list(namespace || undefined).filter(matches), metricsOf),
    get(namespace, name) {
      const key = `${namespace}/${name}`
      const pod = informer.get(key)
      if (!pod) throw notFound({ group: '', resource: 'pods' }, name)
      const metrics = metricsOf(pod)
      if (!metrics) throw notFound({ group: podMetrics.group, resource: 'podmetrics' }, key)
      return metrics
    },
  }
}

/** In the order in which the API lists things, without what nobody has measured. */
function told<T extends KubernetesObject, M>(
  objects: readonly T[],
  metricsOf: (object: T) => M | undefined,
): M[] {
  return objects
    .map(object => ({ object, key: keyOf(object) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ object }) => metricsOf(object))
    .filter(metrics => metrics !== undefined)
}

const timesOf = ({ timeMs, windowMs }: Usage) => ({
  timestamp: rfc3339(timeMs),
  window: formatDuration(BigInt(Math.round(windowMs)) * 1_000_000n),
})

const amountsOf = ({ cpu, memory, swap }: Usage): Record<string, string> => ({
  cpu: formatQuantity({ nanos: BigInt(Math.round(cpu)), format: 'DecimalSI' }),
  memory: bytes(memory),
  // Most nodes have none, and upstream's server tells of none.
  ...(swap ? { swap: bytes(swap) } : {}),
})

const bytes = (amount: number) =>
  formatQuantity({ nanos: BigInt(Math.round(amount)) * 1_000_000_000n, format: 'BinarySI' })
