/** Tells every node how long its kubelet may keep what it has read. */
import { node } from '#api/core/v1/node.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { reconcile, stepFor } from './ttl.reconcile.ts'

export function ttlController(context: ControllerContext): Controller {
  const nodes = context.informers.for(node)
  let step = 0
  return {
    name: 'ttl-controller',
    workers: 5,
    views: [{ kind: node, informer: nodes }],
    wake(queue) {
      const wakeAllOnStep = () => {
        const next = stepFor(nodes.list().length, step)
        if (next === step) return
        step = next
        for (const found of nodes.list()) queue.add(keyOf(found))
      }
      queue.onStop(
        nodes.subscribe({
          changed(next, previous) {
            if (previous && previous.metadata.annotations === next.metadata.annotations) return
            if (!previous) wakeAllOnStep()
            queue.add(keyOf(next))
          },
          deleted: wakeAllOnStep,
        }),
      )
    },
    reconcile(key) {
      const found = nodes.get(key)
      return found ? reconcile(found, step) : { writes: [] }
    },
  }
}
