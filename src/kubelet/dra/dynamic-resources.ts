/**
 * The node's side of ResourceClaims: before a pod starts, the drivers of the devices that its claims were given prepare them, and when nothing
 * of the last pod runs that uses a claim, they are told so. What is prepared is in a file before a driver is asked, so that nothing stays
 * prepared for ever that a kubelet has begun.
 *
 * Invariants: a claim is prepared for a pod only where it is reserved for it; of one claim one thing happens at a time.
 */
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { messageOf } from '#base/errors.ts'
import { Locks } from '../locks.ts'
import type { KubeletContext } from '../options.ts'
import { type AnyContainer, type Pod, uidOf } from '../pod-types.ts'
import { Rounds } from '../rounds.ts'
import type { ClaimName } from './driver-connection.ts'
import type { Drivers } from './drivers.ts'
import { claimsOf, claimsOfContainer, type PodClaim } from './pod-claims.ts'
import {
  devicesFor,
  isPrepared,
  type PreparedClaim,
  readState,
  STATE_FILE_NAME,
  writeState,
} from './prepared-claims.ts'

/** How often what nobody uses any more is looked for, as upstream. */
const RECONCILE_MS = 60_000

export interface DynamicResourcesParts {
  readonly context: KubeletContext
  readonly drivers: Drivers
}

export class DynamicResources {
  readonly #parts: DynamicResourcesParts
  /** By namespace and name. */
  readonly #claims = new Map<string, PreparedClaim>()
  readonly #locks = new Locks()
  /** Rejects where the file can't be written: then nothing may be prepared. */
  readonly #saving = new Rounds(() => this.#write())
  #cancelReconcile = () => {}
  #isOver = false

  constructor(parts: DynamicResourcesParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    const { log, options } = this.#parts.context
    try {
      const bytes = await options.hostAccess.files.read(this.#path)
      if (bytes) for (const claim of readState(bytes)) this.#claims.set(keyOf(claim), claim)
    } catch (error) {
      log.error('which claims are prepared can not be read, and is forgotten', {
        path: this.#path,
        error: messageOf(error),
      })
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true
    this.#cancelReconcile()
    await this.#saving.settled()
  }

  get #path(): string {
    return `${this.#parts.context.options.rootDirectory}/${STATE_FILE_NAME}`
  }

  /** Resolves when all that the pod's containers use is there; repeating it costs nothing. */
  async prepare(pod: Pod): Promise<void> {
    const claims = claimsOf(pod)
    for (const claim of claims) await this.#alone(claim, pod, () => this.#prepareOne(pod, claim))
  }

  async #prepareOne(pod: Pod, { claimName, isOwned }: PodClaim): Promise<void> {
    const { client } = this.#parts.context
    const { namespace = '', name: podName } = pod.metadata
    const uid = uidOf(pod)
    const key = `${namespace}/${claimName}`
    const before = this.#claims.get(key)
    if (before?.podUids.has(uid) && isPrepared(before)) return
    const object = await client.get(resourceClaim, claimName, namespace).catch(error => {
      throw new Error(
        `failed to fetch ResourceClaim ${claimName} referenced by pod ${podName}: ${messageOf(error)}`,
      )
    })
    const { metadata, status } = object
    const owner = metadata.ownerReferences?.find(({ controller }) => controller)
    if (isOwned && owner?.uid !== uid)
      throw new Error(`ResourceClaim ${claimName} was not created for pod ${podName}`)
    if (!status.reservedFor?.some(user => user.resource === 'pods' && user.uid === uid))
      throw new Error(
        `pod ${podName}(${uid}) is not allowed to use ResourceClaim ${claimName}(${metadata.uid})`,
      )
    const { allocation } = status
    if (!allocation) throw new Error(`ResourceClaim ${claimName} is not allocated`)
    if (before && before.uid !== metadata.uid)
      throw new Error(
        `old ResourceClaim with same name ${claimName} and different UID ${before.uid} still exists`,
      )
    const drivers = new Set((allocation.devices.results ?? []).map(({ driver }) => driver))
    const claim: PreparedClaim = before ?? {
      uid: metadata.uid ?? '',
      namespace,
      name: claimName,
      podUids: new Set(),
      devices: new Map([...drivers].map(driver => [driver, undefined])),
    }
    claim.podUids.add(uid)
    this.#claims.set(key, claim)
    await this.#saving.run()
    for (const [driver, devices] of claim.devices)
      if (!devices) await this.#askDriver(claim, driver)
    await this.#saving.run()
  }

