import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { DeviceClass } from '#api/resource/v1/device-class.ts'
import { actions, type ClusterEvent } from '../framework/cluster-event.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import { refusal } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { amountOf, podRequestsOf } from '../state/pod-requests.ts'
import { deviceTotals, scoredBy } from './extended-resources.totals.ts'
import { ExtendedResources, servesAny } from './extended-resources.ts'
import { fullnessTogether, type ResourceSpec } from './resource-scorer.ts'
import { type ScoringStrategy, scorerOf } from './resource-strategies.ts'

const NAME = 'NodeResourcesFit'

export interface NodeResourcesFitArgs {
  /** Extended resources that others look after. */
  readonly ignoredResources?: readonly string[]
  /** The same by group, the part before the slash. */
  readonly ignoredResourceGroups?: readonly string[]
  readonly scoringStrategy?: ScoringStrategy
}

const CPU_AND_MEMORY: readonly ResourceSpec[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
]

/** Places pods where what they ask for is left, and by default prefers the emptier nodes. */
export function nodeResourcesFit(args: unknown, handle: Handle): Plugin {
  const {
    ignoredResources,
    ignoredResourceGroups,
    scoringStrategy = {},
  } = (args ?? {}) as NodeResourcesFitArgs
  const ignored = ignoredTest(ignoredResources, ignoredResourceGroups)
  const extended = new ExtendedResources(handle)
  const score = scorerOf(scoringStrategy)
  // Groups are packed close, whatever is best for single pods.
  const packed = scorerOf({ type: 'MostAllocated' })
  const resources = scoringStrategy.resources ?? CPU_AND_MEMORY
  const totals = deviceTotals(handle, resources)
  return {
    name: NAME,
    sign(pod) {
      // What devices serve is not asked of nodes here.
      const served = extended.servedOf(pod.requests)
      if (served.length > 0 && totals?.concerns(pod)) return undefined
      const asked = signResources(pod)
      return served.length === 0 ? asked : `${asked} but ${served}`
    },
    filter: (_cycle, pod, node) =>
      insufficient(pod, node, {
        ignored,
        isServed: resource => extended.classFor(resource) !== undefined,
      }),
    ...scoredBy(totals, resources, { exact: false, score }),
    scorePlacement: placement => packed(fullnessTogether(placement, resources)),
    events: () => [
      { resource: 'AssignedPod', action: actions.delete },
      {
        resource: 'Pod',
        action: actions.updatePodScaleDown,
        hint: (pod, event) => isLessAsked(pod, event),
      },
      {
        resource: 'DeviceClass',
        action: actions.add | actions.updateOther,
        hint: (pod, { next }) => servesAny(next as DeviceClass, pod),
      },
      {
        resource: 'Node',
        action: actions.add | actions.updateNodeAllocatable,
        hint: (pod, { previous, next }) =>
          mayFit(pod, next as Node, extended) &&
          (!previous || hasMore(pod, previous as Node, next as Node)),
      },
    ],
  }
}

/** What a pod asks for decides all answers about resources. */
export function signResources({ requests, scoredCpuMilli, scoredMemoryBytes }: PodInfo): string {
  let text = `${scoredCpuMilli} ${scoredMemoryBytes}`
  for (const [resource, amount] of requests) text += ` ${resource}=${amount}`
  return text
}

/** Resources with a domain of their own can be left to others. */
function ignoredTest(names: readonly string[] = [], groups: readonly string[] = []) {
  if (names.length + groups.length === 0) return () => false
  return (resource: string) => {
    if (!isExtended(resource)) return false
    return names.includes(resource) || groups.includes(resource.split('/')[0] ?? '')
  }
}

function isExtended(resource: string): boolean {
  return resource.includes('/') && !/(^|\.)kubernetes\.io\//.test(resource)
}

interface Elsewhere {
  readonly ignored: (resource: string) => boolean
  /** Whether devices serve the resource on nodes that do not offer it. */
  readonly isServed: (resource: string) => boolean
}

function insufficient(pod: PodInfo, node: NodeInfo, { ignored, isServed }: Elsewhere) {
  const full = node.pods.size + 1 > node.allowedPods
  let missing: string[] | undefined
  let never = false
  for (const [resource, wanted] of pod.requests) {
    if (wanted === 0) continue
    const allocatable = node.allocatable.get(resource) ?? 0
    if (wanted <= allocatable - (node.requested.get(resource) ?? 0) || ignored(resource)) continue
    if (allocatable === 0 && isServed(resource)) continue
    missing ??= []
    missing.push(`Insufficient ${resource}`)
    never ||= wanted > allocatable
  }
  if (!full && !missing) return undefined
  const reasons = [...(full ? ['Too many pods'] : []), ...(missing ?? [])]
  return refusal(NAME, reasons, never ? 'UnschedulableAndUnresolvable' : 'Unschedulable')
}

/** Whether the pod would fit on the node if it had it for itself. */
function mayFit({ requests }: PodInfo, { status }: Node, extended: ExtendedResources): boolean {
  const allocatable = status.allocatable ?? {}
  for (const [resource, wanted] of requests)
    if (
      wanted > amountOf(resource, allocatable[resource] ?? '0') &&
      extended.classFor(resource) === undefined
    )
      return false
  return true
}

/** Whether the node has more than before of anything that the pod needs. */
function hasMore({ requests }: PodInfo, previous: Node, next: Node): boolean {
  const [before, after] = [previous.status.allocatable ?? {}, next.status.allocatable ?? {}]
  return [...requests.keys(), 'pods'].some(
    resource =>
      amountOf(resource, after[resource] ?? '0') > amountOf(resource, before[resource] ?? '0'),
  )
}

/** Whether a pod on a node, or the waiting pod itself, asks for less of what the waiting pod needs. */
function isLessAsked({ uid, requests }: PodInfo, { previous, next }: ClusterEvent): boolean {
  const [before, after] = [previous as Pod, next as Pod]
  if (!after.spec.nodeName && after.metadata.uid !== uid) return false
  const [had, has] = [podRequestsOf(before).requests, podRequestsOf(after).requests]
  return [...requests.keys()].some(resource => (has.get(resource) ?? 0) < (had.get(resource) ?? 0))
}
