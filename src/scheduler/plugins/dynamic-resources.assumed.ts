/** Devices that are given away: those that the API says, and those of decisions that are not seen there yet. */
import type { AllocationResult } from '#api/resource/v1/claim-status.schema.ts'
import { type ResourceClaim, resourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { Informer } from '#client/informer.ts'
import type { Handle } from '../framework/handle.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { deviceId } from './dynamic-resources.pools.ts'
import { podOfExtendedClaim } from './dynamic-resources.requests.ts'

interface Assumed {
  readonly allocation: AllocationResult
  /** The pods whose decision it is, by UID, each with its group: those of one may rely on each other. */
  readonly holders: Map<string, string | undefined>
}
export interface Holder {
  readonly uid: string
  readonly group: string | undefined
}

/** One for all profiles of a scheduler: what one of them decided is taken for the others, too. */
export function allocatedDevicesOf(handle: Handle): AllocatedDevices {
  const { snapshot, informers } = handle
  const known = bySnapshot.get(snapshot)
  if (known) return known
  const made = new AllocatedDevices(informers.for(resourceClaim), handle)
  bySnapshot.set(snapshot, made)
  return made
}
const bySnapshot = new WeakMap<Snapshot, AllocatedDevices>()

export class AllocatedDevices {
  readonly #claims: Informer<ResourceClaim>
  /** By the claim's UID. */
  readonly #assumed = new Map<string, Assumed>()
  /** For extended resources, whose claim is yet to be made; by the pod's UID. */
  readonly #extended = new Map<string, AllocationResult>()

  constructor(claims: Informer<ResourceClaim>, { follow }: Pick<Handle, 'follow'>) {
    this.#claims = claims
    const settle = (claim: ResourceClaim) => {
      this.forget(claim)
      this.forgetExtended(podOfExtendedClaim(claim) ?? '')
    }
    follow(claims, {
      changed: claim => {
        if (claim.status.allocation) settle(claim)
      },
      // Whoever missed that it was given devices sees no more than this.
      deleted: settle,
    })
  }

  isAssumed({ metadata }: ResourceClaim): boolean {
    return this.#assumed.has(metadata.uid ?? '')
  }

  assume({ metadata }: ResourceClaim, allocation: AllocationResult, holder: Holder): void {
    const key = metadata.uid ?? ''
    const found = this.#assumed.get(key) ?? { allocation, holders: new Map() }
    found.holders.set(holder.uid, holder.group)
    this.#assumed.set(key, found)
  }

  /** What others of the same group decided that the claim gets, while that is not written. */
  ofGroup({ metadata }: ResourceClaim, group: string | undefined): AllocationResult | undefined {
    const found = this.#assumed.get(metadata.uid ?? '')
    if (!found || group === undefined) return undefined
    return [...found.holders.values()].every(each => each === group) ? found.allocation : undefined
  }

  assumeExtended(podUid: string, allocation: AllocationResult): void {
    this.#extended.set(podUid, allocation)
  }

  /** Without a pod: whoever decided it. With one, the decision stands while others rely on it. */
  forget({ metadata }: ResourceClaim, podUid?: string): void {
    const key = metadata.uid ?? ''
    const holders = this.#assumed.get(key)?.holders
    if (podUid !== undefined) holders?.delete(podUid)
    if (podUid === undefined || holders?.size === 0) this.#assumed.delete(key)
  }

  forgetExtended(podUid: string): void {
    this.#extended.delete(podUid)
  }

  /** The devices that are given to somebody, whole or in part. */
  ids(): ReadonlySet<string> {
    const results = this.all().flatMap(({ devices }) => devices?.results ?? [])
    return new Set(
      results
        .filter(({ adminAccess }) => !adminAccess)
        .map(({ driver, pool, device }) => deviceId(driver, pool, device)),
    )
  }

  all(): AllocationResult[] {
    const known = this.#claims.list().flatMap(claim => {
      const { allocation } = claim.status
      return allocation ?? this.#assumed.get(claim.metadata.uid ?? '')?.allocation ?? []
    })
    return [...known, ...this.#extended.values()]
  }
}
