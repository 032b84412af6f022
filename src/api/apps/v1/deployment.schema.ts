import { podTemplateSpec } from '../../core/v1/pod/schema.ts'
import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { labelSelector } from '../../machinery/metadata.ts'
import {
  boolean,
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

export const rollingUpdateDeployment = shape(
  'io.k8s.api.apps.v1.RollingUpdateDeployment',
  'How far a rolling update may go from the wanted number.',
  {
    maxUnavailable: intOrString(1).optional().doc('How many pods, or percent, may be missing.'),
    maxSurge: intOrString(2).optional().doc('How many pods, or percent, may be there on top.'),
  },
)
export type RollingUpdateDeployment = ValueOfShape<typeof rollingUpdateDeployment>

export const deploymentStrategy = shape(
  'io.k8s.api.apps.v1.DeploymentStrategy',
  'How pods are replaced by new ones.',
  {
    type: string(1)
      .enum('Recreate', 'RollingUpdate')
      .doc('RollingUpdate, or Recreate to end all old pods first.'),
    rollingUpdate: struct(2, rollingUpdateDeployment)
      .optional()
      .doc('How far a rolling update may go.'),
  },
)
export type DeploymentStrategy = ValueOfShape<typeof deploymentStrategy>

export const deploymentSpec = shape(
  'io.k8s.api.apps.v1.DeploymentSpec',
  'What a deployment runs and how it changes.',
  {
    replicas: int32(1).optional().doc('How many pods are wanted.'),
    selector: struct(2, labelSelector).requiredPointer().doc('Labels of its pods; never changes.'),
    template: struct(3, podTemplateSpec).required().doc('The pods.'),
    strategy: struct(4, deploymentStrategy)
      .always()
      .patchStrategy('retainKeys')
      .doc('How pods are replaced by new ones.'),
    minReadySeconds: int32(5).doc('How long a pod must be ready to count as available.'),
    revisionHistoryLimit: int32(6)
      .optional()
      .doc('How many old replica sets are kept to go back to.'),
    paused: boolean(7).doc('When true, changes of the template wait.'),
    progressDeadlineSeconds: int32(9)
      .optional()
      .doc('Without progress for so long, the rollout counts as failed.'),
  },
)
export type DeploymentSpec = ValueOfShape<typeof deploymentSpec>

export const deploymentCondition = shape(
  'io.k8s.api.apps.v1.DeploymentCondition',
  "One aspect of a deployment's state.",
  {
    type: string(1).required().doc('Names the aspect: Available, Progressing, ReplicaFailure.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastUpdateTime: time(6).doc('When the condition was last looked at and written.'),
    lastTransitionTime: time(7).doc('When the status last changed.'),
    reason: string(4).doc('Why, as one CamelCase word for programs.'),
    message: string(5).doc('Why, as a sentence for people.'),
  },
)
export type DeploymentCondition = ValueOfShape<typeof deploymentCondition>

export const deploymentStatus = shape(
  'io.k8s.api.apps.v1.DeploymentStatus',
  'How a deployment is doing.',
  {
    observedGeneration: int64(1).doc('The generation that its controller has seen.'),
    replicas: int32(2).doc('How many pods there are.'),
    updatedReplicas: int32(3).doc('How many of them have the newest template.'),
    readyReplicas: int32(7).doc('How many are ready.'),
    availableReplicas: int32(4).doc('How many have been ready for minReadySeconds.'),
    unavailableReplicas: int32(5).doc('How many are still needed to be fully available.'),
    terminatingReplicas: int32(9).optional().doc('How many are on their way out.'),
    conditions: list(6, deploymentCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('Aspects of its state.'),
    collisionCount: int32(8)
      .optional()
      .doc('How often the name of a new replica set was taken; it goes into the next name.'),
  },
)
export type DeploymentStatus = ValueOfShape<typeof deploymentStatus>

export const deploymentShape = objectShape(
  'io.k8s.api.apps.v1.Deployment',
  'Keeps a number of like pods running and rolls out changes to them.',
  {
    spec: struct(2, deploymentSpec).always().doc('What it runs and how it changes.'),
    status: struct(3, deploymentStatus).always().doc('How it is doing.'),
  },
)
export type Deployment = ObjectOfShape<typeof deploymentShape>
