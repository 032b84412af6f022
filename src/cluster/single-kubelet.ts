/** A node as a process of its own: the kubelet on this machine's containerd and its pod network, with its API on port 10250. */

import { resolve } from 'node:path'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { FigureBook } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import { version } from '#base/version.ts'
import { flagTexts, type ValuesOf } from '#cli'
import type { RoleContext, Running } from '#client/role.ts'
import { machineAddresses } from '#host/addresses.ts'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import {
  containerTools,
  type KubeletOptions,
  podCgroupRoot,
  serveKubelet,
  startKubelet,
  thresholdsOf,
} from '#kubelet'
import { DEFAULT_KUBELET_PORT } from '#kubelet/before-start.ts'
import { openGateways, startPodNetwork } from '#network'
import { clusterDnsAddress } from './cluster-dns.ts'
import { dataDirectoryOf } from './data-directory.ts'
import { dividedMachine } from './divided-machine.ts'
import { driversDirectory } from './drivers-directory.ts'
import { withKubeletRoot } from './kubelet-root.ts'
import type { Configured, KubeletSettings } from './kubelet-settings.ts'
import { kubeletSpans } from './kubelet-spans.ts'
import { layoutOf } from './layout.ts'
import { type Machine, podNetworkOf, prepareMachine } from './machine.ts'
import { readNodeDns } from './machine-dns.ts'
import { machineReadiness } from './machine-readiness.ts'
import { checkSwap } from './machine-swap.ts'
import { ownPprof } from './own-pprof.ts'
import { registrationOf } from './registration.ts'
import type { Remote } from './remote-context.ts'
import { servingCertificates } from './serving-certificates.ts'

/** What a node that joined has beside its kubelet. */
export interface Beside {
  /** Names that its serving certificate is to be good for; by default its own and its addresses. */
  readonly servingNames?: readonly string[]
  readonly addressed?: KubeletOptions['addressed']
}

