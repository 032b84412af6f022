/** Random Services and slices, and packets to all of their addresses. */
import type { Random } from '#base/random.ts'
import type { Packet } from './judge.ts'

export const NODE_IP = '192.0.2.10'
export const HERE = 'here'
export const POD = '10.244.0.2'
const NAMES = ['a', 'b', 'c', 'd', 'e']
const PORTS = [
  { name: 'http', port: 80, protocol: 'TCP' },
  { name: 'dns', port: 53, protocol: 'UDP' },
  { name: 'other', port: 81, protocol: 'TCP' },
]

export interface Made {
  readonly path: string
  readonly body: object
  /** Set afterwards. */
  readonly status?: object
}

export class ProxyWorld {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  objects(): Made[] {
    return NAMES.flatMap((name, index) => [
      this.#service(name, index),
      ...Array.from({ length: this.#random.integer(4) }, (_, at) => this.#slice(name, at)),
    ])
  }

  packets(services: readonly ServiceLike[]): Packet[] {
    return services.flatMap(({ spec, status }) =>
      (spec.ports ?? []).flatMap(({ port, protocol, nodePort }) => {
        const outer = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])
        const at = [...(spec.clusterIPs ?? []), ...(spec.externalIPs ?? []), ...outer]
        const places = [
          ...at.flatMap(destination => [
            { destination, port },
            { destination, port: port + 1000 },
          ]),
          ...(nodePort ? [{ destination: NODE_IP, port: nodePort }] : []),
        ]
        const sources = ['198.51.100.7', '203.0.113.9', POD, '10.244.0.11', NODE_IP]
        return places.flatMap(place =>
          sources.map(source => ({
            ...{ source, ...place },
            protocol: protocol.toLowerCase() as Packet['protocol'],
          })),
        )
      }),
    )
  }

  #service(name: string, index: number): Made {
    const type = this.#one(['ClusterIP', 'NodePort', 'LoadBalancer', 'LoadBalancer'])
    const isOuter = type !== 'ClusterIP'
    const policy = () => this.#one(['Cluster', 'Local'])
    const externalIPs = this.#chance(40) ? [`198.51.100.${100 + index}`] : undefined
    const spec = {
      type,
      ports: PORTS.filter((_, at) => at === 0 || this.#chance(40)),
      ...(externalIPs ? { externalIPs } : {}),
      ...(isOuter || externalIPs ? { externalTrafficPolicy: policy() } : {}),
      internalTrafficPolicy: this.#chance(70) ? 'Cluster' : 'Local',
      ...(this.#chance(30) ? { sessionAffinity: 'ClientIP' } : {}),
      ...(type === 'LoadBalancer' && this.#chance(40)
        ? { loadBalancerSourceRanges: this.#ranges() }
        : {}),
    }
    const ingress = [
      { ip: `203.0.113.${100 + index}`, ...(this.#chance(30) ? { ipMode: 'Proxy' } : {}) },
      ...(this.#chance(30) ? [{ hostname: 'lb.example.org' }] : []),
      ...(this.#chance(15) && externalIPs ? [{ ip: externalIPs[0] as string }] : []),
    ]
    return {
      path: '/api/v1/namespaces/default/services',
      body: {
        metadata: {
          name,
          labels: this.#chance(5) ? { 'service.kubernetes.io/service-proxy-name': 'x' } : {},
        },
        spec,
      },
      ...(type === 'LoadBalancer' && this.#chance(85)
        ? { status: { loadBalancer: { ingress } } }
        : {}),
    }
  }

  #ranges(): string[] {
    const ranges = ['198.51.100.0/24', '10.244.0.0/16', '192.0.2.0/24', '8.8.8.8/32', '0.0.0.0/0']
    return ranges.filter((_, index) => index === 3 || this.#chance(index === 4 ? 15 : 35))
  }

  #slice(service: string, index: number): Made {
    const isHinted = this.#random.integer(3)
    const conditions = () => {
      const ready = this.#chance(60)
      const serving = ready || this.#chance(60)
      return { ready, serving, terminating: !ready && this.#chance(70) }
    }
    // Each address in one slice: of what two say of it upstream takes any.
    const endpoint = (_: unknown, at: number) => {
      const hints = {
        ...(isHinted > 0 ? { forZones: [{ name: this.#one(['z1', 'z2']) }] } : {}),
        ...(isHinted > 1 ? { forNodes: [{ name: this.#one([HERE, 'there']) }] } : {}),
      }
      return {
        addresses: [`10.244.${index}.${10 + at}`],
        conditions: this.#chance(10) ? {} : conditions(),
        nodeName: this.#one([HERE, 'there', 'there']),
        ...(isHinted > 0 && this.#chance(90) ? { hints } : {}),
      }
    }
    return {
      path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
      body: {
        metadata: {
          name: `${service}-${index}`,
          labels: { 'kubernetes.io/service-name': service },
        },
        addressType: 'IPv4',
        endpoints: Array.from({ length: this.#random.integer(4) }, endpoint),
        ports: PORTS.filter(() => this.#chance(80)).map(({ name, protocol, port }) => ({
          ...{ name, protocol },
          port: port + 8000,
        })),
      },
    }
  }

  #chance(percent: number): boolean {
    return this.#random.integer(100) < percent
  }

  #one<T>(choices: readonly T[]): T {
    return choices[this.#random.integer(choices.length)] as T
  }
}

export interface ServiceLike {
  readonly spec: {
    readonly ports?: readonly { port: number; protocol: string; nodePort?: number }[]
    readonly clusterIPs?: readonly string[]
    readonly externalIPs?: readonly string[]
  }
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { ip?: string }[] } }
}
