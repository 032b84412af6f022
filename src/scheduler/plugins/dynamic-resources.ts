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
import { messageOf } from '#base/errors.ts'
import { actions, type EventInterest } from '../framework/cluster-event.ts'
import { type CycleState, cycleKey } from '../framework/cycle-state.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin, PreFilterResult, Verdict } from '../framework/plugin.ts'
import { failed, refusal, SKIP, type Status, unresolvable } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { allocate } from './dynamic-resources.allocate.ts'
import { type AllocatedDevices, allocatedDevicesOf } from './dynamic-resources.assumed.ts'
import { ClaimWriter } from './dynamic-resources.bind.ts'
import {
  DEFAULT_BINDING_TIMEOUT_MS,
  hasConditions,
  isHopeless,
  waitForConditions,
} from './dynamic-resources.conditions.ts'
import { candidatesOn, poolsOf } from './dynamic-resources.pools.ts'
import { deviceRequests, extendedClaim, podOfExtendedClaim } from './dynamic-resources.requests.ts'
import { choiceScore, isChoosing } from './dynamic-resources.score.ts'
import {
  allocationOf,
  decided,
  type Found,
  type State,
  waitingIn,
} from './dynamic-resources.state.ts'
import { createDeviceTaints, type DeviceTaints } from './dynamic-resources.taints.ts'
import { ClaimUsers } from './dynamic-resources.users.ts'
import { usageOf } from './dynamic-resources.world.ts'
import { ExtendedResources } from './extended-resources.ts'
import { normalizeToHighest } from './normalize.ts'
import { groupKeyOf } from './pod-groups.ts'

const NAME = 'DynamicResources'
const NO_CLAIMS = refusal(NAME, 'no new claims to deallocate')
/** Upstream's words, by which a preemption that would not help is not tried: another plugin refused all nodes before claims were looked at. */
const NOT_ASKED: Status = { ...failed(NAME, 'not found'), isLasting: true }
const NOTHING_TO_FREE = refusal(NAME, 'still not schedulable')
const FREED = refusal(NAME, 'deallocation of ResourceClaim completed')
const DELETED = refusal(NAME, 'deletion of ResourceClaim completed')
const OUT_OF_REACH = unresolvable(NAME, 'resourceclaim not available on the node')
const NO_DEVICES = unresolvable(NAME, 'cannot allocate all claims')
const IN_USE = unresolvable(NAME, 'resourceclaim in use')
const LEFT_OVER = unresolvable(NAME, 'cannot schedule extended resource claim')
/** Who may use one claim at a time, by the API's rules. */
const CONSUMERS_LIMIT = 256
const BY_POD = 'pod with extended resources'

