/**
 * What the node itself checks before a pod may run on it; the scheduler normally has done so, but
 * pods can be bound by hand. Pure.
 */
import type { Node } from '#api/core/v1/node.ts'
import { neededFeatures, undeclaredFeatures } from '#api/core/v1/node-features.ts'
import { matchesNodeSelection, untolerated } from '#api/core/v1/node-matching.ts'
import { quantityToMilli, quantityToNumber } from '#api/machinery/quantity.ts'
import type { PodRequests } from '../containers/resources.ts'
import { isSidecar, type Pod } from '../pod-types.ts'
import type { PodFailure } from '../status/pod-status.ts'
import { forbiddenSysctl } from './sysctls.ts'
import type { Taken } from './taken.ts'

export interface AdmissionInput {
  readonly pod: Pod
  readonly requests: PodRequests
  /** What the pods take that were admitted here before. */
  readonly taken: Readonly<Omit<Taken, 'exchange'>>
  /** Those pods; asked for only by a pod that wants ports of the node. */
  readonly others: () => readonly Pod[]
  readonly node: Node | undefined
  readonly allocatable: Readonly<Record<string, string>>
  readonly maxPods: number
  /** The node's own, in Go's words. */
  readonly operatingSystem: string
  readonly allowedUnsafeSysctls: readonly string[]
}

const AMOUNT_NAMES = ['cpu', 'memory', 'ephemeral-storage'] as const

/** Undefined where the pod may run. */
export function refusal(input: AdmissionInput): PodFailure | undefined {
  const { pod, node, taken, maxPods } = input
  return (
    forbiddenSysctl(pod, input.allowedUnsafeSysctls) ??
    wrongSystem(input) ??
    withoutStrictGroups(pod, node) ??
    wrongNode(input) ??
    lacking(pod, node) ??
    tooMany(taken.pods, maxPods) ??
    outOfResources(input) ??
    portConflict(pod, input.others) ??
    untoleratedTaint(pod, node)
  )
}

/** Whether another state of the Node could make the pod welcome. */
export const dependsOnNode = ({ reason }: PodFailure): boolean =>
  reason === WRONG_NODE || reason === LACKING || reason === TAINTED

const WRONG_NODE = 'NodeAffinity'
const LACKING = 'PodFeatureUnsupported'

/** As upstream, by a label of the pod itself; its selector is looked at with all others. */
function wrongSystem({ pod, operatingSystem }: AdmissionInput): PodFailure | undefined {
  const labelled = pod.metadata.labels?.['kubernetes.io/os']
  if (labelled !== undefined && labelled !== operatingSystem)
    return {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    }
  const wanted = pod.spec?.os?.name
  if (wanted === undefined || wanted === operatingSystem) return undefined
  return {
    reason: 'PodOSNotSupported',
    message: "Failed to admit pod as the OS field doesn't match node OS",
  }
}

/** A runtime that does not know the policy would give the pod groups that it does not want. */
function withoutStrictGroups({ spec }: Pod, node: Node | undefined): PodFailure | undefined {
  const policy = spec?.securityContext?.supplementalGroupsPolicy
  if (policy !== 'Strict' || !node || node.status?.features?.supplementalGroupsPolicy)
    return undefined
  return {
    reason: 'SupplementalGroupsPolicyNotSupported',
    message: 'SupplementalGroupsPolicy=Strict is not supported in this node',
  }
}

const TAINTED = 'TaintToleration'

/** Whom the node would send away at once. */
function untoleratedTaint({ spec }: Pod, node: Node | undefined): PodFailure | undefined {
  if (!untolerated(node?.spec?.taints, spec?.tolerations, ['NoExecute'])) return undefined
  return {
    reason: TAINTED,
    message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
  }
}

function wrongNode({ pod, node }: AdmissionInput): PodFailure | undefined {
  if (!node || matchesNodeSelection(pod, node)) return undefined
  return {
    reason: WRONG_NODE,
    message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  }
}

function lacking(pod: Pod, node: Node | undefined): PodFailure | undefined {
  const needed = pod.spec ? neededFeatures(pod.spec) : []
  const missing = node ? undeclaredFeatures(needed, node) : []
  if (missing.length === 0) return undefined
  return {
    reason: LACKING,
    message: `Pod requires node features that are not available: ${missing.join(', ')}`,
  }
}

function tooMany(used: number, capacity: number): PodFailure | undefined {
  if (used < capacity) return undefined
  return outOf('pods', 1, used, capacity)
}

export function outOf(name: string, requested: number, used: number, capacity: number): PodFailure {
  return {
    reason: `OutOf${name}`,
    message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  }
}

function outOfResources({ requests, taken, allocatable }: AdmissionInput): PodFailure | undefined {
  for (const name of AMOUNT_NAMES) {
    const requested = requests[name]
    const quantity = allocatable[name]
    if (requested === 0 || quantity === undefined) continue
    const capacity = name === 'cpu' ? quantityToMilli(quantity) : quantityToNumber(quantity)
    if (requested + taken[name] > capacity) return outOf(name, requested, taken[name], capacity)
  }
  return undefined
}

function portConflict(pod: Pod, others: () => readonly Pod[]): PodFailure | undefined {
  const wanted = hostPortsOf(pod)
  if (wanted.length === 0) return undefined
  const taken = new Set(others().flatMap(hostPortsOf))
  const clash = wanted.some(port => {
    const [protocol, ip, number] = port.split('|')
    if (ip === '0.0.0.0')
      return [...taken].some(other => {
        const [otherProtocol, , otherNumber] = other.split('|')
        return otherProtocol === protocol && otherNumber === number
      })
    return taken.has(port) || taken.has(`${protocol}|0.0.0.0|${number}`)
  })
  return clash
    ? {
        reason: 'NodePorts',
        message:
          "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
      }
    : undefined
}

function hostPortsOf(pod: Pod): string[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar)
  return [...sidecars, ...(pod.spec?.containers ?? [])].flatMap(container =>
    (container.ports ?? [])
      .filter(port => port.hostPort)
      .map(port => `${port.protocol || 'TCP'}|${port.hostIP || '0.0.0.0'}|${port.hostPort}`),
  )
}
