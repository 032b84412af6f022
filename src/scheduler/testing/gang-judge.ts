/**
 * Judges of a cluster with gangs, devices and priorities: what must hold at every moment, and what must hold once nothing more
 * happens. They know no more of scheduling than its promises, and each says in a sentence what is broken.
 */
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { amount, requestOf } from './model.ts'

export interface Seen {
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
  readonly groups: readonly PodGroup[]
  readonly claims: readonly ResourceClaim[]
  readonly slices: readonly ResourceSlice[]
}

const nameOf = ({ metadata }: { metadata: { name?: string } }): string => metadata.name ?? ''
const isGoing = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined
const on = ({ pods }: Seen, node: string) => pods.filter(({ spec }) => spec.nodeName === node)
const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0
const devicesOf = ({ status }: ResourceClaim) => status.allocation?.devices?.results ?? []
const claimOf = ({ claims }: Seen, { spec }: Pod): ResourceClaim | undefined => {
  const name = spec.resourceClaims?.[0]?.resourceClaimName
  return claims.find(claim => nameOf(claim) === name)
}
const membersOf = ({ pods }: Seen, group: string) =>
  pods.filter(pod => pod.spec.schedulingGroup?.podGroupName === group && !isGoing(pod))

/** What must never be. */
export function brokenNow(seen: Seen): string[] {
  return [...tooFull(seen), ...devicesGivenTwice(seen), ...withoutDevices(seen)]
}

function tooFull(seen: Seen): string[] {
  return seen.nodes.flatMap(node => {
    const { cpu, pods } = roomOn(seen, node, () => true)
    return cpu < 0 || pods < 0 ? [`${nameOf(node)} has ${-cpu}m CPU or ${-pods} pods too many`] : []
  })
}

function devicesGivenTwice({ claims }: Seen): string[] {
  const given = claims.flatMap(devicesOf).map(({ pool, device }) => `${pool}/${device}`)
  return given
    .filter((device, index) => given.indexOf(device) !== index)
    .map(device => `${device} is given twice`)
}

function withoutDevices(seen: Seen): string[] {
  return seen.pods.flatMap(pod => {
    const claim = claimOf(seen, pod)
    if (!pod.spec.nodeName || !claim || isGoing(pod)) return []
    const { uid } = pod.metadata
    const group = seen.groups.find(each => nameOf(each) === pod.spec.schedulingGroup?.podGroupName)
    const isReserved = (claim.status.reservedFor ?? []).some(
      consumer => consumer.uid === uid || consumer.uid === group?.metadata.uid,
    )
    const isThere = devicesOf(claim).every(({ pool }) => pool === pod.spec.nodeName)
    const has = devicesOf(claim).length === 1
    return isReserved && isThere && has ? [] : [`${nameOf(pod)} runs without its device`]
  })
}

/** What must not be left once nothing more happens; `excused` gangs may have been torn. */
export function brokenAtRest(seen: Seen, excused: (group: string) => boolean): string[] {
  return [
    ...seen.groups.flatMap(group => (excused(nameOf(group)) ? [] : torn(seen, group))),
    ...seen.groups.flatMap(group => starving(seen, group)),
    ...seen.pods.flatMap(pod => (pod.spec.schedulingGroup ? [] : waitingInVain(seen, pod))),
  ]
}

function torn(seen: Seen, group: PodGroup): string[] {
  const bound = membersOf(seen, nameOf(group)).filter(({ spec }) => spec.nodeName).length
  const least = minCountOf(group)
  return bound > 0 && bound < least
    ? [`${nameOf(group)} is torn: ${bound} of ${least} are bound`]
    : []
}

const minCountOf = ({ spec }: PodGroup): number => spec.schedulingPolicy.gang?.minCount ?? 1

