/**
 * Which addresses of nodes a Service of type LoadBalancer gets, where no cloud has any to give: those of the nodes themselves, as far as
 * nobody else has its ports there. Pure.
 */
import type { Node } from '#api/core/v1/node.ts'
import {
  type LoadBalancerIngress,
  type Service,
  service as serviceKind,
} from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { familyOf } from '../endpointslice/endpointslice.reconcile.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'

/** Who asks for us by name; who names nobody gets us, too. */
export const CLASS = 'proa/node'
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers'
/** The machine's own programs come and go, and nothing tells of it. */
const LOOK_AGAIN_MS = 30_000

export interface BalancerWorld {
  readonly nodes: readonly Node[]
  readonly services: readonly Service[]
  readonly slicesOf: (service: Service) => readonly EndpointSlice[]
  /** Ports on which programs of a node's machine listen, such as `22/TCP`. */
  readonly takenPorts: (node: string) => ReadonlySet<string>
  /** Whether a cloud has load balancers for those that name nobody. */
  readonly byClassOnly?: boolean
}

export function isBalanced({ spec }: Service, byClassOnly = false): boolean {
  const { type, loadBalancerClass = byClassOnly ? undefined : CLASS } = spec
  return type === 'LoadBalancer' && loadBalancerClass === CLASS
}

export function reconcile(service: Service, world: BalancerWorld): Outcome {
  if (!isBalanced(service, world.byClassOnly) || service.metadata.deletionTimestamp)
    return nothingToDo
  const { nodes, problem } = placesFor(service, world)
  const ingress = nodes.flatMap(node => ingressOf(node, familiesOf(service)))
  const before = service.status?.loadBalancer?.ingress ?? []
  const again = problem ? { againAfterMs: LOOK_AGAIN_MS } : {}
  if (same(before, ingress)) {
    const isWaiting = ingress.length === 0 && problem !== undefined
    return { writes: isWaiting ? [failed(service, problem)] : [], ...again }
  }
  const write: Write = {
    verb: 'patch',
    kind: serviceKind,
    object: service,
    type: 'merge',
    patch: { status: { loadBalancer: { ingress: ingress.length > 0 ? ingress : null } } },
    subresource: 'status',
  }
  const told =
    ingress.length > 0
      ? event(service, 'EnsuredLoadBalancer', 'Ensured load balancer')
      : failed(service, problem ?? 'there are no available nodes for it')
  return { writes: [write, told], ...again }
}

interface Places {
  readonly nodes: readonly Node[]
  /** Why a node is missing among them. */
  readonly problem: string | undefined
}

function placesFor(service: Service, world: BalancerWorld): Places {
  const rival = rivalOf(service, world)
  if (rival) return { nodes: [], problem: rival }
  const local = service.spec.externalTrafficPolicy === 'Local' && endpointNodes(service, world)
  const fit = world.nodes
    .filter(node => isFit(node) && (!local || local.has(node.metadata.name ?? '')))
    .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  let problem: string | undefined
  const nodes = fit.filter(({ metadata }) => {
    const taken = world.takenPorts(metadata.name ?? '')
    const port = portsOf(service).find(each => taken.has(each))
    if (port) problem ??= `a program of node ${metadata.name} listens on port ${port}`
    return port === undefined
  })
  return { nodes, problem }
}

/** Of several that want a port the oldest has it. */
function rivalOf(service: Service, { services, byClassOnly }: BalancerWorld): string | undefined {
  const wanted = portsOf(service)
  for (const other of services) {
    if (keyOf(other) === keyOf(service) || !isBalanced(other, byClassOnly)) continue
    if (ageOf(other) > ageOf(service)) continue
    const port = portsOf(other).find(each => wanted.includes(each))
    if (port) return `Service ${keyOf(other)} has port ${port} of the nodes`
  }
  return undefined
}

const ageOf = (service: Service) => `${service.metadata.creationTimestamp} ${keyOf(service)}`

const portsOf = ({ spec }: Service): readonly string[] =>
  (spec.ports ?? []).map(({ port, protocol }) => `${port}/${protocol ?? 'TCP'}`)

function endpointNodes(service: Service, { slicesOf }: BalancerWorld): ReadonlySet<string> {
  const endpoints = slicesOf(service).flatMap(slice => slice.endpoints ?? [])
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false)
  return new Set(ready.map(({ nodeName }) => nodeName ?? ''))
}

function isFit({ metadata, status }: Node): boolean {
  if (metadata.deletionTimestamp || metadata.labels?.[EXCLUDED] !== undefined) return false
  return (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')
}

/** In the order in which the Service has them. */
const familiesOf = ({ spec }: Service): readonly string[] =>
  spec.ipFamilies?.length ? spec.ipFamilies : ['IPv4']

/** Where the world reaches the node, or else where its neighbours do: of each of the families one address. */
function ingressOf({ status }: Node, families: readonly string[]): LoadBalancerIngress[] {
  return families.flatMap(family => {
    const [address] = ['ExternalIP', 'InternalIP'].flatMap(wanted =>
      (status.addresses ?? []).filter(
        ({ type, address }) => type === wanted && familyOf(address) === family,
      ),
    )
    return address ? [{ ip: address.address, ipMode: 'VIP' }] : []
  })
}

const same = (before: readonly LoadBalancerIngress[], after: readonly LoadBalancerIngress[]) =>
  before.length === after.length &&
  before.every(({ ip, ipMode }, index) => ip === after[index]?.ip && ipMode === 'VIP')

const event = (about: Service, reason: string, message: string): Write => ({
  verb: 'event',
  about,
  type: 'Normal',
  reason,
  text: { message },
})

const failed = (about: Service, problem: string): Write => ({
  verb: 'event',
  about,
  type: 'Warning',
  reason: 'SyncLoadBalancerFailed',
  text: {
    message: `Error syncing load balancer: failed to ensure load balancer: ${problem}`,
  },
})
