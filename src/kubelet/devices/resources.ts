/** The resources that plugins have, or had a while ago, with their devices. */
import type { Clock } from '#base/clock.ts'
import { type Device, healthyIn } from './device.ts'
import type { PluginConnection } from './plugin-connection.ts'

/** How long a plugin may be gone before its resource is: as upstream, so that an update of it makes nobody think that the devices left. */
const STOP_GRACE_MS = 5 * 60_000
/** Of one node. */
const RESOURCE_LIMIT = 1000

export interface Amounts {
  readonly capacity: Readonly<Record<string, string>>
  readonly allocatable: Readonly<Record<string, string>>
}

interface Resource {
  readonly devices: ReadonlyMap<string, Device>
  /** Absent while there is none. */
  readonly plugin?: PluginConnection
  readonly cancelRemoval?: () => void
}

export class Resources {
  readonly #clock: Clock
  readonly #changed: (resource: string) => void
  readonly #byName = new Map<string, Resource>()
  /** Resources that are gone: the Node says 0 of them, since it would keep what it said before. */
  readonly #removed = new Set<string>()
  #amounts: Amounts | undefined

  constructor(clock: Clock, changed: (resource: string) => void) {
    this.#clock = clock
    this.#changed = changed
  }

  get(resource: string): Resource | undefined {
    return this.#byName.get(resource)
  }

  /** From a kubelet before this one: there are none until their plugin comes again. */
  recall(resources: Iterable<string>): void {
    for (const resource of resources)
      this.#byName.set(resource, {
        devices: new Map(),
        cancelRemoval: this.#removeLater(resource),
      })
    this.#amounts = undefined
  }

  /** False where there are too many already. */
  register(resource: string, plugin: PluginConnection): boolean {
    const before = this.#byName.get(resource)
    if (!before && this.#byName.size >= RESOURCE_LIMIT) return false
    before?.cancelRemoval?.()
    before?.plugin?.close()
    this.#removed.delete(resource)
    this.#byName.set(resource, { devices: before?.devices ?? new Map(), plugin })
    return true
  }

  update(plugin: PluginConnection, devices: ReadonlyMap<string, Device>): void {
    const { resource } = plugin
    if (this.#byName.get(resource)?.plugin !== plugin) return
    this.#byName.set(resource, { devices, plugin })
    this.#told(resource)
  }

  /** What nobody watches over any more is not healthy. */
  ended(plugin: PluginConnection): void {
    const { resource } = plugin
    const known = this.#byName.get(resource)
    if (known?.plugin !== plugin) return
    const unhealthy = [...known.devices].map(
      ([id, device]) => [id, { ...device, healthy: false }] as const,
    )
    const cancelRemoval = this.#removeLater(resource)
    this.#byName.set(resource, { devices: new Map(unhealthy), cancelRemoval })
    this.#told(resource)
  }

  healthyIds(resource: string): readonly string[] {
    const known = this.#byName.get(resource)
    return known ? healthyIn(known.devices) : []
  }

  healthyIdsByResource(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.#byName.keys()].map(name => [name, this.healthyIds(name)]))
  }

  healthy(): ReadonlyMap<string, readonly Device[]> {
    return new Map(
      [...this.#byName].map(([name, { devices }]) => [
        name,
        [...devices.values()].filter(({ healthy }) => healthy),
      ]),
    )
  }

  get amounts(): Amounts {
    if (this.#amounts) return this.#amounts
    const capacity: Record<string, string> = {}
    const allocatable: Record<string, string> = {}
    for (const resource of this.#removed) {
      capacity[resource] = '0'
      allocatable[resource] = '0'
    }
    for (const [resource, { devices }] of this.#byName) {
      capacity[resource] = String(devices.size)
      allocatable[resource] = String(healthyIn(devices).length)
    }
    this.#amounts = { capacity, allocatable }
    return this.#amounts
  }

  stop(): void {
    for (const { plugin, cancelRemoval } of this.#byName.values()) {
      plugin?.close()
      cancelRemoval?.()
    }
  }

  #removeLater(resource: string): () => void {
    return this.#clock.after(STOP_GRACE_MS, () => {
      this.#byName.delete(resource)
      this.#removed.add(resource)
      this.#told(resource)
    })
  }

  #told(resource: string): void {
    this.#amounts = undefined
    this.#changed(resource)
  }
}
