import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { claimsUsedBy, isMadeFor, type UsedClaim } from '#api/core/v1/pod/claims.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { classOf } from '#api/core/v1/storage.ts'
import { compareQuantities } from '#api/machinery/quantity.ts'
import type { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import type { CSIStorageCapacity } from '#api/storage/v1/csi-storage-capacity.ts'
import { type StorageClass, storageClass } from '#api/storage/v1/storage-class.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { actions, type ClusterEvent, type EventInterest } from '../framework/cluster-event.ts'
import { cycleKey } from '../framework/cycle-state.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import { failed, SKIP, type Status, unresolvable } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { UtilizationShapePoint } from './resource-strategies.ts'
import { AssumedVolumes } from './volume-binding.assumed.ts'
import { bindVolumes } from './volume-binding.bind.ts'
import {
  type ClaimsToPlace,
  isFullyBound,
  type NodeVolumes,
  VolumeFinder,
} from './volume-binding.find.ts'
import { createCapacityScorer } from './volume-binding.score.ts'
import { concernsOwnClaim } from './volume-events.ts'

const NAME = 'VolumeBinding'
const UNBOUND = unresolvable(NAME, 'pod has unbound immediate PersistentVolumeClaims')
const DEFAULT_TIMEOUT_SECONDS = 600

export interface VolumeBindingArgs {
  /** How long the binding of a pod's volumes may take. */
  readonly bindTimeoutSeconds?: number
  /** How full storage may be, and what that scores; only with the gate StorageCapacityScoring. */
  readonly shape?: readonly UtilizationShapePoint[]
}

interface State {
  readonly claims: ClaimsToPlace
  /** What was found for each node that will do. */
  readonly byNode: Map<string, NodeVolumes>
}
const STATE = cycleKey<State>('VolumeBinding')

/** Places pods where their volumes are or can be, and has those bound or made before the pod is. */
export function volumeBinding(args: unknown, handle: Handle): Plugin {
  const { bindTimeoutSeconds = DEFAULT_TIMEOUT_SECONDS, shape } = (args ?? {}) as VolumeBindingArgs
  if (bindTimeoutSeconds < 0)
    throw new UserError(
      `bindTimeoutSeconds: Invalid value: ${bindTimeoutSeconds}: invalid BindTimeoutSeconds, should not be a negative value`,
    )
  const assumed = new AssumedVolumes(handle)
  const finder = new VolumeFinder(handle.informers, assumed)
  const sorter = new ClaimSorter(handle, assumed)
  return {
    name: NAME,
    preFilter(cycle, { pod }) {
      const used = claimsUsedBy(pod)
      if (used.length === 0) return { status: SKIP }
      const claims = sorter.sort(pod, used)
      if ('code' in claims) return { status: claims }
      cycle.set(STATE, { claims, byNode: new Map() })
      return undefined
    },
    filter(cycle, _pod, node) {
      const state = cycle.get(STATE)
      if (!state || !node.node) return undefined
      try {
        const found = finder.find(state.claims, node.node)
        if ('reasons' in found) return unresolvable(NAME, found.reasons)
        state.byNode.set(node.name, found)
        return undefined
      } catch (error) {
        return failed(NAME, messageOf(error), error)
      }
    },
    ...(handle.enabled('StorageCapacityScoring') ? scoring(shape) : {}),
    reserve(cycle, _pod, node) {
      const found = cycle.get(STATE)?.byNode.get(node.name)
      if (found) assumed.assume(found, node.name)
      return undefined
    },
    unreserve(cycle, _pod, node) {
      const found = cycle.get(STATE)?.byNode.get(node.name)
      if (found) assumed.revert(found)
    },
    preBindPreFlight: (cycle, _pod, node) =>
      hasWork(cycle.get(STATE)?.byNode.get(node.name)) ? undefined : SKIP,
    async preBind(cycle, pod: PodInfo, node: NodeInfo) {
      const found = cycle.get(STATE)?.byNode.get(node.name)
      if (!found || !hasWork(found)) return undefined
      const timeoutMs = bindTimeoutSeconds * 1000
      try {
        await bindVolumes(handle, { pod: pod.pod, node, volumes: found, timeoutMs })
        return undefined
      } catch (error) {
        return failed(NAME, messageOf(error), error)
      }
    },
    events: () => interests,
  }
}

/** Scores nodes by how well their storage suits what is asked for. */
function scoring(shape: VolumeBindingArgs['shape']): Pick<Plugin, 'preScore' | 'score'> {
  const scoreOf = createCapacityScorer(shape)
  return {
    preScore: cycle => (cycle.get(STATE) ? undefined : SKIP),
    score(cycle, _pod, node) {
      const found = cycle.get(STATE)?.byNode.get(node.name)
      return found ? scoreOf(found) : 0
    },
  }
}

function hasWork(found: NodeVolumes | undefined): boolean {
  return found !== undefined && found.bindings.length + found.provisions.length > 0
}

/** Looks at what a pod's claims wait for. */
class ClaimSorter {
  readonly #claims
  readonly #classes
  readonly #assumed: AssumedVolumes

  constructor({ informers }: Handle, assumed: AssumedVolumes) {
    this.#claims = informers.for(persistentVolumeClaim)
    this.#classes = informers.for(storageClass)
    this.#assumed = assumed
  }

  /** Bound claims, and those whose place the pod decides; or why it cannot be placed at all. */
  sort(pod: Pod, used: readonly UsedClaim[]): ClaimsToPlace | Status {
    const bound: PersistentVolumeClaim[] = []
    const delayed: PersistentVolumeClaim[] = []
    let waits = false
    for (const one of used) {
      const claim = this.#claims.get(`${pod.metadata.namespace}/${one.name}`)
      const trouble = troubleOf(pod, claim, one)
      if (trouble !== undefined || !claim) return unresolvable(NAME, trouble ?? '')
      if (isFullyBound(claim)) bound.push(claim)
      else if (this.#isDelayed(claim) && !claim.spec.volumeName)
        delayed.push(this.#assumed.claim(claim))
      else waits = true
    }
    return waits ? UNBOUND : { bound, delayed }
  }

  #isDelayed(claim: PersistentVolumeClaim): boolean {
    const found = this.#classes.get(classOf(claim))
    return found?.volumeBindingMode === 'WaitForFirstConsumer'
  }
}

/** Why the pod cannot use the claim, if it cannot, in upstream's words. */
function troubleOf(
  pod: Pod,
  claim: PersistentVolumeClaim | undefined,
  { name, isEphemeral }: UsedClaim,
): string | undefined {
  const quoted = `persistentvolumeclaim "${name}"`
  if (!claim)
    return isEphemeral
      ? `waiting for ephemeral volume controller to create the ${quoted}`
      : `${quoted} not found`
  if (claim.status.phase === 'Lost')
    return `${quoted} bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`
  if (claim.metadata.deletionTimestamp) return `${quoted} is being deleted`
  const { namespace } = pod.metadata
  if (isEphemeral && !isMadeFor(claim, pod))
    return `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`
  return undefined
}

const interests: readonly EventInterest[] = [
  {
    resource: 'StorageClass',
    action: actions.add | actions.updateOther,
    hint: (_pod, { previous, next }) =>
      !previous || topologiesOf(previous as StorageClass) !== topologiesOf(next as StorageClass),
  },
  {
    resource: 'PersistentVolumeClaim',
    action: actions.add | actions.updateOther,
    hint: concernsOwnClaim,
  },
  { resource: 'PersistentVolume', action: actions.add | actions.updateOther },
  { resource: 'Node', action: actions.add | actions.updateNodeLabel },
  { resource: 'CSIDriver', action: actions.updateOther, hint: (_pod, event) => isUnlimited(event) },
  {
    resource: 'CSIStorageCapacity',
    action: actions.add | actions.updateOther,
    hint: (_pod, event) => hasMoreRoom(event),
  },
]

const topologiesOf = ({ allowedTopologies }: StorageClass) => JSON.stringify(allowedTopologies)

/** Whether the driver no longer has its room checked. */
function isUnlimited({ previous, next }: ClusterEvent): boolean {
  const [before, after] = [previous as CSIDriver, next as CSIDriver]
  return before.spec.storageCapacity === true && after.spec.storageCapacity !== true
}

function hasMoreRoom({ previous, next }: ClusterEvent): boolean {
  const [before, after] = [previous, next].map(each => {
    const { maximumVolumeSize, capacity } = (each ?? {}) as Partial<CSIStorageCapacity>
    return maximumVolumeSize ?? capacity
  })
  if (!previous) return true
  return after !== undefined && (before === undefined || compareQuantities(after, before) > 0)
}
