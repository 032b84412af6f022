/** Removes pods that nobody else removes: of nodes that are gone, never started, or finished in too great numbers. */
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { countRemovals } from './pod-garbage-collector.figures.ts'
import { reconcile } from './pod-garbage-collector.reconcile.ts'

/** Upstream's --terminated-pod-gc-threshold. */
const TERMINATED_THRESHOLD = 12_500
/** How often all pods are gone through. */
const PERIOD_MS = 20_000
/** A node must be missing for so long before its pods go: it may only be registering anew. */
const MISSING_NODE_PATIENCE_MS = 40_000
const EVERYTHING = 'all pods'

export function podGarbageCollectorController(
  context: ControllerContext,
  terminatedThreshold = TERMINATED_THRESHOLD,
): Controller {
  const { client, clock } = context
  const nodes = context.informers.for(node)
  const pods = context.informers.for(pod)
  const missingSince = new Map<string, number>()

  /** Names of nodes that have been missing for long enough, each confirmed by the server. */
  const goneNodes = async (): Promise<ReadonlySet<string>> => {
    const named = new Set(pods.list().flatMap(({ spec }) => spec.nodeName || []))
    for (const name of missingSince.keys())
      if (!named.has(name) || nodes.get(name)) missingSince.delete(name)
    const gone = new Set<string>()
    for (const name of named) {
      if (nodes.get(name)) continue
      const since = missingSince.get(name) ?? clock.monotonicMs()
      missingSince.set(name, since)
      if (clock.monotonicMs() - since < MISSING_NODE_PATIENCE_MS) continue
      try {
        await client.get(node, name)
        missingSince.delete(name)
      } catch (error) {
        if (isStatus(error, 'NotFound')) gone.add(name)
      }
    }
    return gone
  }

  return {
    name: 'pod-garbage-collector-controller',
    workers: 1,
    counted: countRemovals(context.figures, name => nodes.get(name) !== undefined),
    views: [
      { kind: node, informer: nodes },
      { kind: pod, informer: pods },
    ],
    wake: queue => queue.add(EVERYTHING),
    async reconcile() {
      const writes = reconcile({
        pods: pods.list(),
        node: name => nodes.get(name),
        goneNodes: await goneNodes(),
        terminatedThreshold,
        nowMs: clock.now(),
      })
      return { writes, againAfterMs: PERIOD_MS }
    },
  }
}
