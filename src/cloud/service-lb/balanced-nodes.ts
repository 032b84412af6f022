/** Which nodes stand behind load balancers, and when a change of one of them matters. Pure. */
import type { Node } from '#api/core/v1/node.ts'

const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers'
/** The cluster autoscaler is about to take it away. */
const TO_BE_DELETED = 'ToBeDeletedByClusterAutoscaler'

/** What Go's strconv.ParseBool takes for false; any other text excludes. */
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

function isIncluded({ metadata }: Node): boolean {
  const text = metadata.labels?.[EXCLUDED]
  return text === undefined || FALSE.has(text)
}

const isBalanced = (node: Node): boolean =>
  node.metadata.deletionTimestamp === undefined &&
  isIncluded(node) &&
  !(node.spec?.taints ?? []).some(({ key }) => key === TO_BE_DELETED)

/** By name, for providers compare lists. Whether a node is ready is the load balancer's to find out, by its own health checks. */
export const balancedNodes = (nodes: readonly Node[]): Node[] =>
  nodes
    .filter(isBalanced)
    .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))

/** Whether load balancers are to be looked at: that one is about to be deleted is no reason, since connections to it may still drain. */
export const mattersToBalancers = (next: Node, previous: Node): boolean =>
  isIncluded(next) !== isIncluded(previous) || next.spec?.providerID !== previous.spec?.providerID

/** Whether both are the same machines. */
export function sameMachines(some: readonly Node[], others: readonly Node[]): boolean {
  const text = (nodes: readonly Node[]) =>
    JSON.stringify(nodes.map(({ metadata, spec }) => [metadata.name, spec?.providerID ?? '']))
  return text(balancedNodes(some)) === text(balancedNodes(others))
}

const NAMES_TOLD = 20

/** As upstream tells them, in Go's notation of lists. */
export function namesTold(nodes: readonly Node[]): string {
  const names = nodes.map(({ metadata }) => metadata.name ?? '')
  const more = names.length - NAMES_TOLD
  return `[${(more > 0 ? [...names.slice(0, NAMES_TOLD), `<${more} more>`] : names).join(' ')}]`
}
