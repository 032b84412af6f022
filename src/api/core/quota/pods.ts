/** Pods count from their creation until they are over, with all that they ask for. */
import {
  addAmounts,
  countOf,
  type ResourceList,
  readAmounts,
} from '../../machinery/resource-list.ts'
import type { Pod, PodSpec } from '../v1/pod/pod.ts'
import { qualityOfServiceOf } from '../v1/pod/qos.ts'
import { podResources } from '../v1/pod/resources.ts'
import {
  isDeviceClassResource,
  isExtendedResource,
  isHugePages,
  isNativeResource,
} from '../v1/resource-names.ts'
import type { ScopedResourceSelectorRequirement } from '../v1/resource-quota.ts'
import { matchesNames, type QuotaEvaluator, type QuotaWrite } from './evaluator.ts'

const COUNT = 'count/pods'
const MEASURED = ['cpu', 'memory', 'ephemeral-storage']
const NAMES = new Set([
  COUNT,
  'pods',
  ...MEASURED,
  ...MEASURED.map(name => `requests.${name}`),
  ...MEASURED.map(name => `limits.${name}`),
])
/** What every container must ask for, if its namespace limits it. Upstream regrets it, and keeps it to these. */
const DEMANDED = new Set(
  ['cpu', 'memory'].flatMap(name => [name, `requests.${name}`, `limits.${name}`]),
)

export const podQuota: QuotaEvaluator = {
  handles: isCounted,
  measures: name =>
    NAMES.has(name) ||
    isHugePages(name) ||
    name.startsWith('requests.hugepages-') ||
    (!isNativeResource(name) && name.startsWith('requests.')) ||
    (name.startsWith('requests.') && isDeviceClassResource(name.slice('requests.'.length))),
  isInScope: (pod, scope) => isInScope(pod as Pod, scope),
  missing: (pod, names) => missing((pod as Pod).spec, names),
  usage: (pod, now) => usage(pod as Pod, now),
}

function isCounted({ operation, subresource, object, oldObject }: QuotaWrite): boolean {
  if (subresource === 'resize') return operation === 'UPDATE'
  if (subresource !== '') return false
  if (operation === 'CREATE') return true
  // The one change of a pod that takes it to another scope.
  return operation === 'UPDATE' && isTerminating(object as Pod) !== isTerminating(oldObject as Pod)
}

const isTerminating = ({ spec }: Pod) => (spec.activeDeadlineSeconds ?? -1) >= 0

function isInScope(pod: Pod, scope: ScopedResourceSelectorRequirement): boolean {
  const { priorityClassName } = pod.spec
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod)
    case 'NotTerminating':
      return !isTerminating(pod)
    case 'BestEffort':
      return qualityOfServiceOf(pod.spec) === 'BestEffort'
    case 'NotBestEffort':
      return qualityOfServiceOf(pod.spec) !== 'BestEffort'
    case 'PriorityClass':
      return matchesNames(scope, priorityClassName ? [priorityClassName] : [])
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(pod.spec)
    case 'VolumeAttributesClass':
      return false
  }
}

function reachesOtherNamespaces({ affinity }: PodSpec): boolean {
  const parts = [affinity?.podAffinity, affinity?.podAntiAffinity]
  const terms = parts.flatMap(part => [
    ...(part?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(part?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm }) => podAffinityTerm,
    ),
  ])
  return terms.some(
    ({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector,
  )
}

function missing(spec: PodSpec, names: readonly string[]): string | undefined {
  // Who says it for the pod as a whole need not say it for each container.
  if (saysItself(spec)) return undefined
  const demanded = names.filter(name => DEMANDED.has(name)).toSorted()
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  const texts = demanded.flatMap(resource => {
    const silent = containers
      .filter(({ resources: { requests, limits } }) => {
        const said = computeUsage(readAmounts(requests), readAmounts(limits))
        return !said.has(resource)
      })
      .map(({ name }) => name)
      .toSorted()
    return silent.length === 0 ? [] : [`${resource} for: ${silent.join(',')}`]
  })
  return texts.length === 0 ? undefined : `must specify ${texts.join('; ')}`
}

function saysItself({ resources = {} }: PodSpec): boolean {
  const names = Object.keys({ ...resources.requests, ...resources.limits })
  return names.some(name => name === 'cpu' || name === 'memory' || isHugePages(name))
}

function usage(pod: Pod, now: number): ResourceList {
  const stored: ResourceList = new Map([[COUNT, countOf(1)]])
  if (isOver(pod, now)) return stored
  const options = { withStatus: true, withOverhead: true }
  const requests = podResources(pod, 'requests', options)
  const limits = podResources(pod, 'limits', options)
  return addAmounts(stored, computeUsage(requests, limits))
}

/** Ended, or on a node that does not tell any more that it has. */
function isOver({ metadata, status }: Pod, now: number): boolean {
  if (status.phase === 'Failed' || status.phase === 'Succeeded') return true
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false
  return now > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

function computeUsage(requests: ResourceList, limits: ResourceList): ResourceList {
  const used = new Map([['pods', countOf(1)]])
  for (const [name, amount] of requests) {
    const isMeasured = MEASURED.includes(name) || isHugePages(name)
    if (isMeasured) used.set(name, amount)
    if (isMeasured || isExtendedResource(name) || isDeviceClassResource(name))
      used.set(`requests.${name}`, amount)
  }
  for (const [name, amount] of limits)
    if (MEASURED.includes(name)) used.set(`limits.${name}`, amount)
  return used
}
