/** Which changes may let a pod in that was refused for its spread. */
import { ANY, actions, type EventInterest } from '../framework/cluster-event.ts'

export const topologySpreadEvents: readonly EventInterest[] = [
  // A pod more in an empty domain, or one less in a full one, moves the skew of all.
  {
    resource: 'Pod',
    action: actions.add | actions.delete | actions.updatePodLabel | actions.updatePodToleration,
    hint: ({ uid, namespace }, { resource, previous, next }) =>
      resource === 'UnscheduledPod'
        ? next?.metadata.uid === uid
        : (next ?? previous)?.metadata.namespace === namespace,
  },
  {
    resource: 'Node',
    action:
      ANY & ~actions.updateNodeCondition & ~actions.updateNodeAnnotation & ~actions.updateOther,
  },
]