  async #askDriver(claim: PreparedClaim, name: string): Promise<void> {
    const driver = this.#parts.drivers.get(name)
    if (!driver) throw new Error(`DRA driver ${name} is not registered`)
    const prepared = (await driver.prepare([nameOf(claim)])).get(claim.uid)
    if (prepared === undefined)
      throw new Error(`NodePrepareResources skipped ResourceClaim ${claim.name}`)
    if (prepared instanceof Error)
      throw new Error(
        `NodePrepareResources failed for ResourceClaim ${claim.name}: ${prepared.message}`,
      )
    claim.devices.set(name, prepared)
  }

  /** Names of CDI devices that a container gets. Throws where one of its claims is not prepared. */
  cdiDevicesOf(pod: Pod, container: AnyContainer): readonly string[] {
    return claimsOfContainer(pod, container).flatMap(({ claimName, request }) => {
      const claim = this.#claims.get(`${pod.metadata.namespace}/${claimName}`)
      if (!claim) throw new Error(`ResourceClaim ${claimName} is not prepared`)
      return devicesFor(claim, request).flatMap(({ device }) => device.cdiDeviceIds)
    })
  }

  /** What the socket of pod resources tells of a container. */
  resourcesOf(pod: Pod, container: AnyContainer) {
    return this.#usedBy(pod, container).map(({ claim, request }) => ({
      claimName: claim.name,
      claimNamespace: claim.namespace,
      claimResources: devicesFor(claim, request).map(({ driver, device }) => ({
        cdiDevices: device.cdiDeviceIds.map(name => ({ name })),
        driverName: driver,
        poolName: device.poolName,
        deviceName: device.deviceName,
        shareId: device.shareId,
      })),
    }))
  }

  /** How the devices of a container are, for its status. */
  healthsOf(pod: Pod, container: AnyContainer) {
    return this.#usedBy(pod, container).flatMap(({ claim, request, shownAs }) => {
      if (!shownAs) return []
      const resources = devicesFor(claim, request).map(({ driver, device }) => {
        const { poolName, deviceName, cdiDeviceIds } = device
        return {
          resourceID: cdiDeviceIds[0] ?? `${driver}/${poolName}/${deviceName}`,
          health: this.#parts.drivers.healthOf(driver, poolName, deviceName),
        }
      })
      return resources.length > 0 ? [{ name: shownAs, resources }] : []
    })
  }

  #usedBy(pod: Pod, container: AnyContainer) {
    const used = container.resources?.claims?.length || pod.status?.extendedResourceClaimStatus
    if (!used || this.#claims.size === 0) return []
    return claimsOfContainer(pod, container).flatMap(each => {
      const claim = this.#claims.get(`${pod.metadata.namespace}/${each.claimName}`)
      return claim ? [{ claim, ...each }] : []
    })
  }

  /** Pods whose claims have devices of the driver. */
  usersOf(driver: string): ReadonlySet<string> {
    const uids = new Set<string>()
    for (const { devices, podUids } of this.#claims.values())
      if (devices.has(driver)) for (const uid of podUids) uids.add(uid)
    return uids
  }

  /**
   * Nothing of the pod runs any more. Rejects where a driver could not be told, which holds up no other claim; then it has to be tried
   * again.
   */
  async release(podUid: string): Promise<void> {
    const claims = [...this.#claims.values()].filter(({ podUids }) => podUids.has(podUid))
    const released = await Promise.allSettled(
      claims.map(claim => this.#locks.run(keyOf(claim), () => this.#releaseOne(claim, podUid))),
    )
    for (const each of released) if (each.status === 'rejected') throw each.reason
  }

  async #releaseOne(claim: PreparedClaim, podUid: string): Promise<void> {
    if (claim.podUids.has(podUid) && claim.podUids.size > 1) {
      claim.podUids.delete(podUid)
      return this.#saving.run()
    }
    for (const name of [...claim.devices.keys()]) {
      const driver = this.#parts.drivers.get(name)
      if (!driver) throw new Error(`DRA driver ${name} is not registered`)
      const problem = (await driver.unprepare([nameOf(claim)])).get(claim.uid)
      if (problem === undefined)
        throw new Error(`NodeUnprepareResources skipped ResourceClaim ${claim.name}`)
      if (problem)
        throw new Error(`NodeUnprepareResources failed for ResourceClaim ${claim.name}: ${problem}`)
      // Whoever comes to use it meanwhile has it prepared anew.
      claim.devices.set(name, undefined)
    }
    if (this.#claims.get(keyOf(claim)) === claim) this.#claims.delete(keyOf(claim))
    await this.#saving.run()
  }

  /** From now on, claims of pods of which nothing is known any more are given back. */
  keepOnly(isKnown: (podUid: string) => boolean): void {
    const { clock, log } = this.#parts.context
    const look = async () => {
      for (const { podUids } of [...this.#claims.values()])
        for (const uid of [...podUids])
          if (!isKnown(uid))
            await this.release(uid).catch(error =>
              log.warn('a claim could not be given back', { pod: uid, error: messageOf(error) }),
            )
      if (!this.#isOver) this.#cancelReconcile = clock.after(RECONCILE_MS, look)
    }
    void look()
  }

  #alone<T>({ claimName }: PodClaim, pod: Pod, work: () => Promise<T>): Promise<T> {
    return this.#locks.run(`${pod.metadata.namespace}/${claimName}`, work)
  }

  async #write(): Promise<void> {
    const { files } = this.#parts.context.options.hostAccess
    await files.write(this.#path, writeState(this.#claims.values()), { mode: 0o600 })
  }
}

const keyOf = ({ namespace, name }: ClaimName) => `${namespace}/${name}`
const nameOf = ({ uid, namespace, name }: PreparedClaim): ClaimName => ({ uid, namespace, name })
