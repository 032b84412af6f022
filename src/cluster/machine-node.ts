/** The node on this machine: kubelet over containerd, pod network, service rules and DNS, in the order that gets pods running soonest. */
import { node as nodeKind } from '#api/core/v1/node.ts'
import type { Client } from '#client/client.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { startDns } from '#dns'
import { containerTools, startKubelet } from '#kubelet'
import { startPodNetwork } from '#network'
import { startProxy } from '#proxy'
import { clusterDnsAddress, DNS_PORT, ensureClusterDns } from './cluster-dns.ts'
import type { RunningNode } from './hollow-nodes.ts'
import { type Machine, podNetworkOf } from './machine.ts'
import { readNodeDns, upstreamsOf } from './machine-dns.ts'

export { prepareMachine } from './machine.ts'
export { machineReadiness } from './machine-readiness.ts'

/** As whom each part of the node talks to the API. */
export interface MachineContexts {
  readonly node: RoleContext
  readonly proxy: RoleContext
  readonly dns: RoleContext
  /** May create the DNS Service. */
  readonly admin: RoleContext
}

export interface MachineNodeOptions {
  readonly clusterDomain: string
  readonly version?: string
}

export interface RunningMachineNode extends RunningNode {
  /** Resolves when the node is registered, service rules are in the kernel and DNS answers; rejects where DNS can't listen. */
  readonly ready: Promise<void>
}

/** Resolves once the kubelet runs; `ready` says when the rest does. Its `stop` leaves pods, link and rules alone. */
export async function startMachineNode(
  machine: Machine,
  contexts: MachineContexts,
  options: MachineNodeOptions,
): Promise<RunningMachineNode> {
  const { nodeName, hostAddress } = machine
  const { layout, clusterCidr, serviceClusterIpRange, clock, log } = machine.options
  const running: Running[] = []
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop()
  }
  const clusterDns = clusterDnsAddress(serviceClusterIpRange)
  const nodeDns = readNodeDns()
  try {
    const services = Promise.all([
      ensureClusterDns(contexts.admin.client, { serviceClusterIpRange, addresses: [hostAddress] }),
      machine.linked
        .then(() =>
          startDns(contexts.dns, {
            clusterDomain: options.clusterDomain,
            listen: [{ address: hostAddress, port: DNS_PORT }],
            upstreams: upstreamsOf(nodeDns, [hostAddress, clusterDns]),
          }),
        )
        .then(dns => running.push(dns)),
      startProxy(contexts.proxy, { nodeName, clusterCidr, table: layout.instance }).then(proxy =>
        running.push(proxy),
      ),
    ])
    services.catch(() => {})
    const [containerd, hostAccess, { connectCri }] = await Promise.all([
      machine.containerd,
      machine.access,
      containerTools(),
    ])
    running.push({ stop: async () => containerd.release() })
    running.push(
      startPodNetwork(contexts.node, {
        ...podNetworkOf(machine.options, containerd.cniConfDirectory),
        nodeName,
      }),
    )
    const runtime = connectCri({ socketPath: containerd.socketPath, clock, log })
    running.push({ stop: () => runtime.close() })
    const kubelet = startKubelet(contexts.node, {
      nodeName,
      runtime,
      hostAccess,
      rootDirectory: layout.kubelet,
      nodeAddresses: machine.nodeAddresses,
      clusterDns: [clusterDns],
      clusterDomain: options.clusterDomain,
      nodeDns,
      ...(await rangeIfFree(contexts.admin.client, machine)),
      ...(options.version ? { version: options.version } : {}),
    })
    running.push(kubelet)
    const ready = Promise.all([services, kubelet.registered]).then(() => {})
    ready.catch(() => {})
    return { name: nodeName, transport: kubelet.transport, ready, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A new node asks for the range that the host's address is from, unless another node has it. */
async function rangeIfFree(client: Client, { nodeName, podCidr }: Machine) {
  const { items } = await client.list(nodeKind)
  const taken = items.some(
    ({ metadata, spec }) => metadata.name !== nodeName && spec.podCIDR === podCidr,
  )
  return taken ? {} : { podCidr }
}
