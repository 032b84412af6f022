/**
 * Everything that pods get of a node's devices, by whichever way: plugins that count them (extended resources), and drivers that
 * prepare claims (dynamic resource allocation). A node in memory has no place at which they could register, and none.
 */
import type { KubeletContext } from '../options.ts'
import type {
  PluginHandler,
  PluginHandlers,
  PluginKind,
} from '../plugin-registration/plugin-registration.ts'
import type { AnyContainer, ApiContainerStatus, Pod } from '../pod-types.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import type { PodFailure } from '../status/pod-status.ts'
import { type ContainerAdditions, NO_ADDITIONS } from './container-additions.ts'
import type { Amounts } from './resources.ts'

export interface NodeDevicesParts {
  readonly context: KubeletContext
  readonly workers: () => readonly PodWorker[]
  readonly nodeChanged: () => void
  readonly podsAffected: (uids: Iterable<string>) => void
}

type Healths = NonNullable<ApiContainerStatus['allocatedResourcesStatus']>

export interface NodeDevices {
  start(): Promise<void>
  stop(): Promise<void>
  /** What the Node says of them; the same object while nothing changes. */
  readonly amounts: Amounts
  /** The kinds of plugins that are dealt with here. */
  readonly handlers: PluginHandlers
  /** Whether the pod asks for any. */
  wants(pod: Pod): boolean
  /**
   * Sets devices aside for a new pod; or why it can't run here. `place` is called with each container before, in their order, and tells on which
   * memory nodes (as bits) its devices are to be; rejects with what it throws.
   */
  admit(
    pod: Pod,
    place?: (container: AnyContainer) => number | undefined,
  ): Promise<PodFailure | undefined>
  /** Resolves when the pod's claims are prepared, without which nothing of it may start. */
  prepareClaims(pod: Pod): Promise<void>
  /** What a container that is about to start gets beside what its pod says. */
  additionsOf(pod: Pod, container: AnyContainer): Promise<ContainerAdditions>
  /** For its status. */
  healthsOf(pod: Pod, container: AnyContainer): Healths
  /** Nothing of the pod runs any more. Rejects where it has to be tried again. */
  release(uid: string): Promise<void>
  /** All pods are known now: others have nothing any more. */
  keepOnly(isKnown: (uid: string) => boolean): void
}

const NO_AMOUNTS: Amounts = Object.freeze({ capacity: {}, allocatable: {} })
const NO_HEALTHS: Healths = []

const NO_DEVICES: NodeDevices = {
  start: async () => {},
  stop: async () => {},
  amounts: NO_AMOUNTS,
  handlers: {},
  wants: () => false,
  admit: async () => undefined,
  prepareClaims: async () => {},
  additionsOf: async () => NO_ADDITIONS,
  healthsOf: () => NO_HEALTHS,
  release: async () => {},
  keepOnly: () => {},
}

/** Before they have started, there are none. */
export function createNodeDevices(parts: NodeDevicesParts): NodeDevices {
  const { options } = parts.context
  if (!options.grpcSockets && !options.hostAccess.pluginSockets) return NO_DEVICES
  let real = NO_DEVICES
  const handler = (kind: PluginKind): PluginHandler => ({
    validate: plugin => real.handlers[kind]?.validate(plugin),
    register: async plugin => real.handlers[kind]?.register(plugin),
    deregister: plugin => real.handlers[kind]?.deregister(plugin),
  })
  return {
    async start() {
      const { devicesOver } = await import('./devices-over-sockets.ts')
      real = devicesOver(parts)
      await real.start()
    },
    stop: () => real.stop(),
    get amounts() {
      return real.amounts
    },
    handlers: { DRAPlugin: handler('DRAPlugin'), DevicePlugin: handler('DevicePlugin') },
    wants: pod => real.wants(pod),
    admit: (pod, place) => real.admit(pod, place),
    prepareClaims: pod => real.prepareClaims(pod),
    additionsOf: (pod, container) => real.additionsOf(pod, container),
    healthsOf: (pod, container) => real.healthsOf(pod, container),
    release: uid => real.release(uid),
    keepOnly: isKnown => real.keepOnly(isKnown),
  }
}
