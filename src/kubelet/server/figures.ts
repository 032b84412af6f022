/** What containers use, as `/metrics/resource` tells it. */
import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE } from '../labels.ts'
import type { ContainerStats } from '../runtime.ts'
import type { ServerParts } from './server.ts'

export interface Figure extends ContainerStats {
  readonly labels: Readonly<Record<string, string>>
  readonly startedAt: number
}

export async function figures({ context, cache }: ServerParts): Promise<Figure[]> {
  const stats = await context.options.runtime.containerStats()
  return stats.flatMap(stat => {
    const container = cache.container(stat.containerId)
    return container?.state === 'running'
      ? [{ ...stat, labels: container.labels, startedAt: container.startedAt }]
      : []
  })
}

export const sum = (figures: readonly Figure[], of: (figure: Figure) => number) =>
  figures.reduce((total, figure) => total + of(figure), 0)

export async function resourceMetrics(parts: ServerParts): Promise<string> {
  const all = await figures(parts)
  const labelsOf = ({ labels }: Figure) =>
    `{container="${labels[CONTAINER_NAME]}",namespace="${labels[POD_NAMESPACE]}",pod="${labels[POD_NAME]}"}`
  const lines = [
    '# HELP container_cpu_usage_seconds_total Cumulative cpu time consumed by the container in core-seconds',
    '# TYPE container_cpu_usage_seconds_total counter',
    ...all.map(
      figure =>
        `container_cpu_usage_seconds_total${labelsOf(figure)} ${figure.cpuUsageNanoseconds / 1e9} ${figure.timestamp}`,
    ),
    '# HELP container_memory_working_set_bytes Current working set of the container in bytes',
    '# TYPE container_memory_working_set_bytes gauge',
    ...all.map(
      figure =>
        `container_memory_working_set_bytes${labelsOf(figure)} ${figure.memoryWorkingSetBytes} ${figure.timestamp}`,
    ),
    '# HELP node_cpu_usage_seconds_total Cumulative cpu time consumed by the node in core-seconds',
    '# TYPE node_cpu_usage_seconds_total counter',
    `node_cpu_usage_seconds_total ${sum(all, figure => figure.cpuUsageNanoseconds) / 1e9}`,
    '# HELP node_memory_working_set_bytes Current working set of the node in bytes',
    '# TYPE node_memory_working_set_bytes gauge',
    `node_memory_working_set_bytes ${sum(all, figure => figure.memoryWorkingSetBytes)}`,
  ]
  return `${lines.join('\n')}\n`
}
