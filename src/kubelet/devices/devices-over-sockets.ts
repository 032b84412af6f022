/** What devices a node has whose machine has sockets: loaded where one starts. */
import { messageOf } from '#base/errors.ts'
import { Drivers } from '../dra/drivers.ts'
import { DynamicResources } from '../dra/dynamic-resources.ts'
import type { GrpcServer } from '../grpc/grpc-server.ts'
import { machineGrpcSockets } from '../grpc/grpc-sockets.ts'
import { servePodResources } from '../pod-resources/pod-resources.ts'
import { type Pod, uidOf } from '../pod-types.ts'
import { knowsCdi } from '../runtime-version.ts'
import { withoutCdi } from './cdi.ts'
import type { ContainerAdditions } from './container-additions.ts'
import { DevicePlugins } from './device-plugins.ts'
import type { NodeDevices, NodeDevicesParts } from './node-devices.ts'

export function devicesOver(parts: NodeDevicesParts): NodeDevices {
  const { context, workers, nodeChanged, podsAffected } = parts
  const { options, log, clock } = context
  const sockets = options.grpcSockets ?? machineGrpcSockets(clock)
  const plugins = new DevicePlugins({
    ...{ context, sockets },
    changed: nodeChanged,
    affected: podsAffected,
  })
  const drivers = new Drivers({
    ...{ context, sockets },
    healthChanged: driver => podsAffected(claims.usersOf(driver)),
  })
  const claims: DynamicResources = new DynamicResources({ context, drivers })
  let server: GrpcServer | undefined
  const stillNeedsCdi = async (additions: ContainerAdditions) => {
    if (additions.cdiDevices.length === 0) return additions
    const version = await options.runtime.version()
    if (knowsCdi(version)) return additions
    const name = `${version.runtimeName} ${version.runtimeVersion}`
    return withoutCdi(additions, options.hostAccess.files, name)
  }
  return {
    async start() {
      options.division?.hearOfDevices(plugins.hints)
      await Promise.all([plugins.start(), claims.start()])
      drivers.start()
      server = await servePodResources({
        ...{ context, sockets, workers },
        devices: plugins,
        dynamicResources: claims,
      })
    },
    async stop() {
      drivers.stop()
      await Promise.all([plugins.stop(), claims.stop(), server?.close()])
    },
    get amounts() {
      return plugins.amounts
    },
    handlers: { DRAPlugin: drivers, DevicePlugin: plugins },
    wants: pod => plugins.wants(pod),
    admit: (pod, place) => plugins.admit(pod, place),
    prepareClaims: async pod => {
      if (usesClaims(pod)) await claims.prepare(pod)
    },
    async additionsOf(pod, container) {
      const ofPlugins = await plugins.prepare(pod, container)
      const named = usesClaims(pod) ? claims.cdiDevicesOf(pod, container) : []
      const cdiDevices = [...new Set([...ofPlugins.cdiDevices, ...named])]
      return stillNeedsCdi({ ...ofPlugins, cdiDevices })
    },
    healthsOf: (pod, container) => [
      ...plugins.healthsOf(uidOf(pod), container.name),
      ...claims.healthsOf(pod, container),
    ],
    async release(uid) {
      plugins.release(uid)
      await claims.release(uid).catch(error => {
        log.warn('claims of a pod could not be given back yet', {
          pod: uid,
          error: messageOf(error),
        })
        throw error
      })
    },
    keepOnly(isKnown) {
      plugins.keepOnly(isKnown)
      claims.keepOnly(isKnown)
    },
  }
}

const usesClaims = ({ spec, status }: Pod): boolean =>
  !!spec?.resourceClaims?.length || !!status?.extendedResourceClaimStatus
