import { podTemplateSpec } from '../../core/v1/pod/schema.ts'
import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { labelSelector } from '../../machinery/metadata.ts'
import {
  int32,
  int64,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const replicaSetSpec = shape(
  'io.k8s.api.apps.v1.ReplicaSetSpec',
  'What a replica set runs.',
  {
    replicas: int32(1).optional().doc('How many pods are wanted.'),
    minReadySeconds: int32(4).doc('How long a pod must be ready to count as available.'),
    selector: struct(2, labelSelector).requiredPointer().doc('Labels of its pods; never changes.'),
    template: struct(3, podTemplateSpec).always().doc('The pods.'),
  },
)
export type ReplicaSetSpec = ValueOfShape<typeof replicaSetSpec>

export const replicaSetCondition = shape(
  'io.k8s.api.apps.v1.ReplicaSetCondition',
  "One aspect of a replica set's state.",
  {
    type: string(1).required().doc('Names the aspect: ReplicaFailure.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When the status last changed.'),
    reason: string(4).doc('Why, as one CamelCase word for programs.'),
    message: string(5).doc('Why, as a sentence for people.'),
  },
)
export type ReplicaSetCondition = ValueOfShape<typeof replicaSetCondition>

export const replicaSetStatus = shape(
  'io.k8s.api.apps.v1.ReplicaSetStatus',
  'How a replica set is doing.',
  {
    replicas: int32(1).required().doc('How many pods there are.'),
    fullyLabeledReplicas: int32(2).doc('How many have all labels of the template.'),
    readyReplicas: int32(4).doc('How many are ready.'),
    availableReplicas: int32(5).doc('How many have been ready for minReadySeconds.'),
    terminatingReplicas: int32(7).optional().doc('How many are on their way out.'),
    observedGeneration: int64(3).doc('The generation that its controller has seen.'),
    conditions: list(6, replicaSetCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('Aspects of its state.'),
  },
)
export type ReplicaSetStatus = ValueOfShape<typeof replicaSetStatus>

export const replicaSetShape = objectShape(
  'io.k8s.api.apps.v1.ReplicaSet',
  'Keeps a number of like pods running.',
  {
    spec: struct(2, replicaSetSpec).always().doc('What it runs.'),
    status: struct(3, replicaSetStatus).always().doc('How it is doing.'),
  },
)
export type ReplicaSet = ObjectOfShape<typeof replicaSetShape>
