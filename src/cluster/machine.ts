/**
 * This machine made ready for pods, as far as that needs no API: packages, containerd, link, CNI configuration. It begins before the API
 * server does and runs beside its start, since containerd takes about as long.
 */
import {
  contains,
  formatCidr,
  nodePrefixLengthOf,
  parseCidrs,
  partOf,
  splitRanges,
} from '#base/cidr.ts'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Running } from '#client/role.ts'
import { addressForOthers, addressToday } from '#host/addresses.ts'
import { command } from '#host/command.ts'
import { claimDirectory } from '#host/data-directory.ts'
import { containerTools, type HostAccess, machineAccess } from '#kubelet'
import {
  ensureHostLink,
  hasIpv6,
  hostAddressesOf,
  keepForwarding,
  keepHostLink,
  type PodNetworkOptions,
  podCidrOf,
  writePodNetwork,
} from '#network'
import { keepAddresses } from './kept-addresses.ts'
import type { Layout } from './layout.ts'
import { machineReadiness } from './machine-readiness.ts'

export interface MachineOptions {
  readonly layout: Layout
  readonly clusterCidr: string
  readonly serviceClusterIpRange: string
  /** The host's name by default. */
  readonly nodeName?: string | undefined
  /** Never use the machine's own containerd. */
  readonly privateContainerd?: boolean
  readonly clock: Clock
  readonly log: Log
}

export type Containerd = Awaited<
  ReturnType<Awaited<ReturnType<typeof containerTools>>['ensureContainerd']>
>

/** A machine that becomes a node. Promises that fail do so with an error for the person at the command line. */
export interface Machine {
  readonly options: MachineOptions
  readonly nodeName: string
  /** Changed in place by `keepAddresses`. */
  readonly nodeAddresses: readonly string[]
  /** Under which pods reach this host; the API server listens there, too, once `linked` resolves. Of the family that Services have first. */
  readonly hostAddress: string
  /** The same of all families of pods. */
  readonly hostAddresses: readonly string[]
  /** The range of pod addresses that the node has, or asks for when it is new; of both families with a comma between them. */
  readonly podCidr: string
  readonly linked: Promise<void>
  /** Mends the link whenever another program damages it, and keeps firewalls from cutting it off; to be called when it is there. */
  keepLinked(): Running
  /** Follows the machine to another network, where it has another address, which `moved` is told. */
  keepAddresses(moved: (address: string) => void): Running
  readonly containerd: Promise<Containerd>
  readonly access: Promise<HostAccess>
  /** Lets another Proa have the node's part of the data directory; to be called when nothing of this one uses it any more. */
  release(): void
}

/**
 * Begins; the slow parts go on behind the promises of the result. Throws a UserError where the machine can't run containers, which
 * `machineReadiness` tells beforehand.
 */
export async function prepareMachine(options: MachineOptions): Promise<Machine> {
  const readiness = await machineReadiness({ install: false, tell: () => {} })
  if (!readiness.ready) throw new UserError(readiness.reason)
  const { layout } = options
  // Before anything is touched: a second one would start containerd anew under the pods of the first.
  const isBelow = layout.kubelet.startsWith(`${layout.directory}/`)
  const claim = claimDirectory(layout.kubelet, isBelow ? layout.directory : layout.kubelet)
  try {
    return await prepare(options, () => claim.release())
  } catch (error) {
    claim.release()
    throw error
  }
}

