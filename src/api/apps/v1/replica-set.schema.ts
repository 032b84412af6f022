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

export const replicaSetSpec = shape('io.k8s.api.apps.v1.ReplicaSetSpec', 'apps.ReplicaSetSpec', {
  replicas: int32(1).optional().doc('apps.ReplicaSetSpec.replicas'),
  minReadySeconds: int32(4).doc('apps.ReplicaSetSpec.minReadySeconds'),
  selector: struct(2, labelSelector).required().atomic().doc('apps.ReplicaSetSpec.selector'),
  template: struct(3, podTemplateSpec).always().doc('apps.ReplicaSetSpec.template'),
})
export type ReplicaSetSpec = ValueOfShape<typeof replicaSetSpec>

export const replicaSetCondition = shape(
  'io.k8s.api.apps.v1.ReplicaSetCondition',
  'apps.ReplicaSetCondition',
  {
    type: string(1).required().doc('apps.ReplicaSetCondition.type'),
    status: string(2).required().doc('apps.ReplicaSetCondition.status'),
    lastTransitionTime: time(3).doc('apps.ReplicaSetCondition.lastTransitionTime'),
    reason: string(4).doc('apps.ReplicaSetCondition.reason'),
    message: string(5).doc('apps.ReplicaSetCondition.message'),
  },
)
export type ReplicaSetCondition = ValueOfShape<typeof replicaSetCondition>

export const replicaSetStatus = shape(
  'io.k8s.api.apps.v1.ReplicaSetStatus',
  'apps.ReplicaSetStatus',
  {
    replicas: int32(1).required().doc('apps.ReplicaSetStatus.replicas'),
    fullyLabeledReplicas: int32(2).doc('apps.ReplicaSetStatus.fullyLabeledReplicas'),
    readyReplicas: int32(4).doc('apps.ReplicaSetStatus.readyReplicas'),
    availableReplicas: int32(5).doc('apps.ReplicaSetStatus.availableReplicas'),
    terminatingReplicas: int32(7).optional().doc('apps.ReplicaSetStatus.terminatingReplicas'),
    observedGeneration: int64(3).doc('apps.ReplicaSetStatus.observedGeneration'),
    conditions: list(6, replicaSetCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('apps.ReplicaSetStatus.conditions'),
  },
)
export type ReplicaSetStatus = ValueOfShape<typeof replicaSetStatus>

export const replicaSetShape = objectShape('io.k8s.api.apps.v1.ReplicaSet', 'apps.ReplicaSet', {
  spec: struct(2, replicaSetSpec).always().doc('apps.ReplicaSet.spec'),
  status: struct(3, replicaSetStatus).always().doc('apps.ReplicaSet.status'),
})
export type ReplicaSet = ObjectOfShape<typeof replicaSetShape>
