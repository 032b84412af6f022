import { loadCelEngine } from '#api/cel/engine.ts'
import { matchesTerm } from '#api/core/v1/node-matching.ts'
import { nameOfPodClaim } from '#api/core/v1/pod/device-claims.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { parseDuration } from '#api/machinery/duration.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { AllocationResult } from '#api/resource/v1/claim-status.schema.ts'
import { deviceClass } from '#api/resource/v1/device-class.ts'
import { type ResourceClaim, resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceSlice } from '#api/resource/v1/resource-slice.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { actions, type EventInterest } from '../framework/cluster-event.ts'
import { type CycleState, cycleKey } from '../framework/cycle-state.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin, PreFilterResult, Verdict } from '../framework/plugin.ts'
import { failed, refusal, SKIP, type Status, unresolvable } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import { type AllocationWorld, allocate, drawn } from './dynamic-resources.allocate.ts'
import { type Amounts, sumOf } from './dynamic-resources.capacity.ts'
import {
  DEFAULT_BINDING_TIMEOUT_MS,
  hasConditions,
  isHopeless,
  waitForConditions,
} from './dynamic-resources.conditions.ts'
import {
  candidatesOn,
  countersOf,
  deviceId,
  type Pool,
  poolsOf,
} from './dynamic-resources.pools.ts'

const NAME = 'DynamicResources'
const NOTHING_TO_FREE = refusal(NAME, 'no new claims to deallocate')
const FREED = refusal(NAME, 'deallocation of ResourceClaim completed')
const OUT_OF_REACH = unresolvable(NAME, 'resourceclaim not available on the node')
const NO_DEVICES = refusal(NAME, 'cannot allocate all claims')
const IN_USE = refusal(NAME, 'resourceclaim in use')
/** Keeps an allocated claim from being deleted under its pods. */
const FINALIZER = 'resource.kubernetes.io/delete-protection'
/** Who may use one claim at a time, by the API's rules. */
const CONSUMERS_LIMIT = 256

interface State {
  readonly claims: readonly ResourceClaim[]
  readonly pools: readonly Pool[]
  readonly world: Omit<AllocationWorld, 'candidates' | 'preparingNode'>
  /** What was found for each node, in the order of the claims without devices. */
  readonly byNode: Map<string, readonly AllocationResult[]>
  /** Claims whose devices some node cannot use: freeing them may help. */
  readonly outOfReach: Set<ResourceClaim>
}
const STATE = cycleKey<State>(NAME)

export interface DynamicResourcesArgs {
  /** How long devices may take to become ready for a pod, as a duration; 600 s if absent. */
  readonly bindingTimeout?: string
}

/** Gives pods the devices that their claims ask for, and places them where those can be used. */
export function dynamicResources(args: unknown, handle: Handle): Plugin {
  const { bindingTimeout } = (args ?? {}) as DynamicResourcesArgs
  const devices = new Devices(
    handle,
    bindingTimeout
      ? Number(parseDuration(bindingTimeout) / 1_000_000n)
      : DEFAULT_BINDING_TIMEOUT_MS,
  )
  return {
    name: NAME,
    preEnqueue: ({ pod }) => {
      const claims = devices.claimsOf(pod)
      return 'code' in claims ? claims : undefined
    },
    preFilter: (cycle, { pod }) => devices.preFilter(cycle, pod),
    filter: (cycle, _pod, node) => devices.filter(cycle, node),
    postFilter: async (cycle, { pod }) => ({ status: await devices.free(cycle, pod) }),
    reserve: (cycle, _pod, node) => devices.reserve(cycle, node),
    unreserve: cycle => devices.unreserve(cycle),
    preBindPreFlight: cycle => (cycle.get(STATE) ? undefined : SKIP),
    preBind: (cycle, { pod }, node) => devices.bind(cycle, pod, node),
    events: () => interests,
  }
}

const changed = actions.add | actions.updateOther
const interests: readonly EventInterest[] = [
  { resource: 'ResourceClaim', action: changed | actions.delete },
  {
    resource: 'UnscheduledPod',
    action: actions.updatePodGeneratedResourceClaim,
    hint: ({ uid }, { next }) => next?.metadata.uid === uid,
  },
  { resource: 'DeviceClass', action: changed },
  { resource: 'ResourceSlice', action: changed | actions.delete },
  { resource: 'Node', action: actions.add | actions.updateNodeLabel },
]

class Devices {
  readonly #handle: Handle
  readonly #claims
  readonly #slices
  readonly #classes
  /** Decided and not yet seen in the API, by the claim's UID. */
  readonly #assumed = new Map<string, AllocationResult>()
  #engine: 'absent' | 'loading' | 'loaded' = 'absent'
  readonly #bindingTimeoutMs: number
  readonly #hasConditions: boolean
  readonly #isSharing: boolean

