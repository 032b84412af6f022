/** Hollow nodes: the real kubelet over machines that exist in memory only. */
import {
  addressAt,
  formatCidr,
  nodePrefixLengthOf,
  parseCidr,
  parseCidrs,
  partOf,
} from '#base/cidr.ts'
import { version } from '#base/version.ts'
import type { RoleContext, Running } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'
import { DEFAULT_POD_LOGS_DIRECTORY, type Files, startKubelet } from '#kubelet'
import type { CompleteOptions, HollowMachine } from './options.ts'

export interface RunningNode extends Running {
  readonly name: string
  /** The kubelet's own server. */
  readonly transport: Transport
  /** Its disk. */
  readonly files: Files
}

export interface RunningHollowNode extends RunningNode {
  /** Ends the kubelet; what runs on the machine runs on. */
  pause(): Promise<void>
  /** Starts a kubelet anew, after these pods (their UIDs) and all that they left on the machine were removed. */
  resume(forgottenPods: ReadonlySet<string>): Promise<void>
  readonly isOn: boolean
  /** Ends the kubelet and everything that runs; `resume` does not bring it back. */
  powerOff(): Promise<void>
  /** The machine boots. */
  powerOn(): Promise<void>
}

const KUBELET_DIRECTORY = '/var/lib/kubelet'

/** Addresses of hollow nodes: ranges for measurements, so that nobody takes them for machines. */
const NODE_ADDRESSES = {
  ipv4: parseCidr('198.18.0.0/15', 'hollow nodes'),
  ipv6: parseCidr('2001:2::/48', 'hollow nodes'),
}

/** Starts the nodes; `contextFor` gives each the client of its own identity. */
export async function startHollowNodes(
  count: number,
  options: CompleteOptions,
  contextFor: (nodeName: string) => RoleContext,
): Promise<RunningHollowNode[]> {
  const hollowMachine = await options.hollowMachine()
  const clusterCidrs = parseCidrs(options.clusterCidr, '--cluster-cidr')
  const first = options.nodeName ?? 'hollow'
  return Array.from({ length: count }, (_, index) => {
    const name = `${first}-${index}`
    const podCidr = clusterCidrs
      .map(whole => formatCidr(partOf(whole, nodePrefixLengthOf(whole), index)))
      .join()
    const { clock, random } = options
    const machine = hollowMachine({ clock, random, hostname: name, podCidr })
    const nodeAddresses = clusterCidrs.map(({ isIpv6 }) =>
      addressAt(isIpv6 ? NODE_ADDRESSES.ipv6 : NODE_ADDRESSES.ipv4, index + 1),
    )
    options.cloud?.launched?.({ name, address: nodeAddresses[0] ?? '' })
    const hasExternalCloud = options.cloud !== undefined || options.registration?.hasExternalCloud
    const start = () =>
      startKubelet(contextFor(name), {
        nodeName: name,
        ...machine,
        rootDirectory: KUBELET_DIRECTORY,
        nodeAddresses,
        ...(hasExternalCloud ? { hasExternalCloud } : {}),
        clusterDomain: options.clusterDomain,
        kubeletPort: 0,
        ...(options.hollowResources ? { capacity: options.hollowResources } : {}),
        version: version.gitVersion,
      })
    let kubelet = start()
    let isOn = true
    return {
      name,
      get isOn() {
        return isOn
      },
      files: machine.hostAccess.files,
      get transport() {
        return kubelet.transport
      },
      pause: () => kubelet.stop(),
      async resume(forgottenPods) {
        await removePods(machine, forgottenPods)
        if (isOn) kubelet = start()
      },
      async powerOff() {
        isOn = false
        await kubelet.stop()
        for (const { id } of await machine.runtime.listPodSandboxes())
          await machine.runtime.stopPodSandbox(id)
      },
      async powerOn() {
        isOn = true
        const { hostAccess } = machine
        Object.assign(hostAccess.facts, { bootId: random.uuid() })
        kubelet = start()
      },
      async stop() {
        await kubelet.stop()
        await machine.runtime.close()
      },
    }
  })
}

async function removePods(
  { runtime, hostAccess: { files } }: ReturnType<HollowMachine>,
  uids: ReadonlySet<string>,
): Promise<void> {
  for (const { id, uid } of await runtime.listPodSandboxes())
    if (uids.has(uid)) await runtime.removePodSandbox(id)
  for (const name of await files.names(DEFAULT_POD_LOGS_DIRECTORY))
    if (uids.has(name.slice(name.lastIndexOf('_') + 1)))
      await files.removeTree(`${DEFAULT_POD_LOGS_DIRECTORY}/${name}`)
  for (const uid of uids) await files.removeTree(`${KUBELET_DIRECTORY}/pods/${uid}`)
}
