/** What single pods and claims of a namespace may ask for, and what containers get that say nothing. */
import type { LimitRange, LimitRangeItem } from '#api/core/v1/limit-range.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { podResources } from '#api/core/v1/pod/resources.ts'
import type { Container } from '#api/core/v1/pod/schema.container.ts'
import { compareQuantities, formatQuantity, type Quantity } from '#api/machinery/quantity.ts'
import {
  type ResourceList,
  readAmounts,
  type WrittenAmounts,
} from '#api/machinery/resource-list.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { asPod, concerns, concernsPods, oneMessage, refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

const ANNOTATION = 'kubernetes.io/limit-ranger'

export function limitRanger({ limitRanges }: Pick<AdmissionWorld, 'limitRanges'>): AdmissionStep {
  return {
    name: 'LimitRanger',
    resources: ['pods', 'persistentvolumeclaims'],
    mutate(request, draft) {
      const isResize = isPodResize(request)
      if (!isResize && !isNewPod(request)) return
      if (request.oldObject?.metadata.deletionTimestamp) return
      for (const range of limitRanges(request.namespace)) fillIn(range, asPod(draft), isResize)
    },
    validate(request) {
      const find = isPodResize(request) || isNewPod(request) ? wrongWithPod : undefined
      const judge = find ?? (isClaim(request) ? wrongWithClaim : undefined)
      if (!judge || request.oldObject?.metadata.deletionTimestamp) return
      for (const { spec } of limitRanges(request.namespace)) {
        const wrong = spec.limits.flatMap(limit => judge(limit, request.object as never))
        if (wrong.length > 0) throw refused(request, oneMessage(wrong))
      }
    },
  }
}

/** The containers of a pod never change but by a resize, so other updates need no look. */
const isNewPod = (request: AdmissionRequest) =>
  request.operation === 'CREATE' && concernsPods(request)

const isPodResize = (request: AdmissionRequest) =>
  request.operation === 'UPDATE' &&
  request.subresource === 'resize' &&
  concerns(request, '', 'pods')

const isClaim = (request: AdmissionRequest) =>
  (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
  request.subresource === '' &&
  concerns(request, '', 'persistentvolumeclaims')

function fillIn({ spec }: LimitRange, pod: Pod, isResize: boolean): void {
  const items = spec.limits.filter(({ type }) => type === 'Container')
  const requests = Object.assign({}, ...items.map(item => item.defaultRequest))
  const limits = Object.assign({}, ...items.map(item => item.default))
  const { containers, initContainers = [] } = pod.spec
  // Others cannot be resized, and must stay as they are.
  const starting = isResize
    ? initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')
    : initContainers
  const done = [
    ...containers.flatMap(each => fillInContainer(each, 'container', { requests, limits })),
    ...starting.flatMap(each => fillInContainer(each, 'init container', { requests, limits })),
  ]
  if (done.length === 0 || isResize) return
  pod.metadata.annotations ??= {}
  pod.metadata.annotations[ANNOTATION] = `LimitRanger plugin set: ${done.join('; ')}`
}

/** Gives what it did, as the annotation tells it. */
function fillInContainer(
  container: Container,
  what: string,
  usual: { readonly requests: WrittenAmounts; readonly limits: WrittenAmounts },
): string[] {
  return (['requests', 'limits'] as const).flatMap(kind => {
    const given = container.resources[kind] ?? {}
    const missing = Object.keys(usual[kind]).filter(name => given[name] === undefined)
    if (missing.length === 0) return []
    container.resources[kind] = { ...usual[kind], ...given }
    const names = missing.toSorted().join(', ')
    return [`${names} ${kind.slice(0, -1)} for ${what} ${container.name}`]
  })
}

function wrongWithPod(limit: LimitRangeItem, pod: Pod): string[] {
  if (limit.type === 'Pod')
    return outOf(limit, podResources(pod, 'requests'), podResources(pod, 'limits'))
  if (limit.type !== 'Container') return []
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].flatMap(({ resources }) =>
    outOf(limit, readAmounts(resources.requests), readAmounts(resources.limits)),
  )
}

function wrongWithClaim(limit: LimitRangeItem, { spec }: PersistentVolumeClaim): string[] {
  if (limit.type !== 'PersistentVolumeClaim') return []
  const requests = readAmounts(spec.resources.requests)
  return [
    // Limits of claims mean nothing.
    ...each(limit.min, (name, least) => belowLeast(limit.type, name, least, { requests })),
    ...each(limit.max, (name, most) => {
      const start = `maximum ${name} usage per ${limit.type} is ${formatQuantity(most)}`
      const request = requests.get(name)
      if (!request) return `${start}.  No request is specified`
      return isMore(request, most) && `${start}, but request is ${formatQuantity(request)}`
    }),
  ]
}

interface Asked {
  readonly requests: ResourceList
  readonly limits?: ResourceList
}

function outOf(item: LimitRangeItem, requests: ResourceList, limits: ResourceList): string[] {
  const { type, min, max, maxLimitRequestRatio } = item
  const asked = { requests, limits }
  return [
    ...each(min, (name, least) => belowLeast(type, name, least, asked)),
    ...each(max, (name, most) => aboveMost(type, name, most, asked)),
    ...each(maxLimitRequestRatio, (name, ratio) => beyondRatio(type, name, ratio, asked)),
  ]
}

/** In the order of the names; upstream's own order differs each time. */
function each(
  amounts: WrittenAmounts | undefined,
  judge: (name: string, amount: Quantity) => string | false,
): string[] {
  return [...readAmounts(amounts)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, amount]) => judge(name, amount))
    .filter(text => text !== false)
}

const isMore = (a: Quantity, b: Quantity) => compareQuantities(a, b) > 0

function belowLeast(type: string, name: string, least: Quantity, asked: Asked): string | false {
  const start = `minimum ${name} usage per ${type} is ${formatQuantity(least)}`
  const request = asked.requests.get(name)
  const limit = asked.limits?.get(name)
  if (!request) return `${start}.  No request is specified`
  if (isMore(least, request)) return `${start}, but request is ${formatQuantity(request)}`
  if (limit && isMore(least, limit)) return `${start}, but limit is ${formatQuantity(limit)}`
  return false
}

function aboveMost(type: string, name: string, most: Quantity, asked: Asked): string | false {
  const start = `maximum ${name} usage per ${type} is ${formatQuantity(most)}`
  const request = asked.requests.get(name)
  const limit = asked.limits?.get(name)
  if (!limit) return `${start}.  No limit is specified`
  if (isMore(limit, most)) return `${start}, but limit is ${formatQuantity(limit)}`
  if (request && isMore(request, most)) return `${start}, but request is ${formatQuantity(request)}`
  return false
}

function beyondRatio(type: string, name: string, ratio: Quantity, asked: Asked): string | false {
  const start = `${name} max limit to request ratio per ${type} is ${formatQuantity(ratio)}`
  const request = asked.requests.get(name)?.nanos ?? 0n
  const limit = asked.limits?.get(name)?.nanos ?? 0n
  if (request === 0n) return `${start}, but no request is specified or request is 0`
  if (limit === 0n) return `${start}, but no limit is specified or limit is 0`
  if (limit * NANOS_PER_ONE <= request * ratio.nanos) return false
  return `${start}, but provided ratio is ${(Number(limit) / Number(request)).toFixed(6)}`
}

const NANOS_PER_ONE = 1_000_000_000n
