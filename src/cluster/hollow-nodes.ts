/** Hollow nodes: the real kubelet over machines that exist in memory only. */
import { addressAt, formatCidr, parseCidr } from '#base/cidr.ts'
import { version } from '#base/version.ts'
import type { RoleContext, Running } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'
import { startKubelet } from '#kubelet'
import type { CompleteOptions } from './options.ts'

export interface RunningNode extends Running {
  readonly name: string
  /** The kubelet's own server. */
  readonly transport: Transport
}

/** Addresses of hollow nodes: a range for documentation and tests, so that nobody takes them for machines. */
const NODE_ADDRESSES = parseCidr('198.18.0.0/15', 'hollow nodes')
const ADDRESSES_PER_NODE = 256

/** Starts the nodes; `contextFor` gives each the client of its own identity. */
export function startHollowNodes(
  count: number,
  options: CompleteOptions,
  contextFor: (nodeName: string) => RoleContext,
): RunningNode[] {
  const clusterCidr = parseCidr(options.clusterCidr, '--cluster-cidr')
  const first = options.nodeName ?? 'hollow'
  return Array.from({ length: count }, (_, index) => {
    const name = `${first}-${index}`
    const base = clusterCidr.base + index * ADDRESSES_PER_NODE
    const podCidr = formatCidr({ base, prefixLength: 24, size: ADDRESSES_PER_NODE })
    const { clock, random } = options
    const machine = options.hollowMachine({ clock, random, hostname: name, podCidr })
    const kubelet = startKubelet(contextFor(name), {
      nodeName: name,
      ...machine,
      rootDirectory: '/var/lib/kubelet',
      nodeAddresses: [addressAt(NODE_ADDRESSES, index + 1)],
      clusterDomain: options.clusterDomain,
      kubeletPort: 0,
      version: version.gitVersion,
    })
    const stop = async () => {
      await kubelet.stop()
      await machine.runtime.close()
    }
    return { name, transport: kubelet.transport, stop }
  })
}
