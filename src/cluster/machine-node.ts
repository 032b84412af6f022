/** The node on this machine: kubelet over containerd, pod network, service rules and DNS, in the order that gets pods running soonest. */
import { node as nodeKind } from '#api/core/v1/node.ts'
import { messageOf } from '#base/errors.ts'
import type { Client } from '#client/client.ts'
import type { RoleContext, Running } from '#client/role.ts'
import {
  containerTools,
  DEFAULT_CONTAINER_LOGS_DIRECTORY,
  podCgroupRoot,
  startKubelet,
  thresholdsOf,
} from '#kubelet'
import {
  openGateways,
  type RouteMode,
  startNetworkPolicies,
  startPodNetwork,
  startPodRoutes,
} from '#network'
import { startProxy } from '#proxy'
import { clusterDnsAddress, DNS_PORT, ensureClusterDns } from './cluster-dns.ts'
import { dividedMachine } from './divided-machine.ts'
import { driversDirectory } from './drivers-directory.ts'
import type { RunningNode } from './hollow-nodes.ts'
import { openKubeletPort } from './kubelet-port.ts'
import type { KubeletSettings } from './kubelet-settings.ts'
import { kubeletSpans } from './kubelet-spans.ts'
import { type Machine, podNetworkOf } from './machine.ts'
import { readNodeDns, upstreamsOf } from './machine-dns.ts'
import { checkSwap } from './machine-swap.ts'
import type { NodeRegistration } from './options.ts'
import { ownPprof } from './own-pprof.ts'
import type { Pki } from './pki/pki.ts'
import { serveNames } from './serve-names.ts'

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
  readonly pki: Pki
  readonly kubeletPort: number | undefined
  readonly evictionHard: string | undefined
  readonly allowedUnsafeSysctls: readonly string[] | undefined
  readonly staticPodPath: string | undefined
  readonly registration: NodeRegistration | undefined
  readonly kubelet: KubeletSettings | undefined
  /** Whether NetworkPolicies are enforced here. */
  readonly networkPolicy: boolean
  /** How pods of other nodes are reached. */
  readonly podRoutes: RouteMode
}

export interface RunningMachineNode extends RunningNode {
  /** Resolves when the node is registered, service rules are in the kernel and DNS answers. */
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
  const parts = new Parts()
  const clusterDns = clusterDnsAddress(serviceClusterIpRange)
  const nodeDns = readNodeDns(options.kubelet?.resolvConf)
  try {
    await machine.linked
    parts.add(machine.keepLinked())
    const policies = options.networkPolicy
      ? startNetworkPolicies(contexts.proxy, { nodeName, instance: layout.instance })
      : undefined
    if (policies) parts.add(policies)
    const routes = { nodeName, clusterCidr, instance: layout.instance, mode: options.podRoutes }
    parts.add(startPodRoutes(contexts.proxy, routes))
    const dnsFacts = { serviceClusterIpRange, addresses: [hostAddress] }
    const ensured = ensureClusterDns(contexts.admin.client, dnsFacts)
    const services = Promise.all([
      ensured,
      parts.add(startProxy(contexts.proxy, { nodeName, clusterCidr, table: layout.instance })),
      serveNames(contexts.dns, {
        clusterDomain: options.clusterDomain,
        upstreams: upstreamsOf(nodeDns, [hostAddress, clusterDns]),
        ...{ address: hostAddress, port: DNS_PORT, signal: parts.stopping.signal },
        started: server => parts.add(server),
        moved: async port => {
          await ensured
          await ensureClusterDns(contexts.admin.client, { ...dnsFacts, port })
        },
      }),
    ])
    services.catch(error =>
      log.error('services can not be reached by pods', { error: messageOf(error) }),
    )
    const [containerd, hostAccess, { connectCri, withSandboxImage }, podCidr] = await Promise.all([
      machine.containerd,
      machine.access,
      containerTools(),
      rangeIfFree(contexts.admin.client, machine),
    ])
    const served = await openKubeletPort({
      nodeName,
      addresses: machine.nodeAddresses,
      port: options.kubeletPort,
      pki: options.pki,
      context: contexts.node,
    })
    parts.add(served)
    await checkSwap(options.kubelet ?? {}, hostAccess)
    parts.add(machine.keepAddresses(address => void served.listenAt(address)))
    parts.add({ stop: async () => containerd.release() })
    const network = podNetworkOf(machine.options, containerd.cniConfDirectory)
    parts.add(startPodNetwork(contexts.node, { ...network, nodeName }))
    const { socketPath, snapshotter } = containerd
    const tracing = await kubeletSpans(options.kubelet?.tracing, nodeName, contexts.node)
    if (tracing) parts.add(tracing)
    const cri = connectCri({ socketPath, snapshotter, clock, log, spans: tracing?.spans })
    const runtime = withSandboxImage(cri, () => containerd.restoreSandboxImage(), log)
    parts.add({ stop: () => runtime.close() })
    const { divided: _, ...registration } = options.registration ?? {}
    const evictionHard = thresholdsOf(options.evictionHard)
    const division = await dividedMachine(options.registration ?? {}, {
      ...{ hostAccess, directory: layout.kubelet, evictionHard, log },
    })
    const kubelet = startKubelet(contexts.node, {
      nodeName,
      runtime,
      hostAccess,
      rootDirectory: layout.kubelet,
      driversDirectory: driversDirectory(layout.kubelet, log),
      containerLogsDirectory: DEFAULT_CONTAINER_LOGS_DIRECTORY,
      nodeAddresses: machine.nodeAddresses,
      clusterDns: [clusterDns],
      clusterDomain: options.clusterDomain,
      nodeDns,
      kubeletPort: served.port,
      allowedUnsafeSysctls: options.allowedUnsafeSysctls ?? [],
      staticPodPath: options.staticPodPath ?? '',
      ...registration,
      evictionHard,
      ...(division ? { division } : {}),
      ...(tracing ? { spans: tracing.spans } : {}),
      pprof: ownPprof(clock),
      cgroupRoot: await podCgroupRoot(`/${layout.instance}`, {
        cgroups: hostAccess.cgroups,
        driver: containerd.cgroupDriver,
        log,
      }),
      ...options.kubelet?.options,
      ...podCidr,
      addressed: async (pod, ips) => {
        await openGateways(ips, machine.hostAddresses)
        await policies?.admit(pod, ips)
      },
      ...(options.version ? { version: options.version } : {}),
    })
    parts.add(kubelet)
    served.answerWith(kubelet.transport)
    const ready = Promise.all([services, kubelet.registered]).then(() => {})
    ready.catch(() => {})
    const { files } = hostAccess
    return { name: nodeName, files, transport: kubelet.transport, ready, stop: () => parts.stop() }
  } catch (error) {
    await parts.stop()
    throw error
  }
}

/** What runs; a part that comes up only after the end is ended at once. */
class Parts {
  readonly #running: Running[] = []
  readonly stopping = new AbortController()

  async add(starting: Running | Promise<Running>): Promise<void> {
    const part = await starting
    if (this.stopping.signal.aborted) await part.stop()
    else this.#running.push(part)
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    for (const part of this.#running.splice(0).reverse()) await part.stop()
  }
}

/** A new node asks for the range that the host's address is from, unless another node has it. */
async function rangeIfFree(client: Client, { nodeName, podCidr }: Machine) {
  const { items } = await client.list(nodeKind)
  const taken = items.some(
    ({ metadata, spec }) =>
      metadata.name !== nodeName && podCidr.split(',').includes(spec.podCIDR ?? ''),
  )
  return taken ? {} : { podCidr }
}
