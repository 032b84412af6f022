/** Keeps groups that are being deleted until all their pods are finished or gone. */
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { protect } from '../runner/finalizers.ts'
import { wakeSelf } from '../runner/wake.ts'

const FINALIZER = 'scheduling.k8s.io/podgroup-protection'
const BY_GROUP = 'pod-group'

export function podGroupProtectionController(context: ControllerContext): Controller {
  const groups = context.informers.for(podGroup)
  const pods = context.informers.for(pod)
  pods.addIndex(BY_GROUP, groupKeysOf)
  return {
    name: 'podgroup-protection-controller',
    workers: 1,
    views: [
      { kind: podGroup, informer: groups },
      { kind: pod, informer: pods },
    ],
    wake(queue) {
      wakeSelf(queue, groups)
      const wakeGroups = (changed: Pod) => {
        for (const key of groupKeysOf(changed)) queue.add(key)
      }
      queue.onStop(
        pods.subscribe({
          changed(next, previous) {
            // A pod that merely runs changes nothing for its group.
            if (!previous || isFinished(next)) wakeGroups(next)
            // Another pod of the same name, of which the watch only told the new one.
            if (previous && previous.metadata.uid !== next.metadata.uid) {
              wakeGroups(previous)
              wakeGroups(next)
            }
          },
          deleted: wakeGroups,
        }),
      )
    },
    async reconcile(key) {
      const object = groups.get(key)
      if (!object) return { writes: [] }
      const isUsed = () => pods.by(BY_GROUP, key).some(member => !isFinished(member))
      return {
        writes: await protect({
          kind: podGroup,
          object,
          finalizer: FINALIZER,
          isUsed,
          isForUsedOnly: true,
        }),
      }
    },
  }
}

function groupKeysOf({ metadata, spec }: Pod): string[] {
  const name = spec.schedulingGroup?.podGroupName
  return name ? [`${metadata.namespace}/${name}`] : []
}

const isFinished = ({ status }: Pod) => status.phase === 'Succeeded' || status.phase === 'Failed'
