/** The CSI drivers that registered with this node: who they are, what they can do, and how they are reached. */
import { messageOf } from '#base/errors.ts'
import type { Plugin, PluginHandler } from '../../plugin-registration/plugin-registration.ts'
import { NotYet } from '../not-yet.ts'
import type { CsiNodeService } from './node-service.ts'

export interface CsiDriver {
  readonly name: string
  readonly endpoint: string
  /** Where it registered. */
  readonly socketPath: string
  readonly service: CsiNodeService
  /** Numbers as in `nodeCapability`. */
  readonly capabilities: ReadonlySet<number>
}

/** What a driver says of the node. */
export interface DriverOnNode {
  readonly name: string
  readonly nodeId: string
  /** 0 where it does not say. */
  readonly maxVolumes: number
  /** Labels of the place from which its volumes are reached. */
  readonly topology: Readonly<Record<string, string>>
}

export interface CsiDriversParts {
  readonly connect: (name: string, endpoint: string) => Promise<CsiNodeService>
  /** Tells the control plane; rejects where that fails. */
  readonly announce: (driver: DriverOnNode) => Promise<void>
  /** As above, of one that is gone; tried again until it is done or the driver is back. */
  readonly renounce: (name: string) => void
  /** Volumes may wait for a driver. */
  readonly changed: () => void
}

/** The versions of CSI that are spoken here. */
const isServed = (version: string): boolean => /^v?1\.\d+/.test(version)

export class CsiDrivers implements PluginHandler {
  readonly #parts: CsiDriversParts
  readonly #byName = new Map<string, CsiDriver>()

  constructor(parts: CsiDriversParts) {
    this.#parts = parts
  }

  /** All that were there when the kubelet started have been asked. */
  isSettled = true

  /** Throws where no such driver runs here now, and NotYet where it may only not have been asked yet. */
  get(name: string): CsiDriver {
    const driver = this.#byName.get(name)
    if (!driver && !this.isSettled) throw new NotYet(`driver ${name} is not known yet`)
    if (!driver)
      throw new Error(`driver name ${name} not found in the list of registered CSI drivers`)
    return driver
  }

  validate({ name, supportedVersions }: Plugin): void {
    if (!name) throw new Error('CSI driver name is empty')
    if (!supportedVersions.some(isServed))
      throw new Error(
        `failed to get the list of supported versions: none of the CSI versions [${supportedVersions.join(' ')}] of driver ${name} is supported`,
      )
  }

  /** A driver of the same name that registered before gives way, as when a newer one is rolled out beside it. */
  async register({ name, endpoint, socketPath }: Plugin): Promise<void> {
    const service = await this.#parts.connect(name, endpoint)
    try {
      const { nodeId, maxVolumesPerNode, accessibleTopology } = await service.getInfo()
      if (!nodeId) throw new Error(`CSI driver ${name} gave no id for the node`)
      const capabilities = await service.getCapabilities()
      await this.#parts.announce({
        ...{ name, nodeId, maxVolumes: maxVolumesPerNode },
        topology: accessibleTopology?.segments ?? {},
      })
      this.#byName.get(name)?.service.close()
      this.#byName.set(name, { name, endpoint, socketPath, service, capabilities })
    } catch (error) {
      service.close()
      throw new Error(
        `error updating CSINode object with CSI driver node info: ${messageOf(error)}`,
      )
    }
    this.#parts.changed()
  }

  deregister({ name, endpoint, socketPath }: Plugin): void {
    const driver = this.#byName.get(name)
    if (driver?.endpoint !== endpoint || driver.socketPath !== socketPath) return
    driver.service.close()
    this.#byName.delete(name)
    this.#parts.renounce(name)
  }

  close(): void {
    for (const { service } of this.#byName.values()) service.close()
    this.#byName.clear()
  }
}
