/** Reads the three metrics APIs, which others serve behind the aggregator. Values are in thousandths, as upstream computes. */
import type { MetricIdentifier } from '#api/autoscaling/v2/metrics.schema.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { quantityToMilli } from '#api/machinery/quantity.ts'
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { Reader } from '#client/client.ts'

export interface PodMetric {
  readonly value: number
  readonly timestampMs: number
  readonly windowMs: number
}
export type PodMetrics = ReadonlyMap<string, PodMetric>

/** Whatever a metrics API answers; each field may be missing. */
interface MetricItem {
  readonly metadata?: { readonly name?: string }
  readonly describedObject?: { readonly name?: string }
  readonly timestamp?: string
  readonly window?: string
  readonly windowSeconds?: number
  readonly value?: string
  readonly containers?: readonly {
    readonly name: string
    readonly usage?: Readonly<Record<string, string>>
  }[]
}

const CUSTOM_GROUP = 'custom.metrics.k8s.io'
const CUSTOM_METRICS = ['v1beta2', 'v1beta1'].map(
  version => `/apis/${CUSTOM_GROUP}/${version}/namespaces`,
)
const DEFAULT_WINDOW_MS = 60_000

export interface Metrics {
  /** What the pods use of a resource; one container of each, if it is named. */
  ofResource(query: {
    namespace: string
    selector: string
    resource: string
    container: string
  }): Promise<PodMetrics>
  ofPods(query: {
    namespace: string
    selector: string
    metric: MetricIdentifier
  }): Promise<PodMetrics>
  /** `resource` is the plural with its group, as `ingresses.networking.k8s.io`; `namespaces` stands for the namespace itself. */
  ofObject(query: {
    namespace: string
    resource: string
    name: string
    metric: MetricIdentifier
  }): Promise<number>
  /** The value of each series that the selector fits. */
  external(query: { namespace: string; metric: MetricIdentifier }): Promise<readonly number[]>
}

export function createMetrics(reader: Pick<Reader, 'getPath'>): Metrics {
  const itemsAt = async (api: string, paths: readonly string[]): Promise<readonly MetricItem[]> => {
    let items: readonly MetricItem[]
    try {
      const answer = await (api === 'custom' ? customFound : firstFound)(reader, paths)
      items = (answer as { items?: readonly MetricItem[] }).items ?? []
    } catch (error) {
      throw new Error(`unable to fetch metrics from ${api} metrics API: ${messageOf(error)}`)
    }
    if (items.length === 0) throw new Error(`no metrics returned from ${api} metrics API`)
    return items
  }
  return {
    async ofResource({ namespace, selector, resource, container }) {
      const root = `/apis/metrics.k8s.io/v1beta1/namespaces/${part(namespace)}/pods`
      const items = await itemsAt('resource', [`${root}?${query({ labelSelector: selector })}`])
      return podMetricsOf(items, item => usageOf(item, resource, container))
    },
    async ofPods({ namespace, selector, metric }) {
      const rest = `${part(namespace)}/pods/*/${part(metric.name)}`
      const parameters = query({
        labelSelector: selector,
        metricLabelSelector: selectorText(metric),
      })
      const paths = CUSTOM_METRICS.map(root => `${root}/${rest}?${parameters}`)
      return podMetricsOf(await itemsAt('custom', paths), ({ value }) => milli(value))
    },
    async ofObject({ namespace, resource, name, metric }) {
      const object =
        resource === 'namespaces'
          ? `${part(name)}/metrics`
          : `${part(namespace)}/${part(resource)}/${part(name)}`
      const parameters = query({ metricLabelSelector: selectorText(metric) })
      const [item] = await itemsAt(
        'custom',
        CUSTOM_METRICS.map(root => `${root}/${object}/${part(metric.name)}?${parameters}`),
      )
      return milli(item?.value) ?? 0
    },
    async external({ namespace, metric }) {
      const root = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${part(namespace)}`
      const parameters = query({ labelSelector: selectorText(metric) })
      const items = await itemsAt('external', [`${root}/${part(metric.name)}?${parameters}`])
      return items.map(({ value }) => milli(value) ?? 0)
    },
  }
}

/** What nobody serves is told apart from a metric that is not there. */
async function customFound(reader: Pick<Reader, 'getPath'>, paths: readonly string[]) {
  try {
    return await firstFound(reader, paths)
  } catch (error) {
    if (isStatus(error, 'NotFound') && !(await isServed(reader, CUSTOM_GROUP)))
      throw new Error(`no custom metrics API (${CUSTOM_GROUP}) registered`)
    throw error
  }
}

async function isServed(reader: Pick<Reader, 'getPath'>, group: string): Promise<boolean> {
  try {
    await reader.getPath(`/apis/${group}`)
    return true
  } catch (error) {
    return !isStatus(error, 'NotFound')
  }
}

/** The answer of the first path that the server knows. */
async function firstFound(reader: Pick<Reader, 'getPath'>, paths: readonly string[]) {
  let first: unknown
  for (const path of paths)
    try {
      return await reader.getPath(path)
    } catch (error) {
      first ??= error
      if (!isStatus(error, 'NotFound')) break
    }
  throw first
}

const part = (text: string) => encodeURIComponent(text)
const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString()
const milli = (value: string | undefined) =>
  value === undefined ? undefined : quantityToMilli(value)
const selectorText = ({ selector }: MetricIdentifier) =>
  selector ? labelMatcherOf(selector).toString() : ''

function podMetricsOf(
  items: readonly MetricItem[],
  usage: (item: MetricItem) => number | undefined,
): PodMetrics {
  const metrics = new Map<string, PodMetric>()
  for (const item of items) {
    const value = usage(item)
    if (value === undefined) continue
    const name = item.metadata?.name ?? item.describedObject?.name ?? ''
    const timestampMs = Date.parse(item.timestamp ?? '') || 0
    metrics.set(name, { value, timestampMs, windowMs: windowOf(item) })
  }
  return metrics
}

function windowOf({ window, windowSeconds }: MetricItem): number {
  if (windowSeconds !== undefined) return windowSeconds * 1000
  const [, hours = 0, minutes = 0, seconds] =
    /^(?:(\d+)h)?(?:(\d+)m)?(?:([\d.]+)s)?$/.exec(window ?? '') ?? []
  return seconds === undefined
    ? DEFAULT_WINDOW_MS
    : (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
}

/** Undefined for a pod of which a container does not tell; such a pod counts as missing. */
function usageOf(
  { metadata, containers = [] }: MetricItem,
  resource: string,
  container: string,
): number | undefined {
  const counted = container ? containers.filter(({ name }) => name === container) : containers
  if (container && counted.length === 0)
    throw new Error(`container ${container} not present in metrics for pod ${metadata?.name}`)
  let sum = 0
  for (const { usage } of counted) {
    const value = milli(usage?.[resource])
    if (value === undefined) return undefined
    sum += value
  }
  return sum
}
