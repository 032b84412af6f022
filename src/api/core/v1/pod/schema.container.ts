import {
  boolean,
  int32,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { envFromSource, envVar } from './schema.environment.ts'
import { lifecycle, probe } from './schema.probes.ts'
import { resourceRequirements } from './schema.resources.ts'
import { securityContext } from './schema.security.ts'

export const containerPort = shape('io.k8s.api.core.v1.ContainerPort', 'core.ContainerPort', {
  name: string(1).doc('core.ContainerPort.name'),
  hostPort: int32(2).doc('core.ContainerPort.hostPort'),
  containerPort: int32(3).required().doc('core.ContainerPort.containerPort'),
  protocol: string(4).enum('TCP', 'UDP', 'SCTP').default('TCP').doc('core.ContainerPort.protocol'),
  hostIP: string(5).doc('core.ContainerPort.hostIP'),
})
export type ContainerPort = ValueOfShape<typeof containerPort>

export const containerResizePolicy = shape(
  'io.k8s.api.core.v1.ContainerResizePolicy',
  'core.ContainerResizePolicy',
  {
    resourceName: string(1).required().doc('core.ContainerResizePolicy.resourceName'),
    restartPolicy: string(2).required().doc('core.ContainerResizePolicy.restartPolicy'),
  },
)
export type ContainerResizePolicy = ValueOfShape<typeof containerResizePolicy>

export const containerRestartRuleOnExitCodes = shape(
  'io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes',
  'core.ContainerRestartRuleOnExitCodes',
  {
    operator: string(1).doc('core.ContainerRestartRuleOnExitCodes.operator'),
    values: list(2, int32()).listSet().doc('core.ContainerRestartRuleOnExitCodes.values'),
  },
)
export type ContainerRestartRuleOnExitCodes = ValueOfShape<typeof containerRestartRuleOnExitCodes>

export const containerRestartRule = shape(
  'io.k8s.api.core.v1.ContainerRestartRule',
  'core.ContainerRestartRule',
  {
    action: string(1).doc('core.ContainerRestartRule.action'),
    exitCodes: struct(2, containerRestartRuleOnExitCodes)
      .optional()
      .doc('core.ContainerRestartRule.exitCodes'),
  },
)
export type ContainerRestartRule = ValueOfShape<typeof containerRestartRule>

export const volumeMount = shape('io.k8s.api.core.v1.VolumeMount', 'core.VolumeMount', {
  name: string(1).required().doc('core.VolumeMount.name'),
  readOnly: boolean(2).doc('core.VolumeMount.readOnly'),
  recursiveReadOnly: string(7).optional().doc('core.VolumeMount.recursiveReadOnly'),
  mountPath: string(3).required().doc('core.VolumeMount.mountPath'),
  subPath: string(4).doc('core.VolumeMount.subPath'),
  mountPropagation: string(5)
    .enum('None', 'HostToContainer', 'Bidirectional')
    .optional()
    .doc('core.VolumeMount.mountPropagation'),
  subPathExpr: string(6).doc('core.VolumeMount.subPathExpr'),
})
export type VolumeMount = ValueOfShape<typeof volumeMount>

export const volumeDevice = shape('io.k8s.api.core.v1.VolumeDevice', 'core.VolumeDevice', {
  name: string(1).required().doc('core.VolumeDevice.name'),
  devicePath: string(2).required().doc('core.VolumeDevice.devicePath'),
})
export type VolumeDevice = ValueOfShape<typeof volumeDevice>

export const container = shape('io.k8s.api.core.v1.Container', 'core.Container', {
  name: string(1).required().doc('core.Container.name'),
  image: string(2).doc('core.Container.image'),
  command: list(3, string()).atomic().doc('core.Container.command'),
  args: list(4, string()).atomic().doc('core.Container.args'),
  workingDir: string(5).doc('core.Container.workingDir'),
  ports: list(6, containerPort)
    .listMap('containerPort', 'protocol')
    .mergeKey('containerPort')
    .doc('core.Container.ports'),
  envFrom: list(19, envFromSource).atomic().doc('core.Container.envFrom'),
  env: list(7, envVar).listMap('name').mergeKey('name').doc('core.Container.env'),
  resources: struct(8, resourceRequirements).always().doc('core.Container.resources'),
  resizePolicy: list(23, containerResizePolicy).atomic().doc('core.Container.resizePolicy'),
  restartPolicy: string(24).optional().doc('core.Container.restartPolicy'),
  restartPolicyRules: list(25, containerRestartRule)
    .atomic()
    .doc('core.Container.restartPolicyRules'),
  volumeMounts: list(9, volumeMount)
    .listMap('mountPath')
    .mergeKey('mountPath')
    .doc('core.Container.volumeMounts'),
  volumeDevices: list(21, volumeDevice)
    .listMap('devicePath')
    .mergeKey('devicePath')
    .doc('core.Container.volumeDevices'),
  livenessProbe: struct(10, probe).optional().doc('core.Container.livenessProbe'),
  readinessProbe: struct(11, probe).optional().doc('core.Container.readinessProbe'),
  startupProbe: struct(22, probe).optional().doc('core.Container.startupProbe'),
  lifecycle: struct(12, lifecycle).optional().doc('core.Container.lifecycle'),
  terminationMessagePath: string(13).doc('core.Container.terminationMessagePath'),
  terminationMessagePolicy: string(20)
    .enum('File', 'FallbackToLogsOnError')
    .doc('core.Container.terminationMessagePolicy'),
  imagePullPolicy: string(14)
    .enum('Always', 'Never', 'IfNotPresent')
    .doc('core.Container.imagePullPolicy'),
  securityContext: struct(15, securityContext).optional().doc('core.Container.securityContext'),
  stdin: boolean(16).doc('core.Container.stdin'),
  stdinOnce: boolean(17).doc('core.Container.stdinOnce'),
  tty: boolean(18).doc('core.Container.tty'),
})
export type Container = ValueOfShape<typeof container>

export const ephemeralContainer = shape(
  'io.k8s.api.core.v1.EphemeralContainer',
  'core.EphemeralContainer',
  {
    ...container.fields,
    targetContainerName: string(2).doc('core.EphemeralContainer.targetContainerName'),
  },
  [{ number: 1, shapeName: 'EphemeralContainerCommon', fields: Object.keys(container.fields) }],
)
export type EphemeralContainer = ValueOfShape<typeof ephemeralContainer>
