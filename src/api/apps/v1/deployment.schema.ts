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
  'apps.RollingUpdateDeployment',
  {
    maxUnavailable: intOrString(1).optional().doc('apps.RollingUpdateDeployment.maxUnavailable'),
    maxSurge: intOrString(2).optional().doc('apps.RollingUpdateDeployment.maxSurge'),
  },
)
export type RollingUpdateDeployment = ValueOfShape<typeof rollingUpdateDeployment>

export const deploymentStrategy = shape(
  'io.k8s.api.apps.v1.DeploymentStrategy',
  'apps.DeploymentStrategy',
  {
    type: string(1).enum('Recreate', 'RollingUpdate').doc('apps.DeploymentStrategy.type'),
    rollingUpdate: struct(2, rollingUpdateDeployment)
      .optional()
      .doc('apps.DeploymentStrategy.rollingUpdate'),
  },
)
export type DeploymentStrategy = ValueOfShape<typeof deploymentStrategy>

export const deploymentSpec = shape('io.k8s.api.apps.v1.DeploymentSpec', 'apps.DeploymentSpec', {
  replicas: int32(1).optional().doc('apps.DeploymentSpec.replicas'),
  selector: struct(2, labelSelector).required().atomic().doc('apps.DeploymentSpec.selector'),
  template: struct(3, podTemplateSpec).required().doc('apps.DeploymentSpec.template'),
  strategy: struct(4, deploymentStrategy)
    .always()
    .patchStrategy('retainKeys')
    .doc('apps.DeploymentSpec.strategy'),
  minReadySeconds: int32(5).doc('apps.DeploymentSpec.minReadySeconds'),
  revisionHistoryLimit: int32(6).optional().doc('apps.DeploymentSpec.revisionHistoryLimit'),
  paused: boolean(7).doc('apps.DeploymentSpec.paused'),
  progressDeadlineSeconds: int32(9).optional().doc('apps.DeploymentSpec.progressDeadlineSeconds'),
})
export type DeploymentSpec = ValueOfShape<typeof deploymentSpec>

export const deploymentCondition = shape(
  'io.k8s.api.apps.v1.DeploymentCondition',
  'apps.DeploymentCondition',
  {
    type: string(1).required().doc('apps.DeploymentCondition.type'),
    status: string(2).required().doc('apps.DeploymentCondition.status'),
    lastUpdateTime: time(6).doc('apps.DeploymentCondition.lastUpdateTime'),
    lastTransitionTime: time(7).doc('apps.DeploymentCondition.lastTransitionTime'),
    reason: string(4).doc('apps.DeploymentCondition.reason'),
    message: string(5).doc('apps.DeploymentCondition.message'),
  },
)
export type DeploymentCondition = ValueOfShape<typeof deploymentCondition>

export const deploymentStatus = shape(
  'io.k8s.api.apps.v1.DeploymentStatus',
  'apps.DeploymentStatus',
  {
    observedGeneration: int64(1).doc('apps.DeploymentStatus.observedGeneration'),
    replicas: int32(2).doc('apps.DeploymentStatus.replicas'),
    updatedReplicas: int32(3).doc('apps.DeploymentStatus.updatedReplicas'),
    readyReplicas: int32(7).doc('apps.DeploymentStatus.readyReplicas'),
    availableReplicas: int32(4).doc('apps.DeploymentStatus.availableReplicas'),
    unavailableReplicas: int32(5).doc('apps.DeploymentStatus.unavailableReplicas'),
    terminatingReplicas: int32(9).optional().doc('apps.DeploymentStatus.terminatingReplicas'),
    conditions: list(6, deploymentCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('apps.DeploymentStatus.conditions'),
    collisionCount: int32(8).optional().doc('apps.DeploymentStatus.collisionCount'),
  },
)
export type DeploymentStatus = ValueOfShape<typeof deploymentStatus>

export const deploymentShape = objectShape('io.k8s.api.apps.v1.Deployment', 'apps.Deployment', {
  spec: struct(2, deploymentSpec).always().doc('apps.Deployment.spec'),
  status: struct(3, deploymentStatus).always().doc('apps.Deployment.status'),
})
export type Deployment = ObjectOfShape<typeof deploymentShape>
