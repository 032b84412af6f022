/** The node's pod network: the link to the host, and the CNI configuration once the node has its range. The door of the room. */
import { join } from 'node:path'
import { node } from '#api/core/v1/node.ts'
import { addressAt, parseCidrs } from '#base/cidr.ts'
import { messageOf } from '#base/errors.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { systemFiles } from '#host/files.ts'
import { cniConfiguration, podCidrIn } from './cni-configuration.ts'
import { lookEvery } from './looks.ts'

export { keepForwarding, removeForwarding } from './forwarding.ts'
export { ensureHostLink, hasIpv6, keepHostLink, removeHostLink } from './host-link.ts'
export { openGateways } from './pod-gateways.ts'
export {
  type NetworkPolicies,
  removeNetworkPolicyRules,
  startNetworkPolicies,
} from './policy/network-policies.ts'
export { removePodRoutes, startPodRoutes } from './routes/pod-routes.ts'
export type { RouteMode } from './routes/route-plan.ts'

/** The addresses under which a node's pods reach their host: the first of each of the node's ranges, which ptp uses as gateway. */
export function hostAddressesOf(podCidr: string): string[] {
  return parseCidrs(podCidr, 'podCIDR').map(range => addressAt(range, 1))
}

export interface PodNetworkOptions {
  readonly nodeName: string
  /** Where the runtime reads CNI configurations. */
  readonly configurationDirectory: string
  readonly addressDirectory: string
  /** Name of the network, also of the configuration's file. */
  readonly name: string
}

const configurationFile = (options: PodNetworkOptions) =>
  join(options.configurationDirectory, `10-${options.name}.conflist`)

/** The range that the configuration on disk is for, or both; undefined where there is none. */
export function podCidrOf(options: PodNetworkOptions): string | undefined {
  const text = systemFiles.read(configurationFile(options))?.toString()
  return text === undefined ? undefined : podCidrIn(text)
}

/** Writes the CNI configuration, unless it stands there already. */
export function writePodNetwork(options: PodNetworkOptions, podCidr: string): void {
  const file = configurationFile(options)
  const { name, addressDirectory } = options
  const text = cniConfiguration({ name, podCidr, addressDirectory })
  if (systemFiles.read(file)?.toString() === text) return
  systemFiles.makeDirectory(options.configurationDirectory, 0o755)
  systemFiles.writeAtomically(file, text, 0o644)
}

/** How soon is noticed that somebody removed the configuration, without which no pod starts. */
const LOOK_EVERY_MS = 10_000

/** Writes the CNI configuration as soon as the node has its range, and again should the range change or somebody remove or change the file. */
export function startPodNetwork(
  context: RoleContext,
  options: PodNetworkOptions,
  lookEveryMs = LOOK_EVERY_MS,
): Running {
  const log = context.log.with({ component: 'network' })
  let podCidr: string | undefined
  const write = () => {
    if (podCidr === undefined) return
    try {
      writePodNetwork(options, podCidr)
    } catch (error) {
      log.error('the CNI configuration could not be written', { error: messageOf(error) })
    }
  }
  const end = context.informers
    .for(node, { fieldSelector: `metadata.name=${options.nodeName}` })
    .subscribe({
      changed: ({ spec }) => {
        const told = spec?.podCIDRs?.length ? spec.podCIDRs.join() : spec?.podCIDR
        if (!told || told === podCidr) return
        podCidr = told
        write()
      },
    })
  const looks = lookEvery(context.clock, { pauseMs: lookEveryMs }, write)
  return {
    async stop() {
      end()
      await looks.stop()
    },
  }
}

export function removePodNetwork(options: PodNetworkOptions): void {
  systemFiles.remove(configurationFile(options))
  systemFiles.remove(options.addressDirectory)
}
