/** Deletes pods from nodes whose NoExecute taints they do not tolerate, or not for so long. */
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { BY_NODE, indexByNode } from '../runner/pods-by-node.ts'
import { countEvictions } from './taint-eviction.figures.ts'
import { cancelled, type EvictionOutcome, reconcile } from './taint-eviction.reconcile.ts'

interface Leaving {
  readonly pod: Pod
  readonly sinceMs: number
  /** Its time has come. */
  readonly isGoing: boolean
}

export function taintEvictionController(context: ControllerContext): Controller {
  const nodes = context.informers.for(node)
  const pods = context.informers.for(pod)
  indexByNode(pods)
  /** Pods that have to go after a while, or go. Taints seldom say when they came. */
  const leaving = new Map<string, Leaving>()
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
            const isTainted = hasNoExecute(name)
            for (const found of pods.by(BY_NODE, name)) {
              const key = keyOf(found)
              if (isTainted || leaving.has(key)) queue.add(key)
            }
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
          deleted(gone) {
            if (leaving.has(keyOf(gone))) queue.add(keyOf(gone))
          },
        }),
      )
    },
    reconcile(key) {
      const found = pods.get(key)
      const known = leaving.get(key)
      const isKnown = known !== undefined && known.pod.metadata.uid === found?.metadata.uid
      // It may still have to be told that it went before its time.
      if (isKnown && found?.metadata.deletionTimestamp) return { writes: [] }
      const nowMs = context.clock.now()
      const sinceMs = isKnown ? known.sinceMs : nowMs
      const taints = nodes.get(found?.spec.nodeName ?? '')?.spec.taints
      const outcome: EvictionOutcome =
        found && taints ? reconcile({ pod: found, taints, nowMs, sinceMs }) : { writes: [] }
      const isGoing = outcome.lateMs !== undefined
      const hasToGo = isGoing || outcome.againAfterMs !== undefined
      if (found && hasToGo) leaving.set(key, { pod: found, sinceMs, isGoing })
      else leaving.delete(key)
      const staysSaid = isKnown && hasToGo && !outcome.isAtOnce
      if (!known || known.isGoing || staysSaid) return outcome
      return { ...outcome, writes: [cancelled(known.pod), ...outcome.writes] }
    },
  }
}
