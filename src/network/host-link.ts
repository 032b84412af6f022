/**
 * A bridge without ports that holds the address under which pods reach this host (API server, DNS), and the kernel settings that routing
 * needs.
 */

import { networkInterfaces } from 'node:os'
import { splitRanges } from '#base/cidr.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Running } from '#client/role.ts'
import { hasLink, hasRoute, linksOfRouters } from '#host/addresses.ts'
import { command, tryCommand } from '#host/command.ts'
import { systemFiles } from '#host/files.ts'
import { lookEvery } from './looks.ts'

export interface HostLinkOptions {
  /** Name of the link, at most 15 letters. */
  readonly link: string
  /** Addresses that pods use to reach this host. */
  readonly addresses: readonly string[]
  /** Routed to the link, so that service addresses have a route even on a host without a default one: one range, or one of each family. */
  readonly serviceCidr: string
}

/**
 * Makes the link and its addresses, and lets the kernel route. Repeating it is harmless. A bridge, since unlike a dummy
 * device every kernel that runs containers has it; nothing is ever plugged into it.
 */
export async function ensureHostLink(options: HostLinkOptions): Promise<void> {
  const { link, addresses, serviceCidr } = options
  // One call for all of it: this stands in the way of the first pod.
  const lines = [
    ...(hasLink(link) ? [] : [`link add ${link} type bridge`]),
    `link set ${link} up`,
    ...addresses.map(address =>
      // Nobody is asked whether he has it: there is nobody on the link.
      isIpv6(address)
        ? `address replace ${address}/128 dev ${link} nodad`
        : `address replace ${address}/32 dev ${link}`,
    ),
    ...splitRanges(serviceCidr).map(range => `route replace ${range} dev ${link}`),
  ]
  await command('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` })
  if (!routes()) await command('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1'])
  if (addresses.some(isIpv6) && !routes6()) await routeIpv6()
}

const isIpv6 = (address: string) => address.includes(':')

/**
 * A kernel that routes IPv6 no longer listens to other routers on links that listen to them by default: the machine would lose its own way out.
 * So links of such routers are told to go on; no others, since pods are no routers.
 */
async function routeIpv6(): Promise<void> {
  const listening = [...linksOfRouters()].filter(
    name => read(`${IPV6_SETTINGS}/${name}/accept_ra`) === '1',
  )
  await command('sysctl', [
    ...['-q', '-w'],
    ...listening.map(name => `net/ipv6/conf/${name}/accept_ra=2`),
    'net/ipv6/conf/all/forwarding=1',
  ])
}

/** How soon is noticed that somebody took the link away, or what belongs to it. */
const LOOK_EVERY_MS = 10_000

/** With what something is kept as it should be. */
export interface Keeping {
  readonly clock: Clock
  readonly log: Log
  readonly lookEveryMs?: number
}

/**
 * Brings the link back where somebody else removed it, its addresses or its route, or turned routing off: network managers do so with what they do
 * not know. Sockets that listen on the addresses live on meanwhile.
 */
export function keepHostLink(options: HostLinkOptions, keeping: Keeping): Running {
  const { clock, log, lookEveryMs = LOOK_EVERY_MS } = keeping
  return lookEvery(clock, { pauseMs: lookEveryMs }, async () => {
    try {
      if (isWhole(options)) return
      await ensureHostLink(options)
      log.warn('the link to the pods was damaged by another program and is mended', {
        link: options.link,
      })
    } catch (error) {
      const fields = { link: options.link, error: messageOf(error) }
      log.error('the link to the pods is damaged and can not be mended; trying again', fields)
    }
  })
}

/** Asks the kernel without starting a program, since this is done for as long as the node runs. */
function isWhole({ link, addresses, serviceCidr }: HostLinkOptions): boolean {
  const held = networkInterfaces()[link]?.map(({ address }) => address) ?? []
  return (
    addresses.every(address => held.includes(address)) &&
    splitRanges(serviceCidr).every(range => hasRoute(range, link)) &&
    routes() &&
    (!addresses.some(isIpv6) || routes6())
  )
}

const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward'

const IPV6_SETTINGS = '/proc/sys/net/ipv6/conf'

const read = (path: string) => systemFiles.read(path)?.toString().trim()
const routes = () => read(IP_FORWARD) === '1'
const routes6 = () => read(`${IPV6_SETTINGS}/all/forwarding`) === '1'

/** Whether this machine's kernel has IPv6, and has it turned on. */
export const hasIpv6 = (): boolean => read(`${IPV6_SETTINGS}/all/disable_ipv6`) === '0'

export async function removeHostLink(link: string): Promise<void> {
  await tryCommand('ip', ['link', 'delete', link]).catch(() => undefined)
}
