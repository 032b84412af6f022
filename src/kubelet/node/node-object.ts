/** The Node object of this machine: what registration creates and what status updates say. Pure. */
import type { Node } from '#api/core/v1/node.ts'
import { DECLARED_FEATURES } from '#api/core/v1/node-features.ts'
import { canonicalQuantity, quantityToMilli, quantityToNumber } from '#api/machinery/quantity.ts'
import { splitRanges } from '#base/cidr.ts'
import { rfc3339 } from '#base/clock.ts'
import type { Amounts } from '../devices/resources.ts'
import type { NodeConditions } from '../eviction/pressure-refusal.ts'
import { limitOf, type Signal } from '../eviction/thresholds.ts'
import type { KubeletContext, KubeletOptions } from '../options.ts'
import type { Image, RuntimeVersion } from '../runtime.ts'
import type { RuntimeAbilities } from './runtime-health.ts'

export type NodeStatus = NonNullable<Node['status']>
export type NodeCondition = NonNullable<NodeStatus['conditions']>[number]

const MAXIMUM_IMAGE_NAMES = 5
const KIBIBYTE = 1024

/** What a node that a cloud controller manager has not looked at yet is kept free by. */
const UNINITIALIZED = {
  key: 'node.cloudprovider.kubernetes.io/uninitialized',
  value: 'true',
  effect: 'NoSchedule',
} as const

export function nodeAnnotations({ options }: KubeletContext): Record<string, string> {
  const { hasExternalCloud, isAddressWished, nodeAddresses } = options
  return {
    // The control plane attaches and detaches volumes of drivers; the node alone would not know who else has them.
    'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
    ...(hasExternalCloud && isAddressWished
      ? { 'alpha.kubernetes.io/provided-node-ip': nodeAddresses.join(',') }
      : {}),
  }
}

/** With what a node is registered that the control plane does not know yet. */
export function nodeSpecOf(
  options: Partial<Pick<KubeletOptions, 'providerId' | 'podCidr' | 'hasExternalCloud' | 'taints'>>,
): NonNullable<Node['spec']> {
  const { providerId, podCidr, hasExternalCloud } = options
  const podCidrs = podCidr ? splitRanges(podCidr) : []
  const taints = [...(options.taints ?? []), ...(hasExternalCloud ? [UNINITIALIZED] : [])]
  return {
    ...(providerId ? { providerID: providerId } : {}),
    ...(podCidrs[0] ? { podCIDR: podCidrs[0], podCIDRs: podCidrs } : {}),
    ...(taints.length > 0 ? { taints } : {}),
  }
}

export interface NodeHealth {
  /** Empty when the runtime answers. */
  readonly runtimeProblem: string
  /** Empty when pods get their network. */
  readonly networkProblem: string
  /** Absent where the machine does not shut down. */
  readonly shutdownProblem?: string
}

export function nodeLabels({ options }: KubeletContext): Record<string, string> {
  const { facts } = options.hostAccess
  return {
    'beta.kubernetes.io/arch': facts.architecture,
    'beta.kubernetes.io/os': facts.operatingSystem,
    'kubernetes.io/arch': facts.architecture,
    'kubernetes.io/hostname': options.nodeName,
    'kubernetes.io/os': facts.operatingSystem,
    ...options.nodeLabels,
  }
}

export function capacityOf({ options }: KubeletContext): Record<string, string> {
  const { facts } = options.hostAccess
  return canonical({
    cpu: `${facts.cpuMillis}m`,
    'ephemeral-storage': `${Math.floor(facts.ephemeralStorageBytes / KIBIBYTE)}Ki`,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${Math.floor(facts.memoryBytes / KIBIBYTE)}Ki`,
    pods: String(options.maxPods),
    ...options.capacity,
  })
}

/** As the API stores them, so that what was written compares equal to what is read. */
const canonical = (quantities: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(quantities).map(([name, quantity]) => [name, canonicalQuantity(quantity)]),
  )

/** What pods may have: all but what is reserved, and what has to be left so that nobody is evicted. */
export function allocatableOf(context: KubeletContext): Record<string, string> {
  const { reserved, evictionHard } = context.options
  const allocatable = capacityOf(context)
  for (const [name, signal] of Object.entries(WITHHELD)) {
    const capacity = allocatable[name]
    if (capacity === undefined) continue
    if (name === 'cpu') {
      const left = quantityToMilli(capacity) - quantityToMilli(reserved.cpu ?? '0')
      allocatable.cpu = `${Math.max(0, left)}m`
      continue
    }
    const whole = quantityToNumber(capacity)
    const threshold = signal && evictionHard[signal]
    const kept = threshold === undefined ? 0 : limitOf(threshold, whole)
    const left = whole - quantityToNumber(reserved[name] ?? '0') - kept
    allocatable[name] = `${Math.max(0, Math.floor(left / KIBIBYTE))}Ki`
  }
  return canonical(allocatable)
}

/** By resource, the signal of how little of it may be left. */
const WITHHELD: Readonly<Record<string, Signal | undefined>> = {
  cpu: undefined,
  memory: 'memory.available',
  'ephemeral-storage': 'nodefs.available',
}

export interface NodeStatusInput {
  readonly context: KubeletContext
  readonly health: NodeHealth
  /** Of what the node has too little. */
  readonly pressure: NodeConditions
  readonly volumesInUse: readonly string[]
  readonly version: RuntimeVersion
  /** What the runtime can do. */
  readonly abilities: RuntimeAbilities
  readonly images: readonly Image[]
  readonly devices: Amounts
  readonly previous: NodeStatus | undefined
  readonly now: number
}

export function nodeStatusOf(input: NodeStatusInput): NodeStatus {
  const { context, version, volumesInUse, devices } = input
  const {
    volumesInUse: _,
    runtimeHandlers: __,
    features: ___,
    ...previous
  } = input.previous ?? ({} as Partial<NodeStatus>)
  const { options } = context
  const { facts } = options.hostAccess
  const capacity = { ...previous.capacity, ...capacityOf(context), ...devices.capacity }
  return {
    ...previous,
    ...(volumesInUse.length > 0 ? { volumesInUse: [...volumesInUse].sort() } : {}),
    capacity,
    // Of what an administrator says that the node has, nothing is reserved.
    allocatable: { ...capacity, ...allocatableOf(context), ...devices.allocatable },
    conditions: conditionsOf(input),
    addresses: addressesOf(input),
    daemonEndpoints: { kubeletEndpoint: { Port: options.kubeletPort } },
    nodeInfo: {
      machineID: facts.machineId,
      systemUUID: facts.systemUuid,
      bootID: facts.bootId,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: `${version.runtimeName}://${version.runtimeVersion}`,
      kubeletVersion: options.version,
      kubeProxyVersion: '',
      operatingSystem: facts.operatingSystem,
      architecture: facts.architecture,
      ...(facts.swapBytes ? { swap: { capacity: facts.swapBytes } } : {}),
    },
    ...abilitiesOf(input.abilities),
    declaredFeatures: DECLARED_FEATURES,
    ...(input.images.length > 0
      ? { images: imagesOf(input.images, options.nodeStatusMaxImages) }
      : {}),
  } as NodeStatus
}

