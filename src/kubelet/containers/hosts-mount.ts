/**
 * The kubelet's own /etc/hosts of a pod, mounted unless a volume is mounted there or the container
 * runs from the host's.
 */
import type { KubeletContext } from '../options.ts'
import type { AnyContainer, Pod } from '../pod-types.ts'
import type { Mount } from '../runtime.ts'
import { hostnameOf, hostsFile } from './dns.ts'

const HOSTS_PATH = '/etc/hosts'
/** No sane hosts file of a node is larger; more would be copied into every pod on the host's network. */
const HOSTS_LIMIT_BYTES = 1024 * 1024

export const podDirectory = (root: string, uid: string): string => `${root}/pods/${uid}`

export async function writeHostsFile(
  pod: Pod,
  container: AnyContainer,
  podIps: readonly string[],
  { options }: KubeletContext,
): Promise<readonly Mount[]> {
  const mountedThere = (container.volumeMounts ?? []).some(
    mount => mount.mountPath.replace(/\/+$/, '') === HOSTS_PATH,
  )
  const hostNetwork = pod.spec?.hostNetwork === true
  if (mountedThere || (podIps.length === 0 && !hostNetwork)) return []
  const { files } = options.hostAccess
  const nodeHosts = hostNetwork
    ? new TextDecoder().decode(
        (await files.read(HOSTS_PATH, HOSTS_LIMIT_BYTES)) ?? new Uint8Array(),
      )
    : undefined
  const text = hostsFile(pod, podIps, hostnameOf(pod, options.clusterDomain), nodeHosts)
  const path = `${podDirectory(options.rootDirectory, pod.metadata.uid ?? '')}/etc-hosts`
  const bytes = new TextEncoder().encode(text)
  const present = await files.read(path, HOSTS_LIMIT_BYTES)
  // Containers have the file itself mounted: replacing it would leave them the old one.
  if (!present || Buffer.compare(present, bytes) !== 0)
    await files.write(path, bytes, { mode: 0o644 })
  return [{ hostPath: path, containerPath: HOSTS_PATH, readOnly: false, propagation: 'private' }]
}
