/** Pods that may hope for a node: it was made free for them, and others of no more importance must leave it to them. */
import type { PodInfo } from './pod-info.ts'

export interface Nominator {
  /** The pods that hope for this node. */
  on(node: string): readonly PodInfo[]
  nodeOf(uid: string): string | undefined
  /** Notes that a pod hopes for a node, and for no other any more. */
  add(pod: PodInfo, node: string): void
  delete(uid: string): void
  readonly size: number
}

/** `changed` is told of every node for which others hope than before. */
export function createNominator(changed: (node: string) => void = () => {}): Nominator {
  const byNode = new Map<string, Map<string, PodInfo>>()
  const nodes = new Map<string, string>()
  const remove = (uid: string) => {
    const node = nodes.get(uid)
    if (node === undefined) return
    nodes.delete(uid)
    const pods = byNode.get(node)
    if (pods?.delete(uid) && pods.size === 0) byNode.delete(node)
    changed(node)
  }
  return {
    on(node) {
      const pods = byNode.get(node)
      return pods ? [...pods.values()] : NONE
    },
    nodeOf: uid => nodes.get(uid),
    add(pod, node) {
      remove(pod.uid)
      nodes.set(pod.uid, node)
      const pods = byNode.get(node)
      if (pods) pods.set(pod.uid, pod)
      else byNode.set(node, new Map([[pod.uid, pod]]))
      changed(node)
    },
    delete: remove,
    get size() {
      return nodes.size
    },
  }
}
const NONE: readonly PodInfo[] = []
