import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  int32,
  int64,
  list,
  map,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { podTemplateSpec } from './pod/schema.ts'

export const replicationControllerSpec = shape(
  'io.k8s.api.core.v1.ReplicationControllerSpec',
  'How many pods a replication controller keeps, and which.',
  {
    replicas: int32(1).optional().default(1).doc('How many pods are wanted.'),
    minReadySeconds: int32(4).default(0).doc('How long a pod must be ready to count as available.'),
    selector: map(2, string())
      .atomic()
      .doc("Labels of its pods, all of which they have; the template's if absent."),
    template: struct(3, podTemplateSpec)
      .optional()
      .doc('The pods that it makes; they restart always.'),
  },
)
export type ReplicationControllerSpec = ValueOfShape<typeof replicationControllerSpec>

export const replicationControllerCondition = shape(
  'io.k8s.api.core.v1.ReplicationControllerCondition',
  "One aspect of a replication controller's state.",
  {
    type: string(1).required().doc('Names the aspect, such as ReplicaFailure.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When the status last changed.'),
    reason: string(4).doc('Why, as one CamelCase word for programs.'),
    message: string(5).doc('Why, as a sentence for people.'),
  },
)
export type ReplicationControllerCondition = ValueOfShape<typeof replicationControllerCondition>

export const replicationControllerStatus = shape(
  'io.k8s.api.core.v1.ReplicationControllerStatus',
  'How a replication controller is doing.',
  {
    replicas: int32(1).required().doc('How many pods there are.'),
    fullyLabeledReplicas: int32(2).doc('How many of them have all labels of the template.'),
    readyReplicas: int32(4).doc('How many are ready.'),
    availableReplicas: int32(5).doc('How many have been ready for minReadySeconds.'),
    observedGeneration: int64(3).doc('The generation that its controller has seen.'),
    conditions: list(6, replicationControllerCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('Aspects of its state.'),
  },
)
export type ReplicationControllerStatus = ValueOfShape<typeof replicationControllerStatus>

export const replicationControllerShape = objectShape(
  'io.k8s.api.core.v1.ReplicationController',
  'Keeps a number of like pods running; replica sets came after it and select more freely.',
  {
    spec: struct(2, replicationControllerSpec).always().doc('How many pods it keeps, and which.'),
    status: struct(3, replicationControllerStatus).always().doc('How it is doing.'),
  },
)
export type ReplicationController = ObjectOfShape<typeof replicationControllerShape>
