/** Writes what claims are given, and that their pod may use them. */
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { AllocationResult } from '#api/resource/v1/claim-status.schema.ts'
import { type ResourceClaim, resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { rfc3339 } from '#base/clock.ts'
import type { Handle } from '../framework/handle.ts'
import type { RequestMapping } from './dynamic-resources.requests.ts'
import type { Consumer } from './dynamic-resources.users.ts'

/** Keeps an allocated claim from being deleted under its pods. */
const FINALIZER = 'resource.kubernetes.io/delete-protection'

/** So often a claim is written that others write, too. */
const MOST_TRIES = 5

export class ClaimWriter {
  readonly #handle: Handle
  readonly #claims
  readonly #isTimed: boolean

  /** `isTimed`: an allocation says since when it is one. */
  constructor(handle: Handle, isTimed: boolean) {
    this.#handle = handle
    this.#claims = handle.informers.for(resourceClaim)
    this.#isTimed = isTimed
  }

  /** Others may write at the same time, above all pods of the same group. */
  async write(
    seen: ResourceClaim,
    consumer: Consumer,
    allocation: AllocationResult | undefined,
  ): Promise<ResourceClaim> {
    let claim = this.#claims.get(keyOf(seen)) ?? seen
    for (let tries = 1; ; tries++)
      try {
        return await this.#writeTo(claim, consumer, allocation)
      } catch (error) {
        if (!isStatus(error, 'Conflict') || tries === MOST_TRIES) throw error
        const { name = '', namespace = '', uid } = seen.metadata
        claim = await this.#handle.client.get(resourceClaim, name, namespace)
        if (claim.metadata.uid !== uid) throw error
      }
  }

  async #writeTo(
    before: ResourceClaim,
    consumer: Consumer,
    decided: AllocationResult | undefined,
  ): Promise<ResourceClaim> {
    const { client, clock } = this.#handle
    let claim = before
    const known = claim.status.allocation
    if (decided && known && devicesIn(decided) !== devicesIn(known))
      throw new Error(`claim ${keyOf(claim)} got allocated elsewhere in the meantime`)
    const allocation = known ? undefined : decided
    const { finalizers = [] } = claim.metadata
    if (allocation && !finalizers.includes(FINALIZER)) {
      const metadata = { ...claim.metadata, finalizers: [...finalizers, FINALIZER] }
      claim = await client.update(resourceClaim, { ...claim, metadata })
    }
    const { reservedFor = [] } = claim.status
    const isReserved = reservedFor.some(({ uid }) => uid === consumer.uid)
    if (isReserved && !allocation) return claim
    const status = {
      ...claim.status,
      ...(allocation
        ? { allocation: this.#isTimed ? timed(allocation, clock.now()) : allocation }
        : {}),
      reservedFor: isReserved ? reservedFor : [...reservedFor, consumer],
    }
    return this.#updateStatus({ ...claim, status })
  }

  /** Takes the devices from a claim that nobody uses. */
  async free(claim: ResourceClaim): Promise<void> {
    const { allocation: _, reservedFor: __, devices: ___, ...status } = claim.status
    await this.#updateStatus({ ...claim, status })
  }

  #updateStatus(claim: ResourceClaim): Promise<ResourceClaim> {
    return this.#handle.client.update(resourceClaim, claim, { subresource: 'status' })
  }

  async create(claim: ResourceClaim): Promise<ResourceClaim> {
    const { metadata, spec } = claim
    return this.#handle.client.create(resourceClaim, { metadata, spec })
  }

  /** The node learns from the pod's status which devices its containers get. */
  async tellPod(
    { metadata }: Pod,
    claim: ResourceClaim,
    requestMappings: readonly RequestMapping[],
  ): Promise<void> {
    const { name = '', namespace = '', uid = '' } = metadata
    const extendedResourceClaimStatus = { requestMappings, resourceClaimName: claim.metadata.name }
    await this.#handle.client.patch(
      podKind,
      { name, namespace },
      'merge',
      { metadata: { uid }, status: { extendedResourceClaimStatus } },
      { subresource: 'status' },
    )
  }

  /** Deletes a claim with what it was given. One that is gone already is fine. */
  async remove(claim: ResourceClaim): Promise<void> {
    const { client } = this.#handle
    const { name = '', namespace = '' } = claim.metadata
    try {
      await this.#unprotect(claim).catch(async error => {
        if (!isStatus(error, 'Conflict')) throw error
        await this.#unprotect(await client.get(resourceClaim, name, namespace))
      })
      await client.delete(resourceClaim, { name, namespace })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
  }

  async #unprotect(claim: ResourceClaim): Promise<void> {
    const { finalizers = [] } = claim.metadata
    if (!finalizers.includes(FINALIZER)) return
    const metadata = {
      ...claim.metadata,
      finalizers: finalizers.filter(each => each !== FINALIZER),
    }
    await this.#handle.client.update(resourceClaim, { ...claim, metadata })
  }
}

/** What two decisions about a claim have to have in common to be the same. */
const devicesIn = ({ devices }: AllocationResult): string =>
  (devices?.results ?? [])
    .map(({ request, driver, pool, device, shareID = '' }) =>
      [request, driver, pool, device, shareID].join(' '),
    )
    .join()

const timed = (allocation: AllocationResult, nowMs: number): AllocationResult => ({
  ...allocation,
  allocationTimestamp: rfc3339(nowMs),
})
