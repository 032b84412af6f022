/** Pods that may hope for a node: it was made free for them, and others of no more importance must leave it to them. */
import type { PodInfo } from './pod-info.ts'

export interface Nominator {
  /** The pods that hope for this node. */
  on(node: string): readonly PodInfo[]
  nodeOf(uid: string): string | undefined
  /** Since when the pod hopes for its node, on the monotonic clock. */
  sinceMs(uid: string): number | undefined
  /** Notes that a pod hopes for a node, and for no other any more; since now, unless it did already. */
  add(pod: PodInfo, node: string, sinceMs?: number): void
  delete(uid: string): void
  readonly size: number
}

/** `changed` is told of every node for which others hope than before; `nowMs` is the monotonic clock. */
export function createNominator(
  nowMs: () => number,
  changed: (node: string) => void = () => {},
): Nominator {
  const byNode = new Map<string, Map<string, PodInfo>>()
  const hopes = new Map<string, { readonly node: string; readonly sinceMs: number }>()
  const remove = (uid: string) => {
    const node = hopes.get(uid)?.node
    if (node === undefined) return
    hopes.delete(uid)
    const pods = byNode.get(node)
    if (pods?.delete(uid) && pods.size === 0) byNode.delete(node)
    changed(node)
  }
  return {
    on(node) {
      const pods = byNode.get(node)
      return pods ? [...pods.values()] : NONE
    },
    nodeOf: uid => hopes.get(uid)?.node,
    sinceMs: uid => hopes.get(uid)?.sinceMs,
    add(pod, node, sinceMs) {
      const before = hopes.get(pod.uid)
      remove(pod.uid)
      const knownMs = before?.node === node ? before.sinceMs : undefined
      hopes.set(pod.uid, { node, sinceMs: sinceMs ?? knownMs ?? nowMs() })
      const pods = byNode.get(node)
      if (pods) pods.set(pod.uid, pod)
      else byNode.set(node, new Map([[pod.uid, pod]]))
      changed(node)
    },
    delete: remove,
    get size() {
      return hopes.size
    },
  }
}
const NONE: readonly PodInfo[] = []
