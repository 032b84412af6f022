/** Puts a plan of routes of one family into the kernel, and takes out what is not in it any more. */
import { contains, parseCidr } from '#base/cidr.ts'
import { tryCommand } from '#host/command.ts'
import type { Reach, Route, RoutePlan, Tunnel } from './route-plan.ts'

/** As Linux and flannel have it. */
const TUNNEL_PORT = 8472
/** What wrapping adds to a packet over IPv4, and over IPv6. */
const TUNNEL_BYTES = { 4: 50, 6: 70 } as const

/** Routes are found again by who made them: a number of those that the kernel leaves to others. */
const FIRST_PROTOCOL = 200
const PROTOCOLS = 55
const protocolOf = (instance: string) =>
  FIRST_PROTOCOL +
  ([...instance].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 0) % PROTOCOLS)

interface ShownRoute {
  readonly dst: string
  readonly gateway?: string
  readonly dev?: string
  readonly protocol?: string
  readonly type?: string
  readonly prefsrc?: string
}

interface ShownLink {
  readonly ifname: string
  readonly address: string
  readonly mtu: number
  readonly linkinfo?: {
    readonly info_data?: {
      readonly id: number
      readonly local?: string
      readonly local6?: string
      readonly port: number
    }
  }
}

interface ShownEnd {
  readonly mac: string
  readonly dst?: string
}

export interface KernelOptions {
  /** Names the tunnel and marks the routes. */
  readonly instance: string
  /** Of the addresses of pods and machines; IPv4 by default. */
  readonly family?: 4 | 6
  /** What stands before each command, to run it in another network namespace. */
  readonly prefix?: readonly string[]
}

export class KernelRoutes {
  readonly tunnelDevice: string
  readonly #protocol: number
  readonly #family: 4 | 6
  readonly #prefix: readonly string[]

  constructor({ instance, family = 4, prefix = [] }: KernelOptions) {
    // At most 15 letters, and not like the link of another Proa.
    this.tunnelDevice = `${family === 4 ? 'vx' : 'v6'}-${instance}`
    this.#family = family
    this.#protocol = protocolOf(instance)
    this.#prefix = prefix
  }

  /** How the kernel of the machine at `own` gets to each of these addresses; those that it can't, and its own, are left out. */
  async reachOf(addresses: readonly string[], own: string): Promise<Map<string, Reach>> {
    const reach = new Map<string, Reach>()
    if (addresses.length === 0) return reach
    const lines = addresses.map(address => `route get ${address}`)
    // Lines that fail print nothing; the others say which address they are about.
    const { stdout } = await this.#try('ip', [this.#of, '-force', '-j', '-batch', '-'], lines)
    // Nor are addresses of a network as a whole those of a machine.
    for (const { dst, gateway, dev, type, prefsrc } of shown<ShownRoute>(stdout))
      if (dev !== undefined && (type ?? 'unicast') === 'unicast' && dev !== 'lo')
        // Of a machine with several networks, the others know one address only: both sides have to come to the same end.
        reach.set(dst, { device: dev, isNeighbour: gateway === undefined && prefsrc === own })
    return reach
  }