function abilitiesOf({
  handlers,
  supplementalGroupsPolicy,
}: RuntimeAbilities): Pick<NodeStatus, 'runtimeHandlers' | 'features'> {
  return {
    ...(handlers && {
      runtimeHandlers: handlers.map(({ name, ...features }) => ({ name, features })),
    }),
    ...(supplementalGroupsPolicy !== undefined && { features: { supplementalGroupsPolicy } }),
  }
}

/** The cloud's word on where the node is reached counts more than the node's own. */
function addressesOf({ context, previous }: NodeStatusInput): NodeStatus['addresses'] & object {
  const { options } = context
  const known = previous?.addresses ?? []
  if (options.hasExternalCloud && known.length > 0) return known
  return [
    ...options.nodeAddresses.map(address => ({ type: 'InternalIP', address })),
    { type: 'Hostname', address: options.hostAccess.facts.hostname },
  ] as NodeStatus['addresses'] & object
}

function imagesOf(images: readonly Image[], limit: number): NonNullable<NodeStatus['images']> {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.id < b.id ? -1 : 1))
    .slice(0, limit < 0 ? images.length : limit)
    .map(image => ({
      names: [...image.repoDigests, ...image.repoTags].slice(0, MAXIMUM_IMAGE_NAMES),
      sizeBytes: image.sizeBytes,
    }))
}

function conditionsOf({ health, pressure, previous, now }: NodeStatusInput): NodeCondition[] {
  const problem = readyProblem(health)
  const own = [
    pressure.memory
      ? isShort('MemoryPressure', 'KubeletHasInsufficientMemory', 'insufficient memory available')
      : hasEnough('MemoryPressure', 'KubeletHasSufficientMemory', 'sufficient memory available'),
    pressure.disk
      ? isShort('DiskPressure', 'KubeletHasDiskPressure', 'disk pressure')
      : hasEnough('DiskPressure', 'KubeletHasNoDiskPressure', 'no disk pressure'),
    hasEnough('PIDPressure', 'KubeletHasSufficientPID', 'sufficient PID available'),
    problem
      ? { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: problem }
      : {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'kubelet is posting ready status',
        },
  ]
  const before = previous?.conditions ?? []
  const made = own.map(condition => {
    const known = before.find(({ type }) => type === condition.type)
    return {
      ...condition,
      lastHeartbeatTime: rfc3339(now),
      lastTransitionTime:
        known?.status === condition.status && known.lastTransitionTime
          ? known.lastTransitionTime
          : rfc3339(now),
    }
  })
  return [
    ...made,
    ...before.filter(({ type }) => !own.some(condition => condition.type === type)),
  ] as NodeCondition[]
}

const hasEnough = (type: string, reason: string, what: string) => ({
  ...{ type, status: 'False', reason },
  message: `kubelet has ${what}`,
})
const isShort = (type: string, reason: string, what: string) => ({
  ...{ type, status: 'True', reason },
  message: `kubelet has ${what}`,
})

function readyProblem({ runtimeProblem, networkProblem, shutdownProblem }: NodeHealth): string {
  const problems = [
    ...(runtimeProblem ? [`container runtime is down: ${runtimeProblem}`] : []),
    ...(networkProblem
      ? [
          `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:${networkProblem}`,
        ]
      : []),
    ...(shutdownProblem ? [shutdownProblem] : []),
  ]
  return problems.length > 1 ? `[${problems.join(', ')}]` : (problems[0] ?? '')
}

/** Equal but for the heartbeats, so that only changes are written. */
export function withoutHeartbeats(status: NodeStatus): NodeStatus {
  return {
    ...status,
    conditions: (status.conditions ?? []).map(
      ({ lastHeartbeatTime: _, ...rest }) => rest,
    ) as NodeCondition[],
  }
}
