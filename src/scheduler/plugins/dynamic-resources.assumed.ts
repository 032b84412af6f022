/** Devices that are given away: those that the API says, and those of decisions that are not seen there yet. */
import type { AllocationResult } from '#api/resource/v1/claim-status.schema.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { Informer } from '#client/informer.ts'
import type { Handle } from '../framework/handle.ts'
import { podOfExtendedClaim } from './dynamic-resources.requests.ts'

export class AllocatedDevices {
  readonly #claims: Informer<ResourceClaim>
  /** By the claim's UID. */
  readonly #assumed = new Map<string, AllocationResult>()
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

  assume({ metadata }: ResourceClaim, allocation: AllocationResult): void {
    this.#assumed.set(metadata.uid ?? '', allocation)
  }

  assumeExtended(podUid: string, allocation: AllocationResult): void {
    this.#extended.set(podUid, allocation)
  }

  forget({ metadata }: ResourceClaim): void {
    this.#assumed.delete(metadata.uid ?? '')
  }

  forgetExtended(podUid: string): void {
    this.#extended.delete(podUid)
  }

  all(): AllocationResult[] {
    const known = this.#claims.list().flatMap(claim => {
      const allocation = claim.status.allocation ?? this.#assumed.get(claim.metadata.uid ?? '')
      return allocation ?? []
    })
    return [...known, ...this.#extended.values()]
  }
}