const STATE = cycleKey<State>(NAME)
/** Set once claims were looked at, whatever came of it. */
const ASKED = cycleKey<true>(`${NAME}/asked`)

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
    preFilter: (cycle, pod) => {
      cycle.set(ASKED, true)
      return devices.preFilter(cycle, pod)
    },
    filter: (cycle, pod, node) => devices.filter(cycle, pod, node),
    preScore: cycle => {
      const state = cycle.get(STATE)
      return state && isChoosing(state) ? undefined : SKIP
    },
    score: (cycle, _pod, node) => {
      const state = cycle.get(STATE)
      return state ? choiceScore(state, node) : 0
    },
    normalize: (_cycle, _pod, scores) => normalizeToHighest(scores),
    postFilter: async (cycle, { pod }) => ({ status: await devices.free(cycle, pod) }),
    reserve: (cycle, { pod }, node) => devices.reserve(cycle, pod, node),
    unreserve: (cycle, { uid }) => devices.unreserve(cycle, uid),
    preBindPreFlight: (cycle, _pod, { name }) => {
      const state = cycle.get(STATE)
      return state && (state.claims.length > 0 || state.byNode.get(name)?.extended)
        ? undefined
        : SKIP
    },
    preBind: (cycle, { pod }, node) => devices.bind(cycle, pod, node),
    events: () => [...interests, ...devices.interests],
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
  readonly #extended: ExtendedResources
  readonly #allocated: AllocatedDevices
  readonly #writer: ClaimWriter
  readonly #users: ClaimUsers
  #engine: 'absent' | 'loading' | 'loaded' = 'absent'
  readonly #bindingTimeoutMs: number
  readonly #hasConditions: boolean
  readonly #isSharing: boolean
  readonly #taints: DeviceTaints

  constructor(handle: Handle, bindingTimeoutMs: number) {
    this.#handle = handle
    this.#bindingTimeoutMs = bindingTimeoutMs
    this.#hasConditions =
      handle.enabled('DRADeviceBindingConditions') && handle.enabled('DRAResourceClaimDeviceStatus')
    this.#isSharing = handle.enabled('DRAConsumableCapacity')
    this.#taints = createDeviceTaints(handle)
    this.#claims = handle.informers.for(resourceClaim)
    this.#slices = handle.informers.for(resourceSlice)
    this.#classes = handle.informers.for(deviceClass)
    this.#claims.addIndex(BY_POD, claim => {
      const uid = podOfExtendedClaim(claim)
      return uid === undefined ? [] : [uid]
    })
    this.#extended = new ExtendedResources(handle)
    this.#allocated = allocatedDevicesOf(handle)
    this.#writer = new ClaimWriter(handle, this.#hasConditions)
    this.#users = new ClaimUsers(handle)
    // Most clusters have no devices, and then no expressions about them.
    handle.follow(this.#classes, { changed: () => this.#loadEngine() })
  }

  get interests(): readonly EventInterest[] {
    return this.#taints.interests
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
      if (!claim)
        return unresolvable(
          NAME,
          `could not find ResourceClaim "${pod.metadata.namespace}/${name}"`,
        )
      if (claim.metadata.deletionTimestamp)
        return unresolvable(NAME, `resourceclaim "${name}" is being deleted`)
      claims.push(claim)
    }
    return claims
  }

  preFilter(cycle: CycleState, { pod, requests }: PodInfo): PreFilterResult | undefined {
    const served = this.#extended.servedOf(requests)
    if (!pod.spec.resourceClaims?.length && served.length === 0) return { status: SKIP }
    const claims = this.claimsOf(pod)
    if ('code' in claims) return { status: claims }
    if (claims.length === 0 && served.length === 0) return { status: SKIP }
    const { uid = '' } = pod.metadata
    const shared = new Map<ResourceClaim, AllocationResult>()
    for (const claim of claims) {
      const decided = claim.status.allocation
        ? undefined
        : this.#allocated.ofGroup(claim, groupKeyOf(pod))
      if (decided) shared.set(claim, decided)
      const problem = decided ? undefined : this.#problemOf(claim, pod)
      if (problem) return { status: problem }
    }
    const waiting =
      served.length > 0 || claims.some(claim => !claim.status.allocation && !shared.has(claim))
    if (waiting && this.#engine !== 'loaded') {
      this.#loadEngine()
      return { status: failed(NAME, 'expressions about devices cannot be read yet') }
    }
    const pools = waiting ? poolsOf(this.#slices.list()) : []
    cycle.set(STATE, {
      claims,
      pools,
      served,
      leftOver: served.length > 0 ? this.#claims.by(BY_POD, uid)[0] : undefined,
      world: {
        ...usageOf(pools, this.#allocated.all()),
        isSharing: this.#isSharing,
        taintsOf: this.#taints.now(),
        classNamed: name => this.#classes.get(name),
        newShareId: () => this.#handle.random.uuid(),
      },
      shared,
      byNode: new Map(),
      outOfReach: new Set<ResourceClaim>(),
    })
    return undefined
  }

  #problemOf(claim: ResourceClaim, pod: Pod): Status | undefined {
    const { allocation, reservedFor = [] } = claim.status
    if (allocation) {
      const own = this.#users.consumerOf(pod, claim)
      const isOwn = reservedFor.some(({ uid }) => uid === own.uid)
      return !isOwn && reservedFor.length >= CONSUMERS_LIMIT ? IN_USE : undefined
    }
    // Another pod's decision is being written; what comes of it is seen soon.
    if (this.#allocated.isAssumed(claim))
      return unresolvable(
        NAME,
        `resource claim ${keyOf(claim)} is in the process of being allocated`,
      )
    return this.#classProblem(claim)
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

  filter(cycle: CycleState, { pod }: PodInfo, info: NodeInfo): Verdict {
    const state = cycle.get(STATE)
    const { name, node } = info
    if (!state || !node) return undefined
    if (state.leftOver) return LEFT_OVER
    const away = state.claims.filter(claim => {
      const terms = allocationOf(state, claim)?.nodeSelector?.nodeSelectorTerms
      return (terms && !terms.some(term => matchesTerm(term, node))) || this.#isHopeless(claim)
    })
    for (const claim of away) state.outOfReach.add(claim)
    if (away.length > 0) return OUT_OF_REACH
    const waiting = waitingIn(state)
    const extended = this.#extendedOn(state, pod, info)
    if (waiting.length === 0 && !extended) return undefined
    try {
      const allocations = allocate(extended ? [...waiting, extended.claim] : waiting, {
        ...state.world,
        candidates: candidatesOn(state.pools, node),
        preparingNode: this.#hasConditions ? name : undefined,
      })
      if (!allocations) return NO_DEVICES
      state.byNode.set(name, { allocations, ...(extended ? { extended } : {}) })
      return undefined
    } catch (error) {
      return failed(NAME, messageOf(error), error)
    }
  }

  /** Devices serve what the node does not offer itself. */
  #extendedOn({ served }: State, pod: Pod, { allocatable }: NodeInfo): Found['extended'] {
    const missing = served.filter(resource => (allocatable.get(resource) ?? 0) === 0)
    if (missing.length === 0) return undefined
    const classFor = (resource: string) => this.#extended.classFor(resource)
    const { requests, mappings } = deviceRequests(pod, missing, classFor)
    return { claim: extendedClaim(pod, requests), mappings }
  }

  #isHopeless(claim: ResourceClaim): boolean {
    return (
      this.#hasConditions && isHopeless(claim, this.#handle.clock.now(), this.#bindingTimeoutMs)
    )
  }

  /** A claim whose devices no suitable node can use, and that nobody uses, is freed to be given others. */
  async free(cycle: CycleState, pod: Pod): Promise<Status> {
    const state = cycle.get(STATE)
    if (!state) return cycle.get(ASKED) ? NO_CLAIMS : NOT_ASKED
    try {
      for (const claim of state.outOfReach) {
        if (!claim.status.allocation || !this.#users.isFree(claim, pod)) continue
        await this.#writer.free(claim)
        return FREED
      }
      if (!state.leftOver) return NOTHING_TO_FREE
      await this.#writer.remove(state.leftOver)
      return DELETED
    } catch (error) {
      return failed(NAME, messageOf(error), error)
    }
  }

  reserve(cycle: CycleState, pod: Pod, node: NodeInfo): Verdict {
    const state = cycle.get(STATE)
    if (!state) return undefined
    const { uid = '' } = pod.metadata
    for (const [claim, allocation] of decided(state, node))
      this.#allocated.assume(claim, allocation, { uid, group: groupKeyOf(pod) })
    const { extended, allocations } = state.byNode.get(node.name) ?? {}
    const own = extended && allocations?.at(-1)
    if (own) this.#allocated.assumeExtended(uid, own)
    return undefined
  }

  unreserve(cycle: CycleState, podUid: string): void {
    const state = cycle.get(STATE)
    for (const claim of state?.claims ?? [])
      if (!claim.status.allocation) this.#allocated.forget(claim, podUid)
    this.#allocated.forgetExtended(podUid)
    const { made } = state ?? {}
    if (made)
      this.#writer.remove(made).catch(error =>
        this.#handle.log.warn('the claim of a pod that could not be bound is left over', {
          claim: keyOf(made),
          error: messageOf(error),
        }),
      )
  }

  /** Writes what the claims are given, and that the pod may use them. */
  async bind(cycle: CycleState, pod: Pod, node: NodeInfo): Promise<Verdict> {
    const state = cycle.get(STATE)
    if (!state) return undefined
    const given = new Map(decided(state, node))
    try {
      const written: ResourceClaim[] = []
      for (const claim of state.claims)
        written.push(
          await this.#writer.write(claim, this.#users.consumerOf(pod, claim), given.get(claim)),
        )
      const made = await this.#makeExtended(state, pod, node)
      if (made) written.push(made)
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

  async #makeExtended(state: State, pod: Pod, node: NodeInfo): Promise<ResourceClaim | undefined> {
    const { extended, allocations } = state.byNode.get(node.name) ?? {}
    if (!extended) return undefined
    state.made = await this.#writer.create(extended.claim)
    const { name = '', uid = '' } = pod.metadata
    const consumer = { resource: 'pods', name, uid }
    state.made = await this.#writer.write(state.made, consumer, allocations?.at(-1))
    await this.#writer.tellPod(pod, state.made, extended.mappings)
    return state.made
  }
}
