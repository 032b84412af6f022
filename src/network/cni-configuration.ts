/**
 * The CNI configuration of this node. `ptp` gives every pod a veth pair of its own and routes it; there is no bridge, so a pod that
 * reaches another one through a Service is seen by netfilter on every kernel, with br_netfilter or without.
 */
import { splitRanges } from '#base/cidr.ts'

export interface PodNetwork {
  readonly name: string
  /** This node's part of the cluster CIDR, e.g. 10.244.0.0/24, or of both with a comma between them. */
  readonly podCidr: string
  /** Where host-local remembers which addresses are taken. */
  readonly addressDirectory: string
  readonly mtu?: number
}

/** The text of a `.conflist` file. Host ports are the proxy's business, so no portmap plugin stands here. */
export function cniConfiguration(network: PodNetwork): string {
  const subnets = splitRanges(network.podCidr)
  const configuration = {
    cniVersion: '1.0.0',
    name: network.name,
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
        ipam: {
          type: 'host-local',
          dataDir: network.addressDirectory,
          // Of each set of ranges a pod has one address.
          ranges: subnets.map(subnet => [{ subnet }]),
          routes: subnets.map(subnet => ({ dst: subnet.includes(':') ? '::/0' : '0.0.0.0/0' })),
        },
      },
    ],
  }
  return `${JSON.stringify(configuration, null, 2)}\n`
}

/** The range in a text that `cniConfiguration` made, or both; undefined where there is none. */
export function podCidrIn(text: string): string | undefined {
  const found = [...text.matchAll(/"subnet": *"([^"]+)"/g)].map(([, subnet]) => subnet)
  return found.length > 0 ? found.join() : undefined
}
