/** The pods of a node, found without a search. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Informer } from '#client/informer.ts'

export const BY_NODE = 'node'

/** Files pods under the node that they are bound to; pods of no node under ''. */
export function indexByNode(pods: Informer<Pod>): void {
  pods.addIndex(BY_NODE, pod => [pod.spec.nodeName ?? ''])
}
