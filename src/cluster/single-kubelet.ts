/** A node as a process of its own: the kubelet on this machine's containerd and its pod network, with its API on port 10250. */
import { join } from 'node:path'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { version } from '#base/version.ts'
import { flagTexts, type ValuesOf } from '#cli'
import type { RoleContext, Running } from '#client/role.ts'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { containerTools, podCgroupRoot, serveKubelet, startKubelet, thresholdsOf } from '#kubelet'
import { startPodNetwork } from '#network'
import { clusterDnsAddress } from './cluster-dns.ts'
import { dataDirectoryOf } from './data-directory.ts'
import { type Layout, layoutOf } from './layout.ts'
import { type Machine, podNetworkOf, prepareMachine } from './machine.ts'
import { readNodeDns } from './machine-dns.ts'
import { machineReadiness } from './machine-readiness.ts'
import type { Remote } from './remote-context.ts'

/** Resolves when the kubelet runs and its port is open. Pods run on after its end. */
export async function startSingleKubelet(
  { context, connection }: Remote,
  values: ValuesOf<'kubelet'>,
  log: Log,
): Promise<Running> {
  const readiness = await machineReadiness({
    install: values.install,
    tell: text => process.stdout.write(`${text}\n`),
  })
  if (!readiness.ready) throw new UserError(readiness.reason)
  const layout = layoutOf(dataDirectoryOf(values.dataDirectory))
  const { clusterCidr, serviceClusterIpRange } = values
  const machine = await prepareMachine({
    layout,
    clusterCidr,
    serviceClusterIpRange,
    nodeName: values.nodeName,
    clock: systemClock,
    log,
  })
  const running: Running[] = []
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop()
  }
  try {
    await startParts(machine, {
      context,
      values,
      running,
      clientCa: connection.certificateAuthority,
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { stop }
}

interface Parts {
  readonly context: RoleContext
  readonly values: ValuesOf<'kubelet'>
  readonly running: Running[]
  readonly clientCa: string | undefined
}

async function startParts(machine: Machine, parts: Parts): Promise<void> {
  const { context, values, running, clientCa } = parts
  const { nodeName, options } = machine
  const { layout, clock, log, serviceClusterIpRange } = options
  const tls = servingCertificate(layout, nodeName, values)
  const nodeAddresses = values.nodeIp === undefined ? machine.nodeAddresses : [values.nodeIp]
  const [containerd, hostAccess, { connectCri }] = await Promise.all([
    machine.containerd,
    machine.access,
    containerTools(),
    machine.linked,
  ])
  running.push(machine.keepLinked())
  running.push({ stop: async () => containerd.release() })
  running.push(
    startPodNetwork(context, { ...podNetworkOf(options, containerd.cniConfDirectory), nodeName }),
  )
  const { socketPath, snapshotter } = containerd
  const runtime = connectCri({ socketPath, snapshotter, clock, log })
  running.push({ stop: () => runtime.close() })
  const kubelet = startKubelet(context, {
    nodeName,
    runtime,
    hostAccess,
    rootDirectory: layout.kubelet,
    nodeAddresses,
    clusterDns: [clusterDnsAddress(serviceClusterIpRange)],
    clusterDomain: values.clusterDomain,
    nodeDns: readNodeDns(),
    kubeletPort: values.port,
    allowedUnsafeSysctls: values.allowedUnsafeSysctls,
    evictionHard: thresholdsOf(values.evictionHard),
    cgroupRoot: await podCgroupRoot(`/${layout.instance}`, {
      cgroups: hostAccess.cgroups,
      driver: containerd.cgroupDriver,
      log,
    }),
    version: version.gitVersion,
    flags: flagTexts('kubelet', values),
    ...(await rangeIfFree(context, machine)),
  })
  running.push(kubelet)
  if (!clientCa)
    throw new UserError('the kubeconfig names no certificate authority, by which clients are known')
  running.push(
    await serveKubelet({
      addresses: nodeAddresses.map(address => ({ address, port: values.port })),
      tls: () => ({ ...tls, clientCa }),
      transport: kubelet.transport,
      nodeName,
      client: context.client,
      clock,
      log,
    }),
  )
}

/** A new node asks for the range that the host's address is from, unless another node has it or we may not look. */
async function rangeIfFree({ client }: RoleContext, { nodeName, podCidr }: Machine) {
  const nodes = await client.list(nodeKind).catch(() => undefined)
  const taken = nodes?.items.some(
    ({ metadata, spec }) => metadata.name !== nodeName && spec.podCIDR === podCidr,
  )
  return taken === false ? { podCidr } : {}
}

/** The flags' files, or those that `proa apiserver` made in the same data directory. */
function servingCertificate(layout: Layout, nodeName: string, values: ValuesOf<'kubelet'>) {
  const cert = values.tlsCertFile ?? join(layout.pki, `kubelet-${nodeName}.crt`)
  const key = values.tlsPrivateKeyFile ?? join(layout.pki, `kubelet-${nodeName}.key`)
  const read = (path: string) => {
    const content = systemFiles.read(path)
    if (content !== undefined) return content.toString()
    throw new UserError(
      `there is no file ${path}; the node ${nodeName} needs a serving certificate: --tls-cert-file and --tls-private-key-file (proa apiserver --node-name ${nodeName} makes one under its data dir)`,
    )
  }
  return { cert: read(cert), key: read(key) }
}
