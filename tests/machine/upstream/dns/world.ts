/** Random Services, slices and questions about them. */
import type { Random } from '#base/random.ts'

export const NAMESPACES = ['one', 'two']
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']
const PORT_NAMES = ['http', 'dns', 'x-1']
const PROTOCOLS = ['TCP', 'UDP', 'SCTP']
const HOSTS = ['h-0', 'h-1', '10-1-0-1']
const TYPES = ['A', 'AAAA', 'SRV', 'PTR', 'CNAME', 'TXT', 'NS', 'SOA', 'MX', 'ANY'] as const

export interface Made {
  readonly path: string
  readonly body: object
}

export interface AskedName {
  readonly name: string
  readonly type: (typeof TYPES)[number]
}

export class DnsWorld {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  objects(): Made[] {
    return NAMESPACES.flatMap(namespace => [
      ...NAMES.filter(() => this.#chance(80)).map(name => this.#service(namespace, name)),
      ...Array.from({ length: 8 }, (_, index) => this.#slice(namespace, index)),
    ])
  }

  /** `ips` are addresses that Services got. */
  question(ips: readonly string[]): AskedName {
    const name = this.#name(ips)
    const type = name.endsWith('.arpa') && this.#chance(70) ? 'PTR' : this.#one(TYPES)
    return {
      name: this.#chance(15) ? name.toUpperCase() : name,
      type: this.#chance(50) && type !== 'PTR' ? this.#one(['A', 'AAAA', 'SRV'] as const) : type,
    }
  }

  #service(namespace: string, name: string): Made {
    const kind = this.#one(['cluster', 'cluster', 'headless', 'headless', 'external'])
    const ports = PORT_NAMES.slice(0, 1 + this.#random.integer(3)).map((name, index) => ({
      name,
      protocol: this.#one(PROTOCOLS),
      port: 80 + index,
    }))
    const one = [{ port: 53, ...(this.#chance(50) ? { protocol: 'UDP' } : {}) }]
    const spec = {
      ports: this.#chance(30) ? one : ports,
      ipFamilyPolicy: this.#one(['SingleStack', 'PreferDualStack']),
      ...(this.#chance(20) ? { publishNotReadyAddresses: true } : {}),
      ...(kind === 'headless' ? { clusterIP: 'None' } : {}),
    }
    const outside = { type: 'ExternalName', externalName: this.#externalName() }
    return {
      path: `/api/v1/namespaces/${namespace}/services`,
      body: {
        metadata: { name },
        spec: kind !== 'external' ? spec : this.#chance(50) ? outside : { ...outside, ports },
      },
    }
  }

  #externalName(): string {
    return this.#one([
      ...['known.example.org', 'alias.example.org', 'gone.example.org', 'known.example.org.'],
      ...['192.0.2.9', 'localhost'],
      ...[...NAMES, 'z'].map(name => `${name}.${this.#one(NAMESPACES)}.svc.cluster.local`),
    ])
  }

  #slice(namespace: string, index: number): Made {
    const addressType = this.#one(['IPv4', 'IPv4', 'IPv6'])
    const address = () => {
      const last = 1 + this.#random.integer(6)
      return addressType === 'IPv4' ? `10.1.0.${last}` : `fd00:1::${last}`
    }
    const conditions = () =>
      Object.fromEntries(
        ['ready', 'serving', 'terminating']
          .filter(() => this.#chance(60))
          .map(name => [name, this.#chance(60)]),
      )
    return {
      path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      body: {
        metadata: {
          name: `slice-${index}`,
          labels: this.#chance(95) ? { 'kubernetes.io/service-name': this.#one(NAMES) } : {},
        },
        addressType,
        endpoints: Array.from({ length: this.#random.integer(4) }, () => ({
          addresses: [address()],
          ...(this.#chance(40) ? { hostname: this.#one(HOSTS) } : {}),
          conditions: conditions(),
        })),
        ports: PORT_NAMES.slice(0, this.#random.integer(4)).map((name, index) => ({
          name: this.#chance(20) ? `other-${index}` : name,
          protocol: this.#one(PROTOCOLS),
          port: 8080 + index,
        })),
      },
    }
  }

  #name(ips: readonly string[]): string {
    const base = `${this.#one(NAMES)}.${this.#one([...NAMESPACES, 'none'])}.svc.cluster.local`
    const port = `_${this.#one([...PORT_NAMES, 'other-0'])}._${this.#one(['tcp', 'udp', 'sctp'])}`
    const four = `10.1.0.${this.#random.integer(8)}`
    const six = `fd00:1::${this.#random.integer(8)}`
    switch (this.#random.integer(12)) {
      case 0:
      case 1:
      case 2:
        return base
      case 3:
      case 4:
        return `${port}.${base}`
      case 5:
        return `${this.#one([...HOSTS, four.replaceAll('.', '-'), six.replaceAll(':', '-')])}.${base}`
      case 6:
        return reverseOf(this.#one([...ips, four, six, '192.0.2.1']))
      case 7:
        return `${this.#one([four.replaceAll('.', '-'), six.replaceAll(':', '-'), 'x', '1-2-3', '999-1-1-1'])}.${this.#one([...NAMESPACES, 'none'])}.pod.cluster.local`
      case 8:
        return this.#one([
          ...['cluster.local', 'svc.cluster.local', 'pod.cluster.local', 'one.svc.cluster.local'],
          ...['none.svc.cluster.local', 'one.pod.cluster.local', 'dns-version.cluster.local'],
          ...['x.cluster.local', 'x.y.z.cluster.local', 'x.dns-version.cluster.local'],
        ])
      case 9:
        return `${port}.h-0.${base}`
      case 10:
        return this.#one([`x.${base}`, `x.y.${base}`, `_tcp.${base}`, `*.${base}`, `_.${base}`])
      default:
        return this.#one(['known.example.org', 'alias.example.org', 'gone.example.org'])
    }
  }

  #chance(percent: number): boolean {
    return this.#random.integer(100) < percent
  }

  #one<T>(choices: readonly T[]): T {
    return choices[this.#random.integer(choices.length)] as T
  }
}

export function reverseOf(ip: string): string {
  if (!ip.includes(':')) return `${ip.split('.').reverse().join('.')}.in-addr.arpa`
  const [head = '', tail = ''] = ip.split('::')
  const [before, after] = [head, tail].map(half => (half === '' ? [] : half.split(':')))
  const zeros = Array<string>(8 - (before?.length ?? 0) - (after?.length ?? 0)).fill('0')
  const groups = [...(before ?? []), ...zeros, ...(after ?? [])]
  const digits = groups.map(group => group.padStart(4, '0')).join('')
  return `${[...digits].reverse().join('.')}.ip6.arpa`
}
