/** The classes of the system's own pods, which every cluster has and nobody changes or deletes. */
import type { KubernetesObject } from '../../machinery/metadata.ts'

export const SYSTEM_PREFIX = 'system-'
/** The most important class that users may make. */
export const HIGHEST_PRIORITY = 1_000_000_000

interface Class extends KubernetesObject {
  value: number
  globalDefault?: boolean
  description?: string
  preemptionPolicy?: string
}

const systemClass = (name: string, value: number, description: string): Class => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
  description,
  preemptionPolicy: 'PreemptLowerPriority',
})

export const systemClasses: readonly Class[] = [
  systemClass(
    'system-node-critical',
    2 * HIGHEST_PRIORITY + 1_000,
    'For pods without which their node does not work.',
  ),
  systemClass(
    'system-cluster-critical',
    2 * HIGHEST_PRIORITY,
    'For pods without which the cluster does not work, on whichever node they run.',
  ),
]

export const isSystemClass = (name: string | undefined) =>
  systemClasses.some(({ metadata }) => metadata.name === name)

/** Undefined for a class that is one of the system's. */
export function whyNotSystemClass(object: Class): string | undefined {
  const { name = '' } = object.metadata
  const own = systemClasses.find(({ metadata }) => metadata.name === name)
  if (!own) return `${name} is not a known system priority class`
  if (own.value !== object.value) return `value of ${name} PriorityClass must be ${own.value}`
  return object.globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}