function starving(seen: Seen, group: PodGroup): string[] {
  const name = nameOf(group)
  const members = membersOf(seen, name)
  const bound = members.filter(({ spec }) => spec.nodeName)
  const [waiting] = members.filter(({ spec }) => !spec.nodeName)
  if (!waiting || members.length < minCountOf(group)) return []
  const needed = Math.max(minCountOf(group) - bound.length, 1)
  if (slotsFor(seen, waiting, () => true) >= needed)
    return [`${name} waits though ${needed} of it fit`]
  // Once there are enough, upstream evicts nobody for the rest.
  if (bound.length >= minCountOf(group)) return []
  const { priority = 0, resourceClaims } = group.spec
  const stays = (pod: Pod) => unitPriorityOf(seen, pod) >= priority || isOf(pod, name)
  // Devices come back only when their groups do.
  return !resourceClaims && slotsFor(seen, waiting, stays) >= needed
    ? [`${name} waits though less important ones are in its way`]
    : []
}

const isOf = ({ spec }: Pod, group: string) => spec.schedulingGroup?.podGroupName === group

/** As groups see it: what may only be disrupted as a whole counts by its group's priority. */
function unitPriorityOf({ groups }: Seen, pod: Pod): number {
  const own = groups.find(group => isOf(pod, nameOf(group)))
  return own?.spec.disruptionMode === 'PodGroup' ? (own.spec.priority ?? 0) : priorityOf(pod)
}

function waitingInVain(seen: Seen, pod: Pod): string[] {
  if (pod.spec.nodeName || isGoing(pod)) return []
  if (slotsFor(seen, pod, () => true) > 0) return [`${nameOf(pod)} waits though it fits`]
  const stays = (other: Pod) => priorityOf(other) >= priorityOf(pod)
  return !pod.spec.resourceClaims && slotsFor(seen, pod, stays) > 0
    ? [`${nameOf(pod)} waits though less important ones are in its way`]
    : []
}

/** How many pods like this one find a node beside those that stay. */
export function slotsFor(seen: Seen, pod: Pod, stays: (pod: Pod) => boolean): number {
  const slots = seen.nodes.map(node => {
    if (!hasDevice(seen, pod, nameOf(node))) return 0
    const { cpu, pods } = roomOn(beside(seen, pod), node, stays)
    return Math.min(Math.floor(cpu / requestOf(pod, 'cpu')), pods)
  })
  const claim = claimOf(seen, pod)
  if (!claim) return slots.reduce((sum, each) => sum + each, 0)
  // A shared device is on one node, and stays there while anybody could still go there. Which node, the first of its pods decides: as upstream, it
  // takes the emptiest, and does not ask whether the others fit there, too.
  const given = seen.nodes.findIndex(node => nameOf(node) === devicesOf(claim)[0]?.pool)
  const possible = slots.filter(slot => slot > 0)
  return slots[given] || (possible.length > 0 ? Math.min(...possible) : 0)
}

function roomOn(seen: Seen, node: Node, stays: (pod: Pod) => boolean) {
  const there = on(seen, nameOf(node)).filter(stays)
  const { allocatable = {} } = node.status
  const used = there.reduce((sum, pod) => sum + requestOf(pod, 'cpu'), 0)
  return {
    cpu: amount('cpu', allocatable.cpu) - used,
    pods: amount('pods', allocatable.pods) - there.length,
  }
}

/** Room is kept for those who were promised it, unless they are less important, or of the same gang. */
function beside(seen: Seen, pod: Pod): Seen {
  const group = pod.spec.schedulingGroup?.podGroupName
  const pods = seen.pods.map(other => {
    const { nominatedNodeName: nodeName } = other.status
    const isKept = other !== pod && !(group && isOf(other, group)) && nodeName
    const isBefore = priorityOf(other) >= priorityOf(pod)
    return !other.spec.nodeName && isKept && isBefore
      ? { ...other, spec: { ...other.spec, nodeName } }
      : other
  })
  return { ...seen, pods }
}

/** Whether the pod's claim has a device on the node, or could have one. */
function hasDevice(seen: Seen, pod: Pod, node: string): boolean {
  const claim = claimOf(seen, pod)
  if (!claim) return !pod.spec.resourceClaims
  const isUsed = seen.pods.some(other => other.spec.nodeName && claimOf(seen, other) === claim)
  if (isUsed) return devicesOf(claim).some(({ pool }) => pool === node)
  const others = seen.claims.filter(each => each !== claim).flatMap(devicesOf)
  const taken = others.filter(({ pool }) => pool === node).length
  const slice = seen.slices.find(({ spec }) => spec.nodeName === node)
  return (slice?.spec.devices?.length ?? 0) > taken
}