/** Resolves when the kubelet runs and its port is open. Pods run on after its end. */
export async function startSingleKubelet(
  { context, connection, figures, trace }: Remote,
  { values, settings }: Configured<ValuesOf<'kubelet'>>,
  log: Log,
  beside: Beside = {},
): Promise<Running> {
  const readiness = await machineReadiness({
    install: values.install,
    tell: text => process.stdout.write(`${text}\n`),
  })
  if (!readiness.ready) throw new UserError(readiness.reason)
  const layout = withKubeletRoot(
    layoutOf(dataDirectoryOf(values.dataDirectory)),
    settings.rootDirectory,
  )
  const { clusterCidr, serviceClusterIpRange } = values
  const machine = await prepareMachine({
    layout,
    clusterCidr,
    serviceClusterIpRange,
    nodeName: values.nodeName,
    clock: systemClock,
    log,
  })
  const running: Running[] = [{ stop: async () => machine.release() }]
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop()
  }
  try {
    await startParts(machine, {
      context,
      figures,
      trace,
      values,
      settings,
      running,
      beside,
      clientCa: clientCaOf(settings) ?? connection.certificateAuthority,
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { stop }
}

const DEFAULT_CLUSTER_DOMAIN = 'cluster.local'

/** Of a file that the configuration names. */
function clientCaOf({ clientCaFile }: KubeletSettings): string | undefined {
  if (clientCaFile === undefined) return undefined
  const text = systemFiles.read(clientCaFile)?.toString()
  if (text === undefined) throw new UserError(`there is no file ${clientCaFile}`)
  return text
}

interface Parts {
  readonly context: RoleContext
  readonly figures: FigureBook
  readonly trace: Remote['trace']
  readonly values: ValuesOf<'kubelet'>
  readonly settings: KubeletSettings
  readonly running: Running[]
  readonly beside: Beside
  readonly clientCa: string | undefined
}

async function startParts(machine: Machine, parts: Parts): Promise<void> {
  const { context, figures, trace, values, settings, running, beside, clientCa } = parts
  const { servingNames, addressed } = beside
  const { nodeName, options } = machine
  const { layout, clock, log, serviceClusterIpRange } = options
  const port = values.port ?? DEFAULT_KUBELET_PORT
  const nodeAddresses = values.nodeIp === undefined ? machine.nodeAddresses : wished(values.nodeIp)
  const serving = await servingCertificates({
    ...{ context, figures, nodeName, nodeAddresses, values, layout },
    ...(servingNames ? { names: servingNames } : {}),
  })
  running.push(serving)
  const [containerd, hostAccess, { connectCri, withSandboxImage }] = await Promise.all([
    machine.containerd,
    machine.access,
    containerTools(),
    machine.linked,
  ])
  await checkSwap(settings, hostAccess)
  running.push(machine.keepLinked())
  running.push({ stop: async () => containerd.release() })
  running.push(
    startPodNetwork(context, { ...podNetworkOf(options, containerd.cniConfDirectory), nodeName }),
  )
  const { socketPath, snapshotter } = containerd
  const tracing = await kubeletSpans(settings.tracing, nodeName, context)
  if (tracing) {
    running.push(tracing)
    await trace(tracing.spans)
  }
  const cri = connectCri({ socketPath, snapshotter, clock, log, spans: tracing?.spans })
  const runtime = withSandboxImage(cri, () => containerd.restoreSandboxImage(), log)
  running.push({ stop: () => runtime.close() })
  const wanted = registrationOf(values)
  const { divided: _, ...registration } = wanted
  const evictionHard = thresholdsOf(values.evictionHard)
  const division = await dividedMachine(wanted, {
    ...{ hostAccess, directory: layout.kubelet, evictionHard, log },
  })
  const kubelet = startKubelet(context, {
    nodeName,
    runtime,
    hostAccess,
    rootDirectory: layout.kubelet,
    driversDirectory: driversDirectory(layout.kubelet, log),
    nodeAddresses,
    clusterDns: [clusterDnsAddress(serviceClusterIpRange)],
    clusterDomain: values.clusterDomain ?? DEFAULT_CLUSTER_DOMAIN,
    nodeDns: readNodeDns(settings.resolvConf),
    kubeletPort: port,
    allowedUnsafeSysctls: values.allowedUnsafeSysctls,
    ...registration,
    ...(division ? { division } : {}),
    ...(tracing ? { spans: tracing.spans } : {}),
    pprof: ownPprof(context.clock),
    isAddressWished: values.nodeIp !== undefined,
    staticPodPath: values.staticPodPath === undefined ? '' : resolve(values.staticPodPath),
    evictionHard,
    cgroupRoot: await podCgroupRoot(`/${layout.instance}`, {
      cgroups: hostAccess.cgroups,
      driver: containerd.cgroupDriver,
      log,
    }),
    version: version.gitVersion,
    flags: flagTexts('kubelet', values),
    figures,
    addressed: async (pod, ips) => {
      await openGateways(ips, machine.hostAddresses)
      await addressed?.(pod, ips)
    },
    ...settings.options,
    ...(await rangeIfFree(context, machine)),
  })
  running.push(kubelet)
  if (!clientCa)
    throw new UserError('the kubeconfig names no certificate authority, by which clients are known')
  const served = await serveKubelet({
    addresses: nodeAddresses.map(address => ({ address, port })),
    tls: () => ({ ...serving.current(), clientCa }),
    transport: kubelet.transport,
    nodeName,
    client: context.client,
    clock,
    log,
  })
  running.push(served)
  if (values.nodeIp !== undefined) return
  const listenAt = async (address: string) => {
    try {
      await served.addAddress(address, port)
    } catch (error) {
      log.warn('the kubelet can not be reached at the new address of its node', {
        address,
        why: messageOf(error),
      })
    }
  }
  running.push(machine.keepAddresses(address => void listenAt(address)))
}

/** `0.0.0.0` and `::` stand for the machine's own address of a family. */
function wished(nodeIp: string): string[] {
  const own = { '0.0.0.0': 'IPv4', '::': 'IPv6' } as const
  return nodeIp.split(',').map(address => {
    const family = own[address as keyof typeof own]
    return family ? (machineAddresses(family)[0] ?? address) : address
  })
}

/** A new node asks for the range that the host's address is from, unless another node has it or we may not look. */
async function rangeIfFree({ client }: RoleContext, { nodeName, podCidr }: Machine) {
  const nodes = await client.list(nodeKind).catch(() => undefined)
  const taken = nodes?.items.some(
    ({ metadata, spec }) =>
      metadata.name !== nodeName && podCidr.split(',').includes(spec.podCIDR ?? ''),
  )
  return taken === false ? { podCidr } : {}
}
