/** What network policies need to know of a pod. Pure. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Labels } from '#api/machinery/label-selector.ts'
import { canonicalAddress } from './ranges.ts'

export type Protocol = 'tcp' | 'udp' | 'sctp'

export interface PolicedPod {
  /** `namespace/name`. */
  readonly key: string
  readonly uid: string
  readonly namespace: string
  readonly labels: Labels
  readonly addresses: readonly string[]
  /** It runs on this node: its traffic is judged here. */
  readonly isLocal: boolean
  /** Of two pods that claim one address the younger one has it. */
  readonly created: string
  readonly namedPorts: readonly NamedPort[]
  /** Of what stands in a node for a pod, such as the cluster's DNS, only its ports count: the address is the node's, too. */
  readonly servesOnly?: true
}

export interface NamedPort {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
}

/**
 * Undefined for pods that policies are not about: those in the host's network, those that are over, whose address may be another's by now, and
 * those without an address. One that is being deleted counts to its end. `announced` are addresses that the API does not tell yet.
 */
export function policedPodOf(
  pod: Pod,
  nodeName: string,
  announced?: readonly string[],
): PolicedPod | undefined {
  const { metadata, spec, status } = pod
  if (spec.hostNetwork || status?.phase === 'Succeeded' || status?.phase === 'Failed')
    return undefined
  const addresses = announced ?? addressesOf(pod)
  if (addresses.length === 0) return undefined
  const { namespace = '', name, uid = '', labels = {}, creationTimestamp = '' } = metadata
  return {
    ...{ key: `${namespace}/${name}`, uid, namespace, labels },
    addresses: addresses.map(canonicalAddress),
    isLocal: spec.nodeName === nodeName,
    created: creationTimestamp,
    namedPorts: namedPortsOf(pod),
  }
}

export function addressesOf({ status }: Pod): readonly string[] {
  if (status?.podIPs?.length) return status.podIPs.map(({ ip }) => ip)
  return status?.podIP ? [status.podIP] : []
}

function namedPortsOf({ spec }: Pod): NamedPort[] {
  const sidecars = (spec.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  )
  return [...spec.containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ name, protocol, containerPort }) =>
      name ? [{ name, protocol: protocolOf(protocol), port: containerPort }] : [],
    ),
  )
}

export function protocolOf(protocol: string | undefined): Protocol {
  return protocol === 'UDP' ? 'udp' : protocol === 'SCTP' ? 'sctp' : 'tcp'
}

const DNS = 'kube-dns'
const DNS_NAMESPACE = 'kube-system'
/** No pod has such a name. */
export const DNS_KEY = `${DNS_NAMESPACE}/service:${DNS}`

export const isOfDns = ({ metadata }: EndpointSlice): boolean =>
  metadata.namespace === DNS_NAMESPACE && metadata.labels?.['kubernetes.io/service-name'] === DNS

/**
 * Policies let pods ask for names by selecting the pods of the DNS. Ours answers in a node instead, and is treated as the pod that they mean. Undefined where
 * pods do answer.
 */
export function dnsPodOf(slices: readonly EndpointSlice[]): PolicedPod | undefined {
  const serving = slices.filter(({ endpoints = [] }) =>
    endpoints.some(({ targetRef }) => targetRef === undefined),
  )
  const addresses = serving.flatMap(({ endpoints = [] }) =>
    endpoints.filter(({ targetRef }) => !targetRef).flatMap(({ addresses }) => addresses),
  )
  if (addresses.length === 0) return undefined
  const ports = serving.flatMap(({ ports = [] }) => ports ?? [])
  return {
    ...{ key: DNS_KEY, namespace: DNS_NAMESPACE, labels: { 'k8s-app': DNS }, created: '' },
    uid: JSON.stringify(ports),
    addresses: [...new Set(addresses.map(canonicalAddress))],
    isLocal: false,
    namedPorts: ports.flatMap(({ name = '', protocol, port }) =>
      port ? [{ name, protocol: protocolOf(protocol), port }] : [],
    ),
    servesOnly: true,
  }
}

/** Whether rules are the same for both. */
export function isSamePod(one: PolicedPod | undefined, other: PolicedPod | undefined): boolean {
  if (!one || !other) return one === other
  return (
    one.uid === other.uid &&
    one.isLocal === other.isLocal &&
    sameTexts(one.addresses, other.addresses) &&
    sameLabels(one.labels, other.labels) &&
    // Ports do not change while a pod lives; another pod of the same name has another uid.
    one.namespace === other.namespace
  )
}

export function sameLabels(one: Labels, other: Labels): boolean {
  if (one === other) return true
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every(name => Object.hasOwn(other, name) && one[name] === other[name])
  )
}

const sameTexts = (one: readonly string[], other: readonly string[]) =>
  one.length === other.length && one.every((text, index) => text === other[index])