  constructor(handle: Handle, bindingTimeoutMs: number) {
    this.#handle = handle
    this.#bindingTimeoutMs = bindingTimeoutMs
    this.#hasConditions =
      handle.enabled('DRADeviceBindingConditions') && handle.enabled('DRAResourceClaimDeviceStatus')
    this.#isSharing = handle.enabled('DRAConsumableCapacity')
    this.#claims = handle.informers.for(resourceClaim)
    this.#slices = handle.informers.for(resourceSlice)
    this.#classes = handle.informers.for(deviceClass)
    const forget = ({ metadata }: ResourceClaim) => void this.#assumed.delete(metadata.uid ?? '')
    this.#claims.subscribe({
      changed: claim => claim.status.allocation && forget(claim),
      deleted: forget,
    })
    // Most clusters have no devices, and then no expressions about them.
    this.#classes.subscribe({ changed: () => this.#loadEngine() })
  }

  #loadEngine(): void {
    if (this.#engine !== 'absent') return
    this.#engine = 'loading'
    loadCelEngine().then(
      () => {
        this.#engine = 'loaded'
      },
      error => this.#handle.log.error('expressions about devices cannot be read', { error }),
    )
  }

  /** The claims of a pod, or what it waits for. */
  claimsOf(pod: Pod): readonly ResourceClaim[] | Status {
    const claims: ResourceClaim[] = []
    for (const entry of pod.spec.resourceClaims ?? []) {
      const name = nameOfPodClaim(pod, entry)
      if (name === undefined)
        return unresolvable(NAME, `pod claim "${entry.name}": ResourceClaim not created yet`)
      if (name === null) continue
      const claim = this.#claims.get(`${pod.metadata.namespace}/${name}`)
      if (!claim) return unresolvable(NAME, `resourceclaim.resource.k8s.io "${name}" not found`)
      if (claim.metadata.deletionTimestamp)
        return unresolvable(NAME, `resourceclaim "${name}" is being deleted`)
      claims.push(claim)
    }
    return claims
  }

  preFilter(cycle: CycleState, pod: Pod): PreFilterResult | undefined {
    if (!pod.spec.resourceClaims?.length) return { status: SKIP }
    const claims = this.claimsOf(pod)
    if ('code' in claims) return { status: claims }
    if (claims.length === 0) return { status: SKIP }
    const { uid = '' } = pod.metadata
    for (const claim of claims) {
      const { allocation, reservedFor = [] } = claim.status
      if (allocation) {
        const isOwn = reservedFor.some(consumer => consumer.uid === uid)
        if (!isOwn && reservedFor.length >= CONSUMERS_LIMIT) return { status: IN_USE }
      } else if (this.#assumed.has(claim.metadata.uid ?? '')) {
        // Another pod's decision is being written; what comes of it is seen soon.
        return {
          status: refusal(
            NAME,
            `resource claim ${keyOf(claim)} is in the process of being allocated`,
          ),
        }
      } else {
        const problem = this.#classProblem(claim)
        if (problem) return { status: problem }
      }
    }
    const waiting = claims.some(({ status }) => !status.allocation)
    if (waiting && this.#engine !== 'loaded') {
      this.#loadEngine()
      return { status: failed(NAME, 'expressions about devices cannot be read yet') }
    }
    const pools = waiting ? poolsOf(this.#slices.list()) : []
    const world = this.#worldOf(pools)
    cycle.set(STATE, {
      claims,
      pools,
      world,
      byNode: new Map(),
      outOfReach: new Set<ResourceClaim>(),
    })
    return undefined
  }

  #classProblem({ spec }: ResourceClaim): Status | undefined {
    for (const { name, exactly, firstAvailable = [] } of spec.devices.requests)
      for (const { deviceClassName } of exactly ? [exactly] : firstAvailable)
        if (!this.#classes.get(deviceClassName))
          return unresolvable(
            NAME,
            `request ${name}: device class ${deviceClassName} does not exist`,
          )
    return undefined
  }

  /** What others have of devices and counters. */
  #worldOf(pools: readonly Pool[]): State['world'] {
    const inUse = new Set<string>()
    const shares = new Map<string, Amounts>()
    for (const claim of this.#claims.list()) {
      const { uid = '' } = claim.metadata
      const { devices } = claim.status.allocation ?? this.#assumed.get(uid) ?? {}
      for (const result of devices?.results ?? []) {
        if (result.adminAccess) continue
        const id = deviceId(result.driver, result.pool, result.device)
        if (result.shareID)
          shares.set(id, sumOf(shares.get(id) ?? {}, result.consumedCapacity ?? {}))
        else inUse.add(id)
      }
    }
    let counters = countersOf(pools)
    for (const { slices } of pools)
      for (const { spec } of slices)
        for (const device of spec.devices ?? []) {
          const pool = spec.pool.name
          const id = deviceId(spec.driver, pool, device.name)
          if (!inUse.has(id) && !shares.has(id)) continue
          counters = drawn({ driver: spec.driver, pool, device }, counters) ?? counters
        }
    return {
      inUse,
      shares,
      counters,
      isSharing: this.#isSharing,
      classNamed: name => this.#classes.get(name),
      newShareId: () => this.#handle.random.uuid(),
    }
  }

  filter(cycle: CycleState, { name, node }: NodeInfo): Verdict {
    const state = cycle.get(STATE)
    if (!state || !node) return undefined
    const away = state.claims.filter(claim => {
      const terms = claim.status.allocation?.nodeSelector?.nodeSelectorTerms
      return (terms && !terms.some(term => matchesTerm(term, node))) || this.#isHopeless(claim)
    })
    for (const claim of away) state.outOfReach.add(claim)
    if (away.length > 0) return OUT_OF_REACH
    const waiting = state.claims.filter(({ status }) => !status.allocation)
    if (waiting.length === 0) return undefined
    try {
      const candidates = candidatesOn(state.pools, node)
      const found = allocate(waiting, {
        ...state.world,
        candidates,
        preparingNode: this.#hasConditions ? name : undefined,
      })
      if (!found) return NO_DEVICES
      state.byNode.set(name, found)
      return undefined
    } catch (error) {
      return failed(NAME, messageOf(error), error)
    }
  }

  #isHopeless(claim: ResourceClaim): boolean {
    return (
      this.#hasConditions && isHopeless(claim, this.#handle.clock.now(), this.#bindingTimeoutMs)
    )
  }

  /** A claim whose devices no suitable node can use, and that nobody uses, is freed to be given others. */
  async free(cycle: CycleState, pod: Pod): Promise<Status> {
    for (const claim of cycle.get(STATE)?.outOfReach ?? []) {
      const { allocation: _, reservedFor = [], devices: __, ...rest } = claim.status
      if (reservedFor.some(({ uid }) => uid !== pod.metadata.uid)) continue
      try {
        const status = { ...rest }
        await this.#handle.client.update(resourceClaim, { ...claim, status } as ResourceClaim, {
          subresource: 'status',
        })
        return FREED
      } catch (error) {
        return failed(NAME, messageOf(error), error)
      }
    }
    return NOTHING_TO_FREE
  }

  reserve(cycle: CycleState, node: NodeInfo): Verdict {
    for (const [claim, allocation] of decided(cycle, node))
      this.#assumed.set(claim.metadata.uid ?? '', allocation)
    return undefined
  }

  unreserve(cycle: CycleState): void {
    for (const { metadata, status } of cycle.get(STATE)?.claims ?? [])
      if (!status.allocation) this.#assumed.delete(metadata.uid ?? '')
  }

  /** Writes what the claims are given, and that the pod may use them. */
  async bind(cycle: CycleState, pod: Pod, node: NodeInfo): Promise<Verdict> {
    const given = new Map(decided(cycle, node))
    try {
      const written: ResourceClaim[] = []
      for (const claim of cycle.get(STATE)?.claims ?? [])
        written.push(await this.#write(claim, pod, given.get(claim)))
      if (!this.#hasConditions || !written.some(hasConditions)) return undefined
      await waitForConditions(this.#handle, {
        pod,
        node: node.name,
        claims: () => written.map(claim => this.#claims.get(keyOf(claim)) ?? claim),
        timeoutMs: this.#bindingTimeoutMs,
      })
      return undefined
    } catch (error) {
      return failed(NAME, messageOf(error), error)
    }
  }

  async #write(
    seen: ResourceClaim,
    pod: Pod,
    allocation: AllocationResult | undefined,
  ): Promise<ResourceClaim> {
    const { client, clock } = this.#handle
    let claim = this.#claims.get(keyOf(seen)) ?? seen
    const { finalizers = [] } = claim.metadata
    if (allocation && !finalizers.includes(FINALIZER)) {
      const metadata = { ...claim.metadata, finalizers: [...finalizers, FINALIZER] }
      claim = await client.update(resourceClaim, { ...claim, metadata })
    }
    const { name = '', uid = '' } = pod.metadata
    const { reservedFor = [] } = claim.status
    const isReserved = reservedFor.some(consumer => consumer.uid === uid)
    if (isReserved && !allocation) return claim
    const consumer = { resource: 'pods', name, uid }
    const status = {
      ...claim.status,
      ...(allocation
        ? { allocation: this.#hasConditions ? timed(allocation, clock.now()) : allocation }
        : {}),
      reservedFor: isReserved ? reservedFor : [...reservedFor, consumer],
    }
    return client.update(resourceClaim, { ...claim, status } as ResourceClaim, {
      subresource: 'status',
    })
  }
}

const timed = (allocation: AllocationResult, nowMs: number): AllocationResult => ({
  ...allocation,
  allocationTimestamp: rfc3339(nowMs),
})

/** The claims that had no devices, and what each is given on the node. */
function decided(cycle: CycleState, node: NodeInfo): [ResourceClaim, AllocationResult][] {
  const state = cycle.get(STATE)
  const found = state?.byNode.get(node.name) ?? []
  const waiting = state?.claims.filter(({ status }) => !status.allocation) ?? []
  return waiting.flatMap((claim, i) => {
    const allocation = found[i]
    return allocation ? [[claim, allocation] as [ResourceClaim, AllocationResult]] : []
  })
}
