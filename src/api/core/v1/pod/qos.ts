import { compareQuantities, quantityToMilli } from '../../../machinery/quantity.ts'
import type { ResourceRequirements } from './schema.resources.ts'
import type { PodSpec } from './schema.ts'

export type QualityOfService = 'Guaranteed' | 'Burstable' | 'BestEffort'

const considered = ['cpu', 'memory'] as const

/**
 * How a pod is treated when its node runs short: Guaranteed where every container limits cpu and
 * memory and requests just that, BestEffort where none asks for anything, Burstable in between.
 */
export function qualityOfServiceOf(spec: PodSpec): QualityOfService {
  const whole = spec.resources
  // Also where the pod as a whole asks for nothing.
  const parts = whole
    ? [whole]
    : [...(spec.initContainers ?? []), ...spec.containers].map(({ resources }) => resources)
  if (!parts.some(asksForSomething)) return 'BestEffort'
  return parts.every(isGuaranteed) ? 'Guaranteed' : 'Burstable'
}

function asksForSomething({ requests = {}, limits = {} }: ResourceRequirements = {}): boolean {
  return considered.some(
    name => quantityToMilli(requests[name] ?? '0') > 0 || quantityToMilli(limits[name] ?? '0') > 0,
  )
}

function isGuaranteed({ requests = {}, limits = {} }: ResourceRequirements = {}): boolean {
  return considered.every(name => {
    const limit = limits[name]
    if (limit === undefined || quantityToMilli(limit) <= 0) return false
    return compareQuantities(requests[name] ?? limit, limit) === 0
  })
}
