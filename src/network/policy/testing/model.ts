/** What Kubernetes' documentation says of a packet, in the plainest words: every policy, pod and namespace is looked at anew. Shares nothing with the rules. */
import { BlockList } from 'node:net'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { LabelSelector } from '#api/machinery/metadata.ts'
import type {
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '#api/networking/v1/network-policy.ts'
import type { Packet } from './evaluate.ts'

export interface World {
  readonly nodeName: string
  readonly nodeRanges: readonly string[]
  readonly pods: readonly Pod[]
  readonly policies: readonly NetworkPolicy[]
  /** Labels by name. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>
}

export function isAllowed(world: World, hook: 'forward' | 'input', packet: Packet): boolean {
  if (packet.isReply || world.policies.length === 0) return true
  const source = podAt(world, packet.source)
  const target = podAt(world, packet.destination)
  if (packet.isForged) return false
  if (hook === 'forward' && source && packet.source === packet.destination) {
    if (source.spec.nodeName === world.nodeName && isIsolated(world, source)) return true
  }
  if (isUnknown(world, packet.source)) return false
  if (source?.spec.nodeName === world.nodeName && !letsThrough(world, 'egress', source, packet))
    return false
  if (hook === 'input') return true
  if (isUnknown(world, packet.destination)) return false
  return target?.spec.nodeName !== world.nodeName || letsThrough(world, 'ingress', target, packet)
}

type Direction = 'ingress' | 'egress'

const selecting = ({ policies }: World, pod: Pod, direction: Direction) =>
  policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.metadata.namespace &&
      matches(spec.podSelector, pod.metadata.labels) &&
      typesOf(spec).includes(direction === 'ingress' ? 'Ingress' : 'Egress'),
  )

const typesOf = ({ policyTypes, egress }: NetworkPolicy['spec']): readonly string[] => {
  if (policyTypes?.length) return policyTypes
  return egress?.length ? ['Ingress', 'Egress'] : ['Ingress']
}

const isIsolated = (world: World, pod: Pod) =>
  selecting(world, pod, 'ingress').length + selecting(world, pod, 'egress').length > 0

function letsThrough(world: World, direction: Direction, pod: Pod, packet: Packet): boolean {
  const policies = selecting(world, pod, direction)
  if (policies.length === 0) return true
  const other = direction === 'ingress' ? packet.source : packet.destination
  return policies.some(({ metadata, spec }) => {
    const rules =
      direction === 'ingress'
        ? (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
        : (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }))
    return rules.some(
      ({ peers, ports }) =>
        (!peers?.length ||
          peers.some(peer => isPeer(world, peer, metadata.namespace ?? '', other))) &&
        (!ports?.length || ports.some(port => isPort(world, port, packet))),
    )
  })
}

function isPeer(world: World, peer: NetworkPolicyPeer, namespace: string, address: string) {
  if (peer.ipBlock) {
    const { cidr, except = [] } = peer.ipBlock
    return isIn(cidr, address) && !except.some(range => isIn(range, address))
  }
  const pod = podAt(world, address)
  if (!pod) return false
  const { namespace: its = '', labels } = pod.metadata
  if (peer.namespaceSelector) {
    const ofNamespace = world.namespaces.get(its)
    if (!ofNamespace || !matches(peer.namespaceSelector, ofNamespace)) return false
  } else if (its !== namespace) return false
  return !peer.podSelector || matches(peer.podSelector, labels)
}

function isPort(
  world: World,
  { protocol = 'TCP', port, endPort }: NetworkPolicyPort,
  packet: Packet,
) {
  if (protocol.toLowerCase() !== packet.protocol) return false
  if (port === undefined) return true
  if (typeof port === 'number') return packet.port >= port && packet.port <= (endPort ?? port)
  const { containers = [], initContainers = [] } = podAt(world, packet.destination)?.spec ?? {}
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...containers, ...sidecars].some(({ ports = [] }) =>
    ports.some(
      ({ name, protocol: its = 'TCP', containerPort }) =>
        name === port && its === protocol && containerPort === packet.port,
    ),
  )
}

function matches(selector: LabelSelector, labels: Readonly<Record<string, string>> = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      if (operator === 'In') return value !== undefined && values.includes(value)
      if (operator === 'NotIn') return value === undefined || !values.includes(value)
      return operator === 'Exists' ? value !== undefined : value === undefined
    })
  )
}

/** Finished pods and those in the host's network have no address of their own; of several the youngest has it. */
function podAt({ pods }: World, address: string): Pod | undefined {
  return pods
    .filter(
      ({ spec, status }) =>
        !spec.hostNetwork &&
        status?.phase !== 'Succeeded' &&
        status?.phase !== 'Failed' &&
        status?.podIPs?.some(({ ip }) => ip === address),
    )
    .toSorted((one, other) => (ageOf(one) < ageOf(other) ? 1 : -1))[0]
}

const ageOf = ({ metadata }: Pod) => `${metadata.creationTimestamp} ${metadata.uid}`

function isUnknown(world: World, address: string): boolean {
  return (
    world.nodeRanges.some(range => isIn(range, address)) &&
    podAt(world, address)?.spec.nodeName !== world.nodeName
  )
}

/** Made once: the same few are asked again and again. */
const subnets = new Map<string, BlockList>()

function isIn(cidr: string, address: string): boolean {
  const [base = '', length] = cidr.split('/')
  const [type, other] = [base, address].map(text => (text.includes(':') ? 'ipv6' : 'ipv4'))
  if (type === undefined || type !== other) return false
  let blocks = subnets.get(cidr)
  if (!blocks) {
    blocks = new BlockList()
    blocks.addSubnet(base, Number(length), type)
    subnets.set(cidr, blocks)
  }
  return blocks.check(address, type)
}
