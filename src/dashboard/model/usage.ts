/** What nodes have and what is used of it, from Nodes and from metrics.k8s.io. */
import { parseQuantity } from '#api/machinery/quantity.ts'
import type { AnyObject } from './health.ts'

export interface Usage {
  /** In cores. */
  readonly cpu: number
  /** In bytes. */
  readonly memory: number
}

export interface Share {
  readonly used: Usage
  readonly all: Usage
}

const NANO = 1e-9

/** With its fraction, and 0 for what is no quantity. */
const quantity = (value: unknown): number => {
  if (typeof value !== 'string' && typeof value !== 'number') return 0
  try {
    return Number(parseQuantity(String(value)).nanos) * NANO
  } catch {
    return 0
  }
}

const usageIn = (list: unknown): Usage => {
  const { cpu, memory } = (list ?? {}) as Record<string, unknown>
  return { cpu: quantity(cpu), memory: quantity(memory) }
}

const sum = (one: Usage, other: Usage): Usage => ({
  cpu: one.cpu + other.cpu,
  memory: one.memory + other.memory,
})

const NOTHING: Usage = { cpu: 0, memory: 0 }

/** By node, and of all nodes that are measured. */
export function nodeUsage(
  nodes: Iterable<AnyObject>,
  metrics: Iterable<AnyObject>,
): { readonly byNode: ReadonlyMap<string, Share>; readonly total: Share } {
  const used = new Map<string, Usage>()
  for (const each of metrics)
    used.set(each.metadata.name ?? '', usageIn((each as { usage?: unknown }).usage))
  const byNode = new Map<string, Share>()
  let total: Share = { used: NOTHING, all: NOTHING }
  for (const { metadata, status } of nodes) {
    const ofNode = used.get(metadata.name ?? '')
    if (!ofNode) continue
    const share = { used: ofNode, all: usageIn(status?.allocatable ?? status?.capacity) }
    byNode.set(metadata.name ?? '', share)
    total = { used: sum(total.used, share.used), all: sum(total.all, share.all) }
  }
  return { byNode, total }
}

/** Of a pod: the sum of its containers. */
export function podUsage(metrics: AnyObject): Usage {
  const { containers } = metrics as { containers?: readonly { usage?: unknown }[] }
  return (containers ?? []).map(({ usage }) => usageIn(usage)).reduce(sum, NOTHING)
}

/** `250m`, `1.5`, `12`. */
export function coresText(cores: number): string {
  if (cores < 1) return `${Math.round(cores * 1000)}m`
  return String(Math.round(cores * 10) / 10)
}

/** `12 MiB`, `1.5 GiB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : Math.round(value * 10) / 10} ${units[unit]}`
}

/** From 0 to 100. */
export const percentOf = (used: number, all: number): number =>
  all > 0 ? Math.min(100, Math.round((used / all) * 100)) : 0
