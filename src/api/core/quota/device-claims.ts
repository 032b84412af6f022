/**
 * Claims of devices count by number, by the devices of each class that they may get, and towards the extended resources that those
 * devices serve. What a pod asks for as an extended resource counts with the pod; its claim then counts only what goes beyond that.
 */
import { controllerOf } from '../../machinery/metadata.ts'
import {
  amountsBeyond,
  countOf,
  onlyAmounts,
  type ResourceList,
} from '../../machinery/resource-list.ts'
import type { DeviceClass } from '../../resource/v1/device-class.ts'
import { EXTENDED_CLAIM } from '../../resource/v1/extended-claims.ts'
import type { ResourceClaim } from '../../resource/v1/resource-claim.schema.ts'
import type { Pod } from '../v1/pod/pod.ts'
import {
  DEVICE_CLASS_PREFIX,
  isDeviceClassResource,
  isNativeResource,
} from '../v1/resource-names.ts'
import type { QuotaEvaluator } from './evaluator.ts'
import { podQuota } from './pods.ts'

const COUNT = 'count/resourceclaims.resource.k8s.io'
const OF_CLASS = '.deviceclass.resource.k8s.io/devices'
const REQUESTS = 'requests.'
/** As many devices as one claim can get. */
const MOST_DEVICES = 32

/** What else decides how claims count, as far as it is known. */
export interface DeviceQuotaWorld {
  classes(): readonly DeviceClass[]
  pod(namespace: string, name: string): Pod | undefined
  claims(namespace: string): readonly ResourceClaim[]
}

export const noDevices: DeviceQuotaWorld = {
  classes: () => [],
  pod: () => undefined,
  claims: () => [],
}

export function deviceClaimQuota(world: DeviceQuotaWorld): QuotaEvaluator {
  return {
    handles: ({ operation, subresource }) =>
      subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
    measures: name => name === COUNT || name.endsWith(OF_CLASS) || isServed(world, name),
    usage: (claim, now) => usage(world, claim as ResourceClaim, now),
  }
}

/** The name limits an extended resource; whether devices serve it is for the classes to say. */
export function limitsExtendedResource(name: string): boolean {
  if (!name.startsWith(REQUESTS)) return false
  return !isNativeResource(name) || isDeviceClassResource(name.slice(REQUESTS.length))
}

function isServed(world: DeviceQuotaWorld, name: string): boolean {
  if (!limitsExtendedResource(name)) return false
  const resource = name.slice(REQUESTS.length)
  return world
    .classes()
    .some(
      ({ metadata, spec }) =>
        resource === `${DEVICE_CLASS_PREFIX}${metadata.name}` ||
        resource === spec.extendedResourceName,
    )
}

interface Wanted {
  readonly deviceClassName: string
  readonly allocationMode?: string
  readonly count?: number | bigint
}

function usage(world: DeviceQuotaWorld, claim: ResourceClaim, now: number): ResourceList {
  const devices = devicesByClass(claim)
  const extended = extendedUsage(world.classes(), devices)
  const pod = podThatCounts(world, claim)
  const beyond = pod ? amountsBeyond(extended, podQuota.usage(pod, now)) : extended
  return new Map([
    [COUNT, countOf(1)],
    ...[...devices].map(([name, count]) => [`${name}${OF_CLASS}`, countOf(count)] as const),
    ...onlyAmounts(beyond, (_, { nanos }) => nanos > 0n),
  ])
}

function devicesByClass({ spec }: ResourceClaim): ReadonlyMap<string, number> {
  const devices = new Map<string, number>()
  for (const { exactly, firstAvailable = [] } of spec.devices.requests ?? []) {
    const most = new Map<string, number>()
    // Only one of the alternatives comes true, and it may be the one that takes most.
    for (const wanted of (exactly ? [exactly] : firstAvailable) as readonly Wanted[]) {
      const { deviceClassName: name } = wanted
      most.set(name, Math.max(most.get(name) ?? 0, countIn(wanted)))
    }
    for (const [name, count] of most) devices.set(name, (devices.get(name) ?? 0) + count)
  }
  return devices
}

const countIn = ({ allocationMode, count = 1 }: Wanted) =>
  allocationMode === 'All' ? MOST_DEVICES : Number(count)

/** The same devices as the resources that they stand for: each class has one by its own name, and may name another. */
function extendedUsage(
  classes: readonly DeviceClass[],
  devices: ReadonlyMap<string, number>,
): ResourceList {
  const counts = new Map<string, number>()
  const add = (resource: string, count: number) =>
    counts.set(`${REQUESTS}${resource}`, (counts.get(`${REQUESTS}${resource}`) ?? 0) + count)
  for (const [name, count] of devices) {
    add(`${DEVICE_CLASS_PREFIX}${name}`, count)
    const explicit = classes.find(({ metadata }) => metadata.name === name)?.spec
      .extendedResourceName
    if (explicit) add(explicit, count)
  }
  return new Map([...counts].map(([name, count]) => [name, countOf(count)]))
}

/**
 * The pod for whose extended resources the claim was made. Anybody may write such an annotation, so the pod must know of the
 * claim; until it does, its first claim counts as the one.
 */
function podThatCounts(world: DeviceQuotaWorld, claim: ResourceClaim): Pod | undefined {
  const owner = ownerOf(claim)
  if (!owner) return undefined
  const { namespace = '', name = '' } = claim.metadata
  const pod = world.pod(namespace, owner.name)
  if (!pod || pod.metadata.uid !== owner.uid) return undefined
  const told = pod.status.extendedResourceClaimStatus
  if (told) return told.resourceClaimName === name ? pod : undefined
  const others = world.claims(namespace).filter(other => ownerOf(other)?.uid === owner.uid)
  return others.some(other => goesBefore(other, claim)) ? undefined : pod
}

function ownerOf(claim: ResourceClaim) {
  if (claim.metadata.annotations?.[EXTENDED_CLAIM] !== 'true') return undefined
  const owner = controllerOf(claim)
  return owner?.kind === 'Pod' && owner.apiVersion === 'v1' ? owner : undefined
}

/** A claim that is being made has no time yet, and comes after all others. */
function goesBefore({ metadata: one }: ResourceClaim, { metadata: other }: ResourceClaim): boolean {
  const [own, others] = [one, other].map(({ creationTimestamp }) =>
    creationTimestamp ? Date.parse(creationTimestamp) : Number.POSITIVE_INFINITY,
  ) as [number, number]
  return own < others || (own === others && (one.name ?? '') < (other.name ?? ''))
}
