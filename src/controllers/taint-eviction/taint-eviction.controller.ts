/** Deletes pods from nodes whose NoExecute taints they do not tolerate, or not for so long. */
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { BY_NODE, indexByNode } from '../runner/pods-by-node.ts'
import { countEvictions } from './taint-eviction.figures.ts'
import { reconcile } from './taint-eviction.reconcile.ts'

export function taintEvictionController(context: ControllerContext): Controller {
  const nodes = context.informers.for(node)
  const pods = context.informers.for(pod)
  indexByNode(pods)
  const hasNoExecute = (name: string | undefined) =>
    (nodes.get(name ?? '')?.spec.taints ?? []).some(({ effect }) => effect === 'NoExecute')
  return {
    name: 'taint-eviction-controller',
    workers: 8,
    counted: countEvictions(context.figures),
    views: [
      { kind: node, informer: nodes },
      { kind: pod, informer: pods },
    ],
    wake(queue) {
      queue.onStop(
        nodes.subscribe({
          changed({ metadata: { name = '' }, spec }, previous) {
            if (spec.taints === previous?.spec.taints) return
            if (!hasNoExecute(name)) return
            for (const found of pods.by(BY_NODE, name)) queue.add(keyOf(found))
          },
        }),
      )
      queue.onStop(
        pods.subscribe({
          changed(next: Pod, previous) {
            const moved = previous?.spec.nodeName !== next.spec.nodeName
            const retold = previous?.spec.tolerations !== next.spec.tolerations
            if ((moved || retold) && hasNoExecute(next.spec.nodeName)) queue.add(keyOf(next))
          },
        }),
      )
    },
    reconcile(key) {
      const found = pods.get(key)
      const taints = nodes.get(found?.spec.nodeName ?? '')?.spec.taints
      if (!found || !taints) return { writes: [] }
      return reconcile({ pod: found, taints, nowMs: context.clock.now() })
    },
  }
}
