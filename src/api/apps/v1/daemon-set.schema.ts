import { podTemplateSpec } from '../../core/v1/pod/schema.ts'
import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { labelSelector } from '../../machinery/metadata.ts'
import {
  int32,
  int64,
  intOrString,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const rollingUpdateDaemonSet = shape(
  'io.k8s.api.apps.v1.RollingUpdateDaemonSet',
  'How many nodes a rolling update may change at once; only one of the two is not zero.',
  {
    maxUnavailable: intOrString(1)
      .optional()
      .doc('On how many nodes, or percent, the pod may be missing.'),
    maxSurge: intOrString(2)
      .optional()
      .doc('On how many nodes, or percent, the new pod may run beside the old one.'),
  },
)
export type RollingUpdateDaemonSet = ValueOfShape<typeof rollingUpdateDaemonSet>

export const daemonSetUpdateStrategy = shape(
  'io.k8s.api.apps.v1.DaemonSetUpdateStrategy',
  'How pods are replaced by new ones.',
  {
    type: string(1)
      .enum('OnDelete', 'RollingUpdate')
      .doc('RollingUpdate, or OnDelete to leave each old pod until somebody deletes it.'),
    rollingUpdate: struct(2, rollingUpdateDaemonSet)
      .optional()
      .doc('How far a rolling update may go.'),
  },
)
export type DaemonSetUpdateStrategy = ValueOfShape<typeof daemonSetUpdateStrategy>

export const daemonSetSpec = shape(
  'io.k8s.api.apps.v1.DaemonSetSpec',
  'What a daemon set runs on its nodes and how it changes.',
  {
    selector: struct(1, labelSelector).requiredPointer().doc('Labels of its pods; never changes.'),
    template: struct(2, podTemplateSpec)
      .required()
      .doc('The pods; where their node selector and affinity allow it, each node gets one.'),
    updateStrategy: struct(3, daemonSetUpdateStrategy)
      .always()
      .doc('How pods are replaced by new ones.'),
    minReadySeconds: int32(4).doc('How long a pod must be ready to count as available.'),
    revisionHistoryLimit: int32(6).optional().doc('How many old revisions are kept to go back to.'),
  },
)
export type DaemonSetSpec = ValueOfShape<typeof daemonSetSpec>

export const daemonSetCondition = shape(
  'io.k8s.api.apps.v1.DaemonSetCondition',
  "One aspect of a daemon set's state.",
  {
    type: string(1).required().doc('Names the aspect.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When the status last changed.'),
    reason: string(4).doc('Why, as one CamelCase word for programs.'),
    message: string(5).doc('Why, as a sentence for people.'),
  },
)
export type DaemonSetCondition = ValueOfShape<typeof daemonSetCondition>

export const daemonSetStatus = shape(
  'io.k8s.api.apps.v1.DaemonSetStatus',
  'How a daemon set is doing.',
  {
    currentNumberScheduled: int32(1).required().doc('How many nodes run the pod and are meant to.'),
    numberMisscheduled: int32(2).required().doc('How many nodes run the pod and are not meant to.'),
    desiredNumberScheduled: int32(3).required().doc('How many nodes are meant to run the pod.'),
    numberReady: int32(4).required().doc('On how many of these nodes a pod is ready.'),
    observedGeneration: int64(5).doc('The generation that its controller has seen.'),
    updatedNumberScheduled: int32(6).doc('On how many nodes the pod has the newest template.'),
    numberAvailable: int32(7).doc('On how many nodes a pod was ready for minReadySeconds.'),
    numberUnavailable: int32(8).doc('On how many nodes none was ready for that long.'),
    collisionCount: int32(9)
      .optional()
      .doc('How often the name of a new revision was taken; it goes into the next name.'),
    conditions: list(10, daemonSetCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('Aspects of its state.'),
  },
)
export type DaemonSetStatus = ValueOfShape<typeof daemonSetStatus>

export const daemonSetShape = objectShape(
  'io.k8s.api.apps.v1.DaemonSet',
  'Keeps one pod running on each node, or on each of some nodes.',
  {
    spec: struct(2, daemonSetSpec).always().doc('What it runs and how it changes.'),
    status: struct(3, daemonSetStatus).always().doc('How it is doing.'),
  },
)
export type DaemonSet = ObjectOfShape<typeof daemonSetShape>
