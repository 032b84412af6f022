/**
 * Which tracked UDP flows lead nowhere. The kernel translates only the first packet's address and keeps to that for the flow: a client that always
 * sends from one port (DNS does) would talk to a pod that is gone for as long as it talks, and to nobody at all where its first packet came before
 * the service had an endpoint. TCP needs none of this, its connections end. Pure.
 */
import type { Endpoint, HostPort, ServicePort } from './service-ports.ts'

/**
 * Where datagrams may be sent to, `address:port`, and the endpoints, `address:port`, that may answer them. The address is empty for a port of
 * the node.
 */
export type Destinations = ReadonlyMap<string, ReadonlySet<string>>

/** A tracked flow before and after translation; not translated, it is answered by whom it was sent to. */
export interface Flow {
  readonly destination: Endpoint
  readonly answeredBy: Endpoint
}

export function udpDestinationsOf(
  services: readonly ServicePort[],
  hostPorts: readonly HostPort[],
): Destinations {
  const destinations = new Map<string, ReadonlySet<string>>()
  // Whose an address is, rules decide the same way: the inner ones are their Service's, the outer ones the first's.
  const add = (at: Endpoint, serving: ReadonlySet<string>) => {
    if (!destinations.has(keyOf(at))) destinations.set(keyOf(at), serving)
  }
  const ofUdp = services
    .filter(({ protocol }) => protocol === 'udp')
    .map(service => ({ ...service, serving: new Set(service.servingEndpoints.map(keyOf)) }))
  for (const { clusterIps, port, serving } of ofUdp)
    for (const ip of clusterIps) add({ ip, port }, serving)
  for (const { externalIps, balancerIps, port, nodePort, serving } of ofUdp) {
    for (const ip of [...externalIps, ...balancerIps]) add({ ip, port }, serving)
    if (nodePort !== undefined) add({ ip: '', port: nodePort }, serving)
  }
  for (const { protocol, hostIp: ip, port, endpoint } of hostPorts)
    if (protocol === 'udp') destinations.set(keyOf({ ip, port }), new Set([keyOf(endpoint)]))
  return destinations
}

/**
 * The destinations that may have flows that lead nowhere now: those that lost an endpoint, have their first one, are new or gone. One more endpoint
 * beside others harms no flow. Without `before`, all: what was tracked while nobody looked is not known.
 */
export function changedDestinations(
  before: Destinations | undefined,
  after: Destinations,
): ReadonlySet<string> {
  const changed = new Set<string>()
  for (const [destination, endpoints] of after) {
    const old = before?.get(destination)
    if (
      !old ||
      (old.size === 0 && endpoints.size > 0) ||
      [...old].some(endpoint => !endpoints.has(endpoint))
    )
      changed.add(destination)
  }
  for (const destination of before?.keys() ?? [])
    if (!after.has(destination)) changed.add(destination)
  return changed
}

/**
 * Whether a flow to one of the `changed` destinations leads nowhere. Ports of the node are ports of its own addresses: a flow through the node to the
 * same port of another machine is none of ours.
 */
export function isStale(
  { destination, answeredBy }: Flow,
  changed: ReadonlySet<string>,
  now: Destinations,
  isLocal: (ip: string) => boolean,
): boolean {
  const answering = keyOf(answeredBy)
  const exact = keyOf(destination)
  if (changed.has(exact)) return !now.get(exact)?.has(answering)
  const nodePort = keyOf({ ip: '', port: destination.port })
  if (!changed.has(nodePort) || now.has(exact) || now.get(nodePort)?.has(answering)) return false
  return answeredBy.ip !== destination.ip || isLocal(destination.ip)
}

/** A line of `conntrack -L`: addresses and ports of the first packet, then those of an answer. Undefined for anything else. */
export function flowOf(line: string): Flow | undefined {
  const found = FLOW.exec(line)
  if (!found) return undefined
  const [, destination = '', destinationPort, source = '', sourcePort] = found
  return {
    destination: { ip: destination, port: Number(destinationPort) },
    answeredBy: { ip: source, port: Number(sourcePort) },
  }
}

const FLOW =
  /^udp .*?\bdst=(\S+) sport=\d+ dport=(\d+) .*?\bsrc=(\S+) dst=\S+ sport=(\d+) dport=\d+/

export function keyOf({ ip, port }: Endpoint): string {
  return `${ip}:${port}`
}