async function prepare(options: MachineOptions, release: () => void): Promise<Machine> {
  const { layout, clock, log } = options
  const network = podNetworkOf(options, layout.cniConfiguration)
  const podCidr = podCidrOf(network) ?? firstRange(options.clusterCidr)
  const hostAddresses = hostAddressesOf(podCidr)
  if (hostAddresses.some(isIpv6) && !hasIpv6())
    throw new UserError(`pods have addresses of ${podCidr}, and this machine's kernel has no IPv6`)
  const isWanted = isIpv6(options.serviceClusterIpRange.split(',')[0] ?? '')
  const hostAddress = hostAddresses.find(each => isIpv6(each) === isWanted) ?? ''
  // Written before containerd starts, so that pods have a network from its first moment on.
  writePodNetwork(network, podCidr)
  const alone = refuseSecondCluster(options)
  const link = {
    link: layout.instance,
    addresses: hostAddresses,
    serviceCidr: options.serviceClusterIpRange,
  }
  const linked = alone.then(() => ensureHostLink(link))
  const containerd = Promise.all([containerTools(), alone]).then(([{ ensureContainerd }]) =>
    ensureContainerd({
      dataDirectory: layout.directory,
      clock,
      log: log.with({ component: 'containerd' }),
      privateOnly: options.privateContainerd ?? false,
    }),
  )
  const access = machineAccess(layout.kubelet)
  // Whoever needs them awaits them later; until then a failure is not an unhandled one.
  for (const promise of [linked, containerd, access]) promise.catch(() => {})
  const { facts, files } = await access
  // Whoever passes the data directory, as the users of pods do, comes to no volume by it.
  if (await files.facts(layout.localPath)) await files.chmod(layout.localPath, 0o700)
  // Without a network pods still reach the node under the address of its link.
  const nodeAddresses = hostAddresses.map(
    each => addressForOthers('0.0.0.0', isIpv6(each) ? 'IPv6' : 'IPv4') ?? each,
  )
  return {
    options,
    nodeName: options.nodeName ?? facts.hostname,
    nodeAddresses,
    hostAddress,
    hostAddresses,
    podCidr,
    linked,
    keepLinked() {
      const kept = { clock, log: log.with({ component: 'network' }) }
      const { clusterCidr } = options
      const parts = [
        keepHostLink(link, kept),
        ...splitRanges(clusterCidr).map(range =>
          keepForwarding({ name: layout.instance, clusterCidr: range }, kept),
        ),
      ]
      return { stop: async () => void (await Promise.all(parts.map(part => part.stop()))) }
    },
    keepAddresses: moved =>
      keepAddresses(nodeAddresses, {
        clock,
        today: held =>
          addressToday(held, hostAddresses.find(each => isIpv6(each) === isIpv6(held)) ?? ''),
        moved(address) {
          log.warn('this machine has another address now, and so has its node', { address })
          moved(address)
        },
      }),
    containerd,
    access,
    release,
  }
}

export function podNetworkOf(
  { layout, nodeName }: Pick<MachineOptions, 'layout' | 'nodeName'>,
  configurationDirectory: string,
): PodNetworkOptions {
  return {
    nodeName: nodeName ?? '',
    configurationDirectory,
    addressDirectory: layout.cniAddresses,
    name: layout.instance,
  }
}

/** The first node's ranges: the host's own addresses in them are known before any node is registered. */
function firstRange(clusterCidr: string): string {
  const ranges = parseCidrs(clusterCidr, '--cluster-cidr')
  return ranges.map(range => formatCidr(partOf(range, nodePrefixLengthOf(range), 0))).join()
}

const isIpv6 = (address: string) => address.includes(':')

interface Link {
  readonly ifname: string
  readonly addr_info: readonly { readonly local: string }[]
}

/** Two clusters with the same pod addresses on one machine would take each other's traffic. */
async function refuseSecondCluster({ layout, clusterCidr }: MachineOptions): Promise<void> {
  const links: readonly Link[] = JSON.parse(await command('ip', ['-j', 'address', 'show']))
  const ranges = parseCidrs(clusterCidr, '--cluster-cidr')
  const other = links.find(
    ({ ifname, addr_info }) =>
      /^proa(-|$)/.test(ifname) &&
      ifname !== layout.instance &&
      addr_info.some(({ local }) => ranges.some(range => contains(range, local))),
  )
  if (other)
    throw new UserError(
      `another proa on this machine gives its pods addresses of ${clusterCidr} (link ${other.ifname}): reset that one with "proa reset", or choose another --cluster-cidr and --service-cluster-ip-range`,
    )
}
