/**
 * What a cloud provider is: answers about the machines behind nodes, and load balancers and routes that it makes. The four controllers ask
 * nothing else of a cloud. The calls, what they may answer and which errors mean something are those of upstream's
 * `cloudprovider.Interface` (k8s.io/cloud-provider), so that a provider there and one here are each other's model.
 *
 * A call may take as long as the cloud takes; `signal` aborts when the answer is not wanted any more. What it throws is told by its message,
 * and tried again later, each time after a longer wait.
 */
import type { Node } from '#api/core/v1/node.ts'
import type { Service } from '#api/core/v1/service.ts'

export type NodeAddress = NonNullable<NonNullable<Node['status']>['addresses']>[number]
/** `ingress` of a Service's `status.loadBalancer`, among it. */
export type LoadBalancerStatus = NonNullable<NonNullable<Service['status']>['loadBalancer']>

export interface CloudProvider {
  /** As `--cloud-provider` says it, and as metrics are named: `cloudprovider_<name>_api_request_…`. */
  readonly name: string
  /** Absent where the cloud cannot tell: nodes are then neither initialised nor removed. */
  readonly instances?: Instances
  /** Absent where it has none: Services of type LoadBalancer are then left to others. */
  readonly loadBalancer?: LoadBalancer
  /** Absent where the network needs none. */
  readonly routes?: Routes
  /** Ends what the provider keeps open. */
  close?(): void | Promise<void>
}

/** Upstream's InstancesV2. A node is known by its `spec.providerID`, and by its name before it has one. */
export interface Instances {
  /** Whether the machine is there, running or not. A node that is not ready and has none is deleted. */
  instanceExists(node: Node, signal: AbortSignal): Promise<boolean>
  /** Whether it is there and switched off. */
  instanceShutdown(node: Node, signal: AbortSignal): Promise<boolean>
  /** Undefined: nothing is done about the node. */
  instanceMetadata(node: Node, signal: AbortSignal): Promise<InstanceMetadata | undefined>
}

export interface InstanceMetadata {
  /** `<provider>://<id>`; needed unless the node came with one. */
  readonly providerID: string
  readonly instanceType?: string
  /** All of them; those of the node that are not among these go, but for its host name where none is told. */
  readonly nodeAddresses?: readonly NodeAddress[]
  readonly zone?: string
  readonly region?: string
  /** Put on where the node has no such label yet, and never below `kubernetes.io` and `k8s.io`. */
  readonly additionalLabels?: Readonly<Record<string, string>>
}

export interface LoadBalancer {
  /** Its status where there is one; undefined where there is none. */
  getLoadBalancer(
    clusterName: string,
    service: Service,
    signal: AbortSignal,
  ): Promise<LoadBalancerStatus | undefined>
  /** Makes it, or brings it to what the Service says now. Called again with the same changes nothing. */
  ensureLoadBalancer(
    clusterName: string,
    service: Service,
    nodes: readonly Node[],
    signal: AbortSignal,
  ): Promise<LoadBalancerStatus>
  /** Other nodes stand behind it; it is there. */
  updateLoadBalancer(
    clusterName: string,
    service: Service,
    nodes: readonly Node[],
    signal: AbortSignal,
  ): Promise<void>
  /** Resolves when nothing of it is left; also where there was none. */
  ensureLoadBalancerDeleted(
    clusterName: string,
    service: Service,
    signal: AbortSignal,
  ): Promise<void>
}

export interface Route {
  /** The cloud's own; of one that is to be made it is empty. */
  readonly name: string
  /** Empty where the cloud does not know whose it is. */
  readonly targetNode: string
  /** Told by a cloud whose routes have to follow the addresses of nodes; absent otherwise. */
  readonly targetNodeAddresses?: readonly NodeAddress[]
  readonly destinationCIDR: string
  /** Its target is gone. */
  readonly blackhole?: boolean
}

export interface Routes {
  listRoutes(clusterName: string, signal: AbortSignal): Promise<readonly Route[]>
  /** `nameHint` is another text for each node: its UID. */
  createRoute(
    clusterName: string,
    nameHint: string,
    route: Route,
    signal: AbortSignal,
  ): Promise<void>
  deleteRoute(clusterName: string, route: Route, signal: AbortSignal): Promise<void>
}

/** Thrown by a LoadBalancer: somebody else makes the load balancers of this Service, and its status is left to them. */
export class ImplementedElsewhere extends Error {
  override readonly name = 'ImplementedElsewhere'
  constructor(message = 'implemented by alternate to cloud provider') {
    super(message)
  }
}

/** Thrown by a LoadBalancer: try again after so long, whatever happened before. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater'
  readonly retryAfterMs: number
  constructor(message: string, retryAfterMs: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

/** By their names, for a provider in a file of its own may have classes of its own. */
export const isImplementedElsewhere = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ImplementedElsewhere'

/** When to come again, where the failure or what caused it says so. */
export function retryAfterMsOf(failure: unknown): number | undefined {
  if (!(failure instanceof Error)) return undefined
  const { retryAfterMs } = failure as Partial<RetryLater>
  // At once, whatever happened before, would be for ever: then the usual waits count.
  if (failure.name === 'RetryLater' && typeof retryAfterMs === 'number' && retryAfterMs > 0)
    return retryAfterMs
  return retryAfterMsOf(failure.cause)
}

/** Names of load balancers are short in many clouds. */
const NAME_LENGTH = 32

/** The name that clouds give to a Service's load balancer unless they know better: `a` and its UID without dashes, cut to 32 letters. */
export function defaultLoadBalancerName({ metadata }: Pick<Service, 'metadata'>): string {
  return `a${metadata.uid ?? ''}`.replaceAll('-', '').slice(0, NAME_LENGTH)
}
