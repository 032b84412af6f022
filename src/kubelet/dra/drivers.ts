/**
 * The drivers of dynamic resources that are registered on this node. Of several sockets of one driver, as while it is updated, the newest
 * is asked. What a driver published of this node's devices is deleted when it has been gone for a while, so that nothing is scheduled to what nobody
 * prepares; and some time after the kubelet started that of all who have not come.
 */
import { resourceSlice } from '#api/resource/v1/resource-slice.ts'
import { messageOf } from '#base/errors.ts'
import type { GrpcSockets } from '../grpc/grpc-sockets.ts'
import type { KubeletContext } from '../options.ts'
import type { Plugin, PluginHandler } from '../plugin-registration/plugin-registration.ts'
import { DRIVER_VERSIONS, DriverConnection, hasHealth, healthKey } from './driver-connection.ts'

/** How long a driver may be away, as while it is updated. */
const WIPE_DELAY_MS = 30_000
const WIPE_RETRY_MS = 5_000
const WIPE_RETRY_LIMIT_MS = 60_000
const HEALTH_RETRY_MS = 5_000
/** More devices than any driver has; of what is beyond nothing is known. */
const HEALTHS_LIMIT = 100_000
const DRIVER_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const DRIVER_NAME_LIMIT = 63

interface Registered {
  readonly connection: DriverConnection
  end: () => void
  isThere: boolean
  /** As it told last; each time it tells of some devices. */
  readonly healths: Map<string, string>
}

export interface DriversParts {
  readonly context: KubeletContext
  readonly sockets: GrpcSockets
  /** Devices of this driver fare otherwise than before. */
  readonly healthChanged: (driver: string) => void
}

export class Drivers implements PluginHandler {
  readonly #parts: DriversParts
  /** The newest last. */
  readonly #byName = new Map<string, Registered[]>()
  /** Drivers whose slices are about to go. */
  readonly #wipes = new Map<string, () => void>()
  #isOver = false

  constructor(parts: DriversParts) {
    this.#parts = parts
  }

  /** Who ran before the kubelet did has as long to register again as one that is updated. */
  start(): void {
    this.#wipe('', WIPE_DELAY_MS, WIPE_RETRY_MS)
  }

  stop(): void {
    this.#isOver = true
    for (const cancel of this.#wipes.values()) cancel()
    for (const registered of this.#byName.values()) for (const { end } of registered) end()
  }

  validate({ name, supportedVersions }: Plugin): void {
    if (name.length > DRIVER_NAME_LIMIT || !DRIVER_NAME.test(name))
      throw new Error(`the name "${name}" of the driver must be a DNS subdomain`)
    if (!supportedVersions.some(version => DRIVER_VERSIONS.includes(version)))
      throw new Error(
        `the driver supports none of the services that the kubelet does (${DRIVER_VERSIONS.join(', ')}), but ${supportedVersions.join(', ') || 'none'}`,
      )
  }

  async register({ name, endpoint, supportedVersions }: Plugin): Promise<void> {
    const { sockets } = this.#parts
    const grpc = sockets.connect(endpoint, `the driver ${name}`)
    const connection = new DriverConnection(name, endpoint, supportedVersions, grpc)
    const healths = new Map<string, string>()
    const registered: Registered = { connection, end: () => {}, isThere: true, healths }
    this.#byName.set(name, [...(this.#byName.get(name) ?? []), registered])
    const unwatch = sockets.watch(endpoint, isThere => this.#met(registered, isThere))
    const endHealth = hasHealth(supportedVersions) ? this.#watchHealth(registered) : () => {}
    registered.end = () => {
      unwatch()
      endHealth()
      connection.close()
    }
    this.#keep(name)
  }

  deregister({ name, endpoint }: Plugin): void {
    const known = this.#byName.get(name) ?? []
    const gone = known.find(({ connection }) => connection.endpoint === endpoint)
    if (!gone) return
    gone.end()
    const left = known.filter(each => each !== gone)
    if (left.length > 0) this.#byName.set(name, left)
    else this.#byName.delete(name)
    if (gone.healths.size > 0) this.#parts.healthChanged(name)
    this.#wipeUnlessThere(name)
  }

  /** The newest of that name that answers, or else the newest. */
  get(name: string): DriverConnection | undefined {
    const known = this.#byName.get(name)
    return (known?.findLast(({ isThere }) => isThere) ?? known?.at(-1))?.connection
  }

  /** `Healthy`, `Unhealthy`, or `Unknown` of what the driver does not tell. */
  healthOf(driver: string, pool: string, device: string): string {
    const key = healthKey(pool, device)
    const known = this.#byName.get(driver)?.findLast(({ healths }) => healths.has(key))
    return known?.healths.get(key) ?? 'Unknown'
  }

  #met(registered: Registered, isThere: boolean): void {
    const { name } = registered.connection
    registered.isThere = isThere
    if (isThere) this.#keep(name)
    else this.#wipeUnlessThere(name)
  }

  #keep(driver: string): void {
    this.#wipes.get(driver)?.()
    this.#wipes.delete(driver)
  }

  #wipeUnlessThere(driver: string): void {
    if (this.#byName.get(driver)?.some(({ isThere }) => isThere)) return
    this.#wipe(driver, WIPE_DELAY_MS, WIPE_RETRY_MS)
  }

  /** Without a name those of all drivers. */
  #wipe(driver: string, delayMs: number, retryMs: number): void {
    const { client, clock, log, options } = this.#parts.context
    if (this.#isOver) return
    this.#keep(driver)
    const cancel = clock.after(delayMs, async () => {
      const ofNode = `spec.nodeName=${options.nodeName}`
      try {
        await client.deleteAll(resourceSlice, {
          fieldSelector: [
            ofNode,
            // Who is there takes care of its own, and would take its time to publish them again.
            ...(driver ? [`spec.driver=${driver}`] : this.#others()),
          ].join(','),
        })
        if (this.#wipes.get(driver) === cancel) this.#wipes.delete(driver)
      } catch (error) {
        log.warn('slices of a driver could not be deleted', { driver, error: messageOf(error) })
        // Not where the driver has come back meanwhile.
        if (this.#wipes.get(driver) !== cancel) return
        this.#wipe(driver, retryMs, Math.min(2 * retryMs, WIPE_RETRY_LIMIT_MS))
      }
    })
    this.#wipes.set(driver, cancel)
  }

  #others(): readonly string[] {
    return [...this.#byName.keys()].map(name => `spec.driver!=${name}`)
  }

  #watchHealth({ connection, healths }: Registered): () => void {
    const { clock } = this.#parts.context
    const changed = () => this.#parts.healthChanged(connection.name)
    let end = () => {}
    const open = () => {
      end = connection.watchHealth(
        told => {
          for (const [key, health] of told)
            if (healths.has(key) || healths.size < HEALTHS_LIMIT) healths.set(key, health)
          changed()
        },
        () => {
          const hadTold = healths.size > 0
          healths.clear()
          if (hadTold) changed()
          end = clock.after(HEALTH_RETRY_MS, open)
        },
      )
    }
    open()
    return () => end()
  }
}
