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

export const containerPort = shape(
  'io.k8s.api.core.v1.ContainerPort',
  'A port on which a container listens. It informs; any port can be reached.',
  {
    name: string(1).doc('Name by which services and probes may call the port.'),
    hostPort: int32(2).doc("The node's port that leads to it; rarely needed."),
    containerPort: int32(3).required().doc('The port in the container, 1 to 65535.'),
    protocol: string(4).enum('TCP', 'UDP', 'SCTP').default('TCP').doc('TCP, UDP or SCTP.'),
    hostIP: string(5).doc("The node's address on which hostPort listens; all if empty."),
  },
)
export type ContainerPort = ValueOfShape<typeof containerPort>

export const containerResizePolicy = shape(
  'io.k8s.api.core.v1.ContainerResizePolicy',
  'What changing a resource means for a container.',
  {
    resourceName: string(1).required().doc('The resource: cpu or memory.'),
    restartPolicy: string(2).required().doc('NotRequired, or RestartContainer.'),
  },
)
export type ContainerResizePolicy = ValueOfShape<typeof containerResizePolicy>

export const containerRestartRuleOnExitCodes = shape(
  'io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes',
  'Exit codes that a rule is about.',
  {
    operator: string(1).required().mayBeAbsent().doc('In or NotIn.'),
    values: list(2, int32()).listSet().doc('The exit codes.'),
  },
)
export type ContainerRestartRuleOnExitCodes = ValueOfShape<typeof containerRestartRuleOnExitCodes>

export const containerRestartRule = shape(
  'io.k8s.api.core.v1.ContainerRestartRule',
  'Says what to do when a container has ended in a certain way.',
  {
    action: string(1)
      .required()
      .mayBeAbsent()
      .doc('Restart, or RestartAllContainers for the whole pod.'),
    exitCodes: struct(2, containerRestartRuleOnExitCodes)
      .optional()
      .doc('For which exit codes the rule holds.'),
  },
)
export type ContainerRestartRule = ValueOfShape<typeof containerRestartRule>

export const volumeMount = shape(
  'io.k8s.api.core.v1.VolumeMount',
  'Mounts a volume of the pod into a container.',
  {
    name: string(1).required().doc('Name of the volume.'),
    readOnly: boolean(2).doc('When true, the container can only read it.'),
    recursiveReadOnly: string(7)
      .optional()
      .doc('Whether mounts below are read-only too: Disabled, IfPossible or Enabled.'),
    mountPath: string(3).required().doc("Where it appears in the container; without ':'."),
    subPath: string(4).doc('The directory or file of the volume to mount; its root if empty.'),
    mountPropagation: string(5)
      .enum('None', 'HostToContainer', 'Bidirectional')
      .optional()
      .doc('Whether mounts made later pass between node and container.'),
    subPathExpr: string(6).doc('As subPath, with $(NAME) for environment variables.'),
  },
)
export type VolumeMount = ValueOfShape<typeof volumeMount>

export const volumeDevice = shape(
  'io.k8s.api.core.v1.VolumeDevice',
  'Gives a container a volume as a block device.',
  {
    name: string(1).required().doc('Name of the volume, which must be a claim.'),
    devicePath: string(2).required().doc('Where the device appears in the container.'),
  },
)
export type VolumeDevice = ValueOfShape<typeof volumeDevice>

export const container = shape('io.k8s.api.core.v1.Container', 'One container of a pod.', {
  name: string(1).required().doc('Name of the container; a DNS label, unique in the pod.'),
  image: string(2).doc('Name of the image.'),
  command: list(3, string())
    .atomic()
    .doc("What is run, instead of the image's entrypoint; $(NAME) stands for a variable."),
  args: list(4, string())
    .atomic()
    .doc("Its arguments, instead of the image's; $(NAME) stands for a variable."),
  workingDir: string(5).doc("Where it is run; the image's directory if empty."),
  ports: list(6, containerPort)
    .listMap('containerPort', 'protocol')
    .mergeKey('containerPort')
    .doc('Ports on which it listens.'),
  envFrom: list(19, envFromSource)
    .atomic()
    .doc('Sources whose keys all become environment variables.'),
  env: list(7, envVar)
    .listMap('name')
    .mergeKey('name')
    .doc('Environment variables; they win over envFrom.'),
  resources: struct(8, resourceRequirements).always().doc('What it needs and may use.'),
  resizePolicy: list(23, containerResizePolicy)
    .atomic()
    .doc('What changing a resource means for it.'),
  restartPolicy: string(24)
    .optional()
    .doc('Of an init container: Always makes it a sidecar, which goes on beside the others.'),
  restartPolicyRules: list(25, containerRestartRule)
    .atomic()
    .doc('What to do after certain exit codes, before restartPolicy is asked.'),
  volumeMounts: list(9, volumeMount)
    .listMap('mountPath')
    .mergeKey('mountPath')
    .doc('Volumes to mount.'),
  volumeDevices: list(21, volumeDevice)
    .listMap('devicePath')
    .mergeKey('devicePath')
    .doc('Volumes to give as block devices.'),
  livenessProbe: struct(10, probe).optional().doc('When it fails, the container is restarted.'),
  readinessProbe: struct(11, probe).optional().doc('While it fails, services send nothing here.'),
  startupProbe: struct(22, probe)
    .optional()
    .doc('Until it succeeds, the other probes wait; when it fails, the container is restarted.'),
  lifecycle: struct(12, lifecycle)
    .optional()
    .doc('What is done after the start and before the end.'),
  terminationMessagePath: string(13).doc('File in the container with its last words.'),
  terminationMessagePolicy: string(20)
    .enum('File', 'FallbackToLogsOnError')
    .doc('FallbackToLogsOnError takes the end of the log if that file is empty.'),
  imagePullPolicy: string(14)
    .enum('Always', 'Never', 'IfNotPresent')
    .doc('Always, IfNotPresent or Never; Always for the tag latest, else IfNotPresent.'),
  securityContext: struct(15, securityContext).optional().doc('Security settings.'),
  stdin: boolean(16).doc('Whether its standard input is open, for attach.'),
  stdinOnce: boolean(17).doc('Whether standard input closes after the first attach.'),
  tty: boolean(18).doc('Whether it gets a terminal; needs stdin.'),
})
export type Container = ValueOfShape<typeof container>

export const ephemeralContainer = shape(
  'io.k8s.api.core.v1.EphemeralContainer',
  'A container added to a running pod, to look at it. It gets no resources and is never restarted.',
  {
    ...container.fields,
    targetContainerName: string(2).doc('The container whose processes it shares.'),
  },
  {
    inlined: [
      { number: 1, shapeName: 'EphemeralContainerCommon', fields: Object.keys(container.fields) },
    ],
  },
)
export type EphemeralContainer = ValueOfShape<typeof ephemeralContainer>
