/** Which names of resources mean what: native or extended, counted or measured, for containers or for quotas. */
import { isQualifiedName } from '../../machinery/names.ts'

const containerResources = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** Counts of objects; half a pod makes no sense. */
const countedResources = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
])

const quotaResources = new Set([
  ...containerResources,
  ...countedResources,
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
])

const isQualified = (name: string) => name.includes('/')

export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-')
}

/** Names without a prefix, or under kubernetes.io, are the project's own; all others are extended resources. */
export function isNativeResource(name: string): boolean {
  return !isQualified(name) || name.includes('kubernetes.io/')
}

/** Before the name of a class of devices: the resource that each of them has, such as `deviceclass.resource.kubernetes.io/gpu`. */
export const DEVICE_CLASS_PREFIX = 'deviceclass.resource.kubernetes.io/'

export function isDeviceClassResource(name: string): boolean {
  return name.startsWith(DEVICE_CLASS_PREFIX)
}

/** Resources that devices or administrators bring, such as `example.com/gpu`. */
export function isExtendedResource(name: string): boolean {
  // The name must still be one when a quota puts `requests.` before it.
  return (
    !isNativeResource(name) &&
    !name.startsWith('requests.') &&
    isQualifiedName(`requests.${name}`).length === 0
  )
}

/** A node cannot promise more of the others than it has, so their request and limit must agree. */
export function mayBeOvercommitted(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name)
}

export function isContainerResource(name: string): boolean {
  return containerResources.has(name) || isHugePages(name)
}

export function isQuotaResource(name: string): boolean {
  return quotaResources.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-')
}

export function isStandardResource(name: string): boolean {
  return name === 'storage' || isQuotaResource(name)
}

export function isCountedResource(name: string): boolean {
  return countedResources.has(name) || isExtendedResource(name)
}
