/** What decides how claims of devices count, followed from the first quota on that limits an extended resource. */
import { type DeviceQuotaWorld, limitsExtendedResource } from '#api/core/quota/device-claims.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { deviceClass } from '#api/resource/v1/device-class.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { Informers } from '#client/informer.ts'

/** What may count otherwise from now on. */
interface Changed {
  /** A class came, changed or went. */
  allClaims(): void
  /** Of a pod in the namespace, another claim counts with it now. */
  claimsOf(namespace: string): void
}

const claimNameOf = (pod: Pod | undefined): string | undefined =>
  pod?.status.extendedResourceClaimStatus?.resourceClaimName

export class QuotaDevices implements DeviceQuotaWorld {
  readonly #informers: Informers
  readonly #changed: Changed
  #followed: ReturnType<typeof viewsOf> | undefined
  #ends: (() => void)[] | undefined
  #isStopped = false

  constructor(informers: Informers, changed: Changed) {
    this.#informers = informers
    this.#changed = changed
  }

  /** Resolves once all is known that the quota may need; to false where it was stopped meanwhile. */
  async ready({ spec }: ResourceQuota): Promise<boolean> {
    if (!Object.keys(spec.hard ?? {}).some(limitsExtendedResource)) return !this.#isStopped
    this.#followed ??= viewsOf(this.#informers)
    const { classes, claims, pods } = this.#followed
    await Promise.all([classes.synced, claims.synced, pods.synced])
    // Whoever begins to listen now would be told for as long as the process lives.
    if (this.#isStopped) return false
    const { allClaims, claimsOf } = this.#changed
    this.#ends ??= [
      classes.subscribe({ changed: allClaims, deleted: allClaims }),
      pods.subscribe({
        changed(next, previous) {
          if (claimNameOf(next) !== claimNameOf(previous)) claimsOf(next.metadata.namespace ?? '')
        },
      }),
    ]
    return true
  }

  classes() {
    return this.#followed?.classes.list() ?? []
  }

  pod(namespace: string, name: string) {
    return this.#followed?.pods.get(`${namespace}/${name}`)
  }

  claims(namespace: string) {
    return this.#followed?.claims.list(namespace) ?? []
  }

  stop(): void {
    this.#isStopped = true
    for (const end of this.#ends ?? []) end()
  }
}

const viewsOf = (informers: Informers) => ({
  classes: informers.for(deviceClass),
  claims: informers.for(resourceClaim),
  pods: informers.for(pod),
})