  /** Resolves with the ranges that somebody else made routes for, which are left to him. */
  async apply({ clusterCidr, direct, tunnel }: RoutePlan): Promise<readonly string[]> {
    const protocol = this.#protocol
    const cluster = parseCidr(clusterCidr, '--cluster-cidr')
    // Another Proa of this machine may have the same number by chance, but never the same addresses.
    const isOurs = (route: ShownRoute) =>
      route.protocol === String(protocol) && contains(cluster, route.dst.split('/')[0] ?? '')
    const shown = await this.#show<ShownRoute>('ip', [
      ...[this.#of, '-N', 'route', 'show', 'table', 'main'],
    ])
    // A range of one address is shown without its length.
    const length = this.#family === 4 ? 32 : 128
    const isOne = ({ dst }: ShownRoute) => dst !== 'default' && !dst.includes('/')
    const there = shown.map(route =>
      isOne(route) ? { ...route, dst: `${route.dst}/${length}` } : route,
    )
    const foreign = new Set(there.filter(route => !isOurs(route)).map(({ dst }) => dst))
    const all = [...direct, ...(tunnel?.ends ?? [])]
    const wanted = all.filter(({ podCidr }) => !foreign.has(podCidr))
    const ranges = new Set(wanted.map(({ podCidr }) => podCidr))
    // Before the tunnel goes, which takes its routes along.
    await this.#batch(
      'ip',
      there
        .filter(route => isOurs(route) && !ranges.has(route.dst))
        .map(({ dst }) => `route delete ${dst} proto ${protocol}`),
    )
    const isRemade = await this.#ensureTunnel(tunnel)
    const stays = ({ dev }: ShownRoute) => !isRemade || dev !== this.tunnelDevice
    const has = new Set(
      there
        .filter(route => isOurs(route) && stays(route))
        .map(({ dst, gateway, dev }) => `${dst} ${gateway} ${dev}`),
    )
    await this.#batch(
      'ip',
      wanted
        .filter(({ podCidr, gateway, device }) => !has.has(`${podCidr} ${gateway} ${device}`))
        .map(route => routeLine(route, protocol)),
    )
    return all.map(({ podCidr }) => podCidr).filter(podCidr => foreign.has(podCidr))
  }

  /** Takes everything back; harmless where there is nothing. */
  async remove(): Promise<void> {
    await this.#try('ip', ['link', 'delete', this.tunnelDevice])
    const flush = ['route', 'flush', 'table', 'main', 'proto', `${this.#protocol}`]
    await this.#try('ip', [this.#of, ...flush])
  }

  /** Gives whether another took the place of one that was there, whose routes went with it. */
  async #ensureTunnel(tunnel: Tunnel | undefined): Promise<boolean> {
    const links = await this.#show<ShownLink>('ip', ['-d', 'link', 'show'])
    const device = this.tunnelDevice
    const link = links.find(({ ifname }) => ifname === device)
    if (!tunnel) {
      if (link) await this.#batch('ip', [`link delete ${device}`])
      return false
    }
    const { identifier, local, underlying, mac, source, ends } = tunnel
    const data = link?.linkinfo?.info_data
    const isAsWanted =
      data?.id === identifier &&
      (data.local ?? data.local6) === local &&
      data.port === TUNNEL_PORT &&
      link?.address === mac
    const mtus = links.filter(({ ifname }) => underlying.includes(ifname)).map(({ mtu }) => mtu)
    const mtu = Math.min(...mtus) - TUNNEL_BYTES[this.#family]
    await this.#batch('ip', [
      ...(link && !isAsWanted ? [`link delete ${device}`] : []),
      ...(isAsWanted
        ? []
        : [
            `link add ${device} address ${mac} type vxlan id ${identifier} ` +
              `local ${local} dstport ${TUNNEL_PORT} nolearning`,
          ]),
      `link set ${device} mtu ${mtu} up`,
      `address replace ${source}/${this.#family === 4 ? 32 : 128} dev ${device}${this.#atOnce}`,
      ...ends.map(
        ({ gateway, mac }) => `neigh replace ${gateway} lladdr ${mac} dev ${device} nud permanent`,
      ),
    ])
    await this.#keepEnds(tunnel)
    return link !== undefined && !isAsWanted
  }

  /** Where packets for each other tunnel's hardware address go; whoever left is forgotten. */
  async #keepEnds({ device, ends }: Tunnel): Promise<void> {
    const there = await this.#show<ShownEnd>('bridge', ['fdb', 'show', 'dev', device])
    const wanted = new Set(ends.map(({ mac, address }) => `${mac} ${address}`))
    const has = new Set(there.map(({ mac, dst }) => `${mac} ${dst}`))
    await this.#batch('bridge', [
      ...there
        .filter(({ mac, dst }) => dst !== undefined && !wanted.has(`${mac} ${dst}`))
        .map(({ mac, dst }) => `fdb delete ${mac} dev ${device} dst ${dst}`),
      ...ends
        .filter(({ mac, address }) => !has.has(`${mac} ${address}`))
        .map(({ mac, address }) => `fdb append ${mac} dev ${device} dst ${address}`),
    ])
  }

  get #of(): string {
    return `-${this.#family}`
  }

  /** Nobody else has the address: nobody needs to be asked. */
  get #atOnce(): string {
    return this.#family === 6 ? ' nodad' : ''
  }

  async #show<T>(program: string, words: readonly string[]): Promise<T[]> {
    const { exitCode, stdout, stderr } = await this.#try(program, ['-j', ...words])
    if (exitCode !== 0) throw new Error(`${program} ${words.join(' ')} failed: ${stderr.trim()}`)
    return shown<T>(stdout)
  }

  async #batch(program: string, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return
    const { exitCode, stderr } = await this.#try(
      program,
      // One line that can not be must not keep the others from being.
      program === 'ip' ? [this.#of, '-force', '-batch', '-'] : ['-force', '-batch', '-'],
      lines,
    )
    if (exitCode !== 0) throw new Error(`${program} failed: ${stderr.trim().replace(/\s+/g, ' ')}`)
  }

  #try(program: string, words: readonly string[], lines?: readonly string[]) {
    const [first = program, ...more] = [...this.#prefix, program, ...words]
    const input = lines?.map(line => `${line}\n`).join('')
    return tryCommand(first, more, input === undefined ? {} : { input })
  }
}

function routeLine({ podCidr, gateway, device }: Route, protocol: number): string {
  // A gateway within the tunnel is in no range of the device.
  return `route replace ${podCidr} via ${gateway} dev ${device} onlink proto ${protocol}`
}

/** What the programs print with `-j`: lists, one after the other where there were several questions. */
function shown<T>(text: string): T[] {
  return text
    .split('\n')
    .filter(line => line.startsWith('['))
    .flatMap(line => JSON.parse(line) as T[])
}
