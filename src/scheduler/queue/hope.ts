/** Room that is kept for a pod which gives up, or hopes for another node, is as good as room that a pod leaves. */
import { actions } from '../framework/cluster-event.ts'
import type { Nominator } from '../state/nominator.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { SchedulingQueue } from './scheduling-queue.ts'

/** What the pod hopes for now; later, `tellIfOver` says so to those who were refused because of it. */
export function hopeOf(nominator: Nominator, { uid, priority, pod }: PodInfo) {
  const node = nominator.nodeOf(uid)
  const sinceMs = nominator.sinceMs(uid)
  return {
    tellIfOver(queue: SchedulingQueue): void {
      if (sinceMs === undefined || nominator.nodeOf(uid) === node) return
      queue.happened({
        resource: 'AssignedPod',
        action: actions.delete,
        label: 'AssignedPodDelete',
        previous: pod,
        // Who is more important never left it room; who was refused before has other reasons, or two that hope in turn would wake each other for ever.
        concerns: other =>
          other.info.uid !== uid && other.info.priority <= priority && other.sinceMs >= sinceMs,
      })
    },
  }
}
