/** What decides how claims of devices count, followed from the first quota on that limits an extended resource. */
import { type DeviceQuotaWorld, limitsExtendedResource } from '#api/core/quota/device-claims.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { deviceClass } from '#api/resource/v1/device-class.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { Informers } from '#client/informer.ts'

export class QuotaDevices implements DeviceQuotaWorld {
  readonly #informers: Informers
  readonly #changed: () => void
  #followed: ReturnType<typeof viewsOf> | undefined
  #end: (() => void) | undefined
  #isStopped = false

  /** `changed` is told of each change of a class. */
  constructor(informers: Informers, changed: () => void) {
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
    this.#end ??= classes.subscribe({ changed: this.#changed, deleted: this.#changed })
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
    this.#end?.()
  }
}

const viewsOf = (informers: Informers) => ({
  classes: informers.for(deviceClass),
  claims: informers.for(resourceClaim),
  pods: informers.for(pod),
})
