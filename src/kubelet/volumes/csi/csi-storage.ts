/** All that a node has to do with CSI: drivers that register, what the control plane is told of them, and their volumes. */
import type { Node } from '#api/core/v1/node.ts'
import type { KubeletContext } from '../../options.ts'
import type { Pod } from '../../pod-types.ts'
import type { CsiSource } from '../sources.ts'
import { csiOperations, type StorageOperations } from '../storage-figures.ts'
import type { Tokens } from '../tokens.ts'
import { type CsiMount, claimedMount, inlineMount } from './csi-mount.ts'
import { CsiNodeObject } from './csi-node.ts'
import type { Tell } from './csi-parts.ts'
import { CsiVolumes } from './csi-volumes.ts'
import { driverStats } from './driver-stats.ts'
import { CsiDrivers } from './drivers.ts'

export interface CsiStorageParts {
  readonly context: KubeletContext
  readonly tokens: Tokens
  readonly operations: StorageOperations
  readonly node: () => Node | undefined
  readonly hurry: () => void
  readonly tell: Tell
}

export class CsiStorage {
  readonly drivers: CsiDrivers
  readonly volumes: CsiVolumes
  /** A path below the kubelet's directory, as drivers see it. */
  readonly toDriver: (path: string) => string
  readonly #object: CsiNodeObject
  readonly #rootDirectory: string
  /** Pods may go on. */
  #changed = () => {}

  constructor(parts: CsiStorageParts) {
    const { context, tokens, operations, node, hurry, tell } = parts
    const { client, clock, log, informers, options } = context
    const { nodeName, rootDirectory, driversDirectory, hostAccess } = options
    this.#rootDirectory = rootDirectory
    this.#object = new CsiNodeObject({ client, clock, log, nodeName, node })
    const seconds = csiOperations(options.figures)
    this.drivers = new CsiDrivers({
      // Most nodes have no drivers, and need not load what talks to them.
      connect: async (name, endpoint) => {
        const { connectDriver } = await import('./driver-client.ts')
        return connectDriver({ name, endpoint, clock, operations: seconds })
      },
      announce: driver => this.#object.announce(driver),
      renounce: name => this.#object.renounce(name),
      changed: () => this.#changed(),
    })
    this.toDriver = path =>
      path.startsWith(`${rootDirectory}/`)
        ? driversDirectory + path.slice(rootDirectory.length)
        : path
    this.volumes = new CsiVolumes({
      ...{ client, informers, clock, log, rootDirectory, nodeName, tokens, operations },
      ...{ node, hurry, tell },
      files: hostAccess.files,
      drivers: this.drivers,
      toDriver: this.toDriver,
    })
  }

  mountOf(pod: Pod, { volume, claimed }: CsiSource): CsiMount {
    return claimed
      ? claimedMount(pod, volume, claimed, this.#rootDirectory)
      : inlineMount(pod, volume, this.#rootDirectory)
  }

  stats(pod: Pod, source: CsiSource) {
    return driverStats(this, this.mountOf(pod, source))
  }

  /** Takes over what is on disk, and says that the node is there; `changed` hears of drivers that came. */
  async start(changed: () => void): Promise<void> {
    this.#changed = changed
    this.drivers.isSettled = false
    await this.volumes.recover()
    this.#object.start()
  }

  /** From now on a driver that is not there is missing. */
  driversKnown(): void {
    this.drivers.isSettled = true
    this.#changed()
  }

  seen(node: Node): void {
    this.#object.seen(node)
  }

  stop(): void {
    this.volumes.stop()
    this.drivers.close()
    void this.#object.stop()
  }
}
