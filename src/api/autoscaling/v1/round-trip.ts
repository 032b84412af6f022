/** The annotations in which v1 shows what only v2 has fields for. They are never stored. */
import type { ObjectMeta } from '../../machinery/metadata.ts'

export const ROUND_TRIP = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
} as const

const NAMES: readonly string[] = Object.values(ROUND_TRIP)

export function withoutRoundTrip(metadata: ObjectMeta): ObjectMeta {
  const { annotations, ...rest } = metadata
  if (!annotations || !NAMES.some(name => Object.hasOwn(annotations, name))) return metadata
  const kept = Object.entries(annotations).filter(([name]) => !NAMES.includes(name))
  return kept.length > 0 ? { ...rest, annotations: Object.fromEntries(kept) } : rest
}
