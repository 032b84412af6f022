/** A NetworkPolicy as what it allows to the pods that it selects, with nothing left to default. Pure. */

import { type LabelMatcher, type Labels, labelMatcherOf } from '#api/machinery/label-selector.ts'
import type {
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '#api/networking/v1/network-policy.ts'
import { type Protocol, protocolOf } from './policed-pod.ts'
import { type AddressRanges, blockOf, type Family, familyOf, type PortRanges } from './ranges.ts'

export type Direction = 'ingress' | 'egress'

/** Pods of one namespace, or of namespaces with certain labels. Selectors with the same key select the same. */
export interface PeerSelector {
  readonly key: string
  readonly namespace?: string
  readonly namespaces?: LabelMatcher
  readonly pods: LabelMatcher
}

export interface Peers {
  /** Everybody, whatever else is said. */
  readonly any: boolean
  readonly selectors: readonly PeerSelector[]
  readonly blocks: Readonly<Record<Family, AddressRanges>>
}

/** Ports of each protocol; a protocol that is absent is not allowed. */
export interface Ports {
  /** Whatever the protocol. */
  readonly any: boolean
  readonly numbers: Readonly<Partial<Record<Protocol, PortRanges>>>
  /** `tcp/http`: whatever number the pod that is talked to has under this name. */
  readonly names: readonly string[]
}

/** Traffic with these peers on these ports. */
export interface Allowance {
  readonly peers: Peers
  readonly ports: Ports
}

export interface CompiledPolicy {
  /** `namespace/name`. */
  readonly key: string
  /** Another text for each state of a policy. */
  readonly version: string
  readonly namespace: string
  readonly pods: LabelMatcher
  /** Absent for a direction that the policy says nothing about: it isolates nobody in it then. */
  readonly ingress?: readonly Allowance[]
  readonly egress?: readonly Allowance[]
}

export const ALL_PORTS: PortRanges = [{ first: 0, last: 65_535 }]

export function compilePolicy({ metadata, spec }: NetworkPolicy): CompiledPolicy {
  const { namespace = '', name, uid, resourceVersion } = metadata
  const types = spec.policyTypes?.length
    ? spec.policyTypes
    : ['Ingress', ...(spec.egress?.length ? ['Egress'] : [])]
  const allowance = (
    peers: readonly NetworkPolicyPeer[] | undefined,
    ports: readonly NetworkPolicyPort[] | undefined,
  ): Allowance => ({ peers: peersOf(peers, namespace), ports: portsOf(ports) })
  return {
    ...{ key: `${namespace}/${name}`, version: `${uid}/${resourceVersion}`, namespace },
    pods: labelMatcherOf(spec.podSelector),
    ...(types.includes('Ingress')
      ? { ingress: (spec.ingress ?? []).map(({ from, ports }) => allowance(from, ports)) }
      : {}),
    ...(types.includes('Egress')
      ? { egress: (spec.egress ?? []).map(({ to, ports }) => allowance(to, ports)) }
      : {}),
  }
}

function peersOf(peers: readonly NetworkPolicyPeer[] | undefined, namespace: string): Peers {
  const blocks: Record<Family, AddressRanges[number][]> = { 4: [], 6: [] }
  if (!peers?.length) return { any: true, selectors: [], blocks }
  const selectors: PeerSelector[] = []
  for (const { ipBlock, podSelector, namespaceSelector } of peers)
    if (ipBlock) {
      const ofFamily = blocks[familyOf(ipBlock.cidr)]
      for (const range of blockOf(ipBlock.cidr, ipBlock.except)) ofFamily.push(range)
    } else {
      const pods = labelMatcherOf(podSelector ?? {})
      if (namespaceSelector) {
        const namespaces = labelMatcherOf(namespaceSelector)
        selectors.push({ key: `*${namespaces};${pods}`, namespaces, pods })
      } else selectors.push({ key: `${namespace};${pods}`, namespace, pods })
    }
  return { any: false, selectors, blocks }
}

function portsOf(ports: readonly NetworkPolicyPort[] | undefined): Ports {
  if (!ports?.length) return { any: true, numbers: {}, names: [] }
  const numbers: Partial<Record<Protocol, PortRanges[number][]>> = {}
  const names: string[] = []
  for (const { protocol: said, port, endPort } of ports) {
    const protocol = protocolOf(said)
    if (typeof port === 'string') names.push(`${protocol}/${port}`)
    else {
      const ranges = port === undefined ? ALL_PORTS : [{ first: port, last: endPort ?? port }]
      numbers[protocol] ??= []
      numbers[protocol].push(...ranges)
    }
  }
  return { any: false, numbers, names }
}

/** `namespaceLabels` of the pod's namespace; undefined where it is not known. */
export function isSelected(
  { namespace, namespaces, pods }: PeerSelector,
  pod: { readonly namespace: string; readonly labels: Labels },
  namespaceLabels: Labels | undefined,
): boolean {
  const inNamespace = namespaces
    ? namespaceLabels !== undefined && namespaces.matches(namespaceLabels)
    : namespace === pod.namespace
  return inNamespace && pods.matches(pod.labels)
}
