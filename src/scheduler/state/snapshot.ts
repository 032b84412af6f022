/** The cluster as plugins may read it. */
import type { ChangeLog } from './change-log.ts'
import type { NodeInfo } from './node-info.ts'

export interface Snapshot {
  /**
   * Nodes that exist, zones taking turns, so that any stretch of the list has nodes of all zones. The same array until nodes
   * come, go or move to another zone.
   */
  readonly nodes: readonly NodeInfo[]
  /**
   * The revisions of `nodes`: whoever compares those of hundreds of nodes for one pod finds them side by side here, and not
   * all over the memory. Another table whenever `nodes` is another list.
   */
  readonly revisions: Float64Array
  /** Grows whenever `nodes` is another list. */
  readonly layout: number
  /** Grows whenever nodes come, go or change labels or taints, or namespaces change labels. */
  readonly topology: number
  /** All changes of pods and nodes. */
  readonly changes: ChangeLog
  node(name: string): NodeInfo | undefined
  /** The node on which a pod is, also before the server knows. */
  placeOf(uid: string): NodeInfo | undefined
  namespaceLabels(namespace: string): Readonly<Record<string, string>>
  /** How many nodes have an image of this name. */
  nodesWithImage(name: string): number
  /** Nodes that have pods with terms about other pods, so that most clusters skip that work. */
  readonly withAffinity: ReadonlySet<NodeInfo>
  readonly withRequiredAntiAffinity: ReadonlySet<NodeInfo>
}
