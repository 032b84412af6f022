/** What a plugin says of itself when it registers, and what it is asked then. */
import { isExtendedResource } from '#api/core/v1/resource-names.ts'
import type { GrpcConnection } from '../cri/grpc.ts'
import * as messages from './messages.ts'
import type { PluginFeatures } from './plugin-connection.ts'

/** Upstream's words. */
export function refusalOf(asked: { version: string; endpoint: string; resource: string }) {
  const { version, endpoint, resource } = asked
  if (version !== messages.DEVICE_PLUGIN_VERSION)
    return `requested API version "${version}" is not supported by kubelet. Supported version is ["${messages.DEVICE_PLUGIN_VERSION}"]`
  if (!isExtendedResource(resource)) return `the ResourceName "${resource}" is invalid`
  if (endpoint === '' || endpoint.includes('/'))
    return `the Endpoint "${endpoint}" must be the name of a socket in the kubelet's directory`
  return undefined
}

const OPTIONS_TIMEOUT_MS = 10_000

export async function featuresOf(grpc: GrpcConnection): Promise<PluginFeatures> {
  const answer = await grpc.call({
    path: `/${messages.DEVICE_PLUGIN_VERSION}.DevicePlugin/GetDevicePluginOptions`,
    request: new Uint8Array(0),
    timeoutMs: OPTIONS_TIMEOUT_MS,
  })
  const options = messages.pluginOptions.decode(answer)
  return {
    preStart: options.preStartRequired,
    preferredAllocation: options.getPreferredAllocationAvailable,
  }
}
