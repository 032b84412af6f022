import { persistentVolumeClaimShape } from '../../core/v1/persistent-volume-claim.schema.ts'
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

export const rollingUpdateStatefulSetStrategy = shape(
  'io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy',
  'How far a rolling update may go.',
  {
    partition: int32(1)
      .optional()
      .doc('Only pods with this ordinal or a higher one are updated; 0 for all.'),
    maxUnavailable: intOrString(2)
      .optional()
      .doc('How many pods, or percent, may be unavailable meanwhile; at least one.'),
  },
)
export type RollingUpdateStatefulSetStrategy = ValueOfShape<typeof rollingUpdateStatefulSetStrategy>

export const statefulSetUpdateStrategy = shape(
  'io.k8s.api.apps.v1.StatefulSetUpdateStrategy',
  'How pods are replaced by new ones.',
  {
    type: string(1)
      .enum('OnDelete', 'RollingUpdate')
      .doc('RollingUpdate, or OnDelete to leave each old pod until somebody deletes it.'),
    rollingUpdate: struct(2, rollingUpdateStatefulSetStrategy)
      .optional()
      .doc('How far a rolling update may go.'),
  },
)
export type StatefulSetUpdateStrategy = ValueOfShape<typeof statefulSetUpdateStrategy>

export const statefulSetPersistentVolumeClaimRetentionPolicy = shape(
  'io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy',
  'What becomes of claims that are not needed any more.',
  {
    whenDeleted: string(1).doc('Retain, or Delete to delete all claims together with the set.'),
    whenScaled: string(2).doc(
      'Retain, or Delete to delete the claims of pods that are one too many.',
    ),
  },
)
export type StatefulSetPersistentVolumeClaimRetentionPolicy = ValueOfShape<
  typeof statefulSetPersistentVolumeClaimRetentionPolicy
>

export const statefulSetOrdinals = shape(
  'io.k8s.api.apps.v1.StatefulSetOrdinals',
  'How the pods are numbered.',
  {
    start: int32(1).always().doc('The number of the first pod.'),
  },
)
export type StatefulSetOrdinals = ValueOfShape<typeof statefulSetOrdinals>

export const statefulSetSpec = shape(
  'io.k8s.api.apps.v1.StatefulSetSpec',
  'What a stateful set runs and how it changes.',
  {
    replicas: int32(1).optional().doc('How many pods are wanted.'),
    selector: struct(2, labelSelector).requiredPointer().doc('Labels of its pods; never changes.'),
    template: struct(3, podTemplateSpec)
      .required()
      .doc('The pods; each has the name of the set and a number, as web-0.'),
    volumeClaimTemplates: list(4, persistentVolumeClaimShape)
      .atomic()
      .doc('Claims that each pod gets for itself and finds again; they stand before its volumes.'),
    serviceName: string(5)
      .always()
      .doc('The headless service in whose domain the pods have their names; it must exist.'),
    podManagementPolicy: string(6)
      .enum('OrderedReady', 'Parallel')
      .doc('OrderedReady to wait for each pod before the next, or Parallel.'),
    updateStrategy: struct(7, statefulSetUpdateStrategy)
      .always()
      .doc('How pods are replaced by new ones.'),
    revisionHistoryLimit: int32(8).optional().doc('How many old revisions are kept to go back to.'),
    minReadySeconds: int32(9).doc('How long a pod must be ready to count as available.'),
    persistentVolumeClaimRetentionPolicy: struct(
      10,
      statefulSetPersistentVolumeClaimRetentionPolicy,
    )
      .optional()
      .doc('What becomes of claims that are not needed any more.'),
    ordinals: struct(11, statefulSetOrdinals)
      .optional()
      .doc('How the pods are numbered; from 0 if absent.'),
  },
)
export type StatefulSetSpec = ValueOfShape<typeof statefulSetSpec>

export const statefulSetCondition = shape(
  'io.k8s.api.apps.v1.StatefulSetCondition',
  "One aspect of a stateful set's state.",
  {
    type: string(1).required().doc('Names the aspect.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When the status last changed.'),
    reason: string(4).doc('Why, as one CamelCase word for programs.'),
    message: string(5).doc('Why, as a sentence for people.'),
  },
)
export type StatefulSetCondition = ValueOfShape<typeof statefulSetCondition>

export const statefulSetStatus = shape(
  'io.k8s.api.apps.v1.StatefulSetStatus',
  'How a stateful set is doing.',
  {
    observedGeneration: int64(1).doc('The generation that its controller has seen.'),
    replicas: int32(2).required().doc('How many pods there are.'),
    readyReplicas: int32(3).doc('How many are ready.'),
    currentReplicas: int32(4).doc('How many are of the current revision.'),
    updatedReplicas: int32(5).doc('How many are of the revision that is being rolled out.'),
    currentRevision: string(6).doc('The revision from which an update goes out.'),
    updateRevision: string(7).doc('The revision to which an update goes.'),
    collisionCount: int32(9)
      .optional()
      .doc('How often the name of a new revision was taken; it goes into the next name.'),
    conditions: list(10, statefulSetCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('Aspects of its state.'),
    availableReplicas: int32(11).always().doc('How many have been ready for minReadySeconds.'),
  },
)
export type StatefulSetStatus = ValueOfShape<typeof statefulSetStatus>

export const statefulSetShape = objectShape(
  'io.k8s.api.apps.v1.StatefulSet',
  'Keeps pods running that each have a name and storage of their own.',
  {
    spec: struct(2, statefulSetSpec).always().doc('What it runs and how it changes.'),
    status: struct(3, statefulSetStatus).always().doc('How it is doing.'),
  },
)
export type StatefulSet = ObjectOfShape<typeof statefulSetShape>
