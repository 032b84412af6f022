import {
  boolean,
  int32,
  int64,
  list,
  resourceList,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { resourceRequirements } from './schema.resources.ts'
import { stopSignals } from './stop-signals.ts'

export const containerStateWaiting = shape(
  'io.k8s.api.core.v1.ContainerStateWaiting',
  'A container that does not run yet.',
  {
    reason: string(1).doc('Why, as one CamelCase word for programs.'),
    message: string(2).doc('Why, as a sentence for people.'),
  },
)
export type ContainerStateWaiting = ValueOfShape<typeof containerStateWaiting>

export const containerStateRunning = shape(
  'io.k8s.api.core.v1.ContainerStateRunning',
  'A container that runs.',
  {
    startedAt: time(1).doc('When it started.'),
  },
)
export type ContainerStateRunning = ValueOfShape<typeof containerStateRunning>

export const containerStateTerminated = shape(
  'io.k8s.api.core.v1.ContainerStateTerminated',
  'A container that has ended.',
  {
    exitCode: int32(1).required().doc('Its exit code.'),
    signal: int32(2).doc('The signal that ended it, if one did.'),
    reason: string(3).doc('Why it ended, as one word: Completed, Error, OOMKilled and others.'),
    message: string(4).doc('Its last words.'),
    startedAt: time(5).doc('When it started.'),
    finishedAt: time(6).doc('When it ended.'),
    containerID: string(7).doc('Its id at the runtime, as containerd://….'),
  },
)
export type ContainerStateTerminated = ValueOfShape<typeof containerStateTerminated>

export const containerState = shape(
  'io.k8s.api.core.v1.ContainerState',
  'What a container is doing; one field at most is set.',
  {
    waiting: struct(1, containerStateWaiting).optional().doc('It does not run yet.'),
    running: struct(2, containerStateRunning).optional().doc('It runs.'),
    terminated: struct(3, containerStateTerminated).optional().doc('It has ended.'),
  },
)
export type ContainerState = ValueOfShape<typeof containerState>

export const imageVolumeStatus = shape(
  'io.k8s.api.core.v1.ImageVolumeStatus',
  'What became of an image volume.',
  {
    imageRef: string(1).required().mayBeAbsent().doc('Digest of the image that is mounted.'),
  },
)
export type ImageVolumeStatus = ValueOfShape<typeof imageVolumeStatus>

export const volumeStatus = shape(
  'io.k8s.api.core.v1.VolumeStatus',
  'What became of a mounted volume.',
  {
    image: struct(1, imageVolumeStatus).optional().doc('Of an image volume: which image.'),
  },
)
export type VolumeStatus = ValueOfShape<typeof volumeStatus>

export const volumeMountStatus = shape(
  'io.k8s.api.core.v1.VolumeMountStatus',
  'What became of a volume mount.',
  {
    name: string(1).required().doc('Name of the volume.'),
    mountPath: string(2).required().doc('Where it is mounted.'),
    readOnly: boolean(3).doc('Whether it is read-only.'),
    recursiveReadOnly: string(4)
      .optional()
      .doc('Disabled or Enabled: whether mounts below are read-only too.'),
    volumeStatus: struct(5, volumeStatus).optional().doc('More about the volume.'),
  },
)
export type VolumeMountStatus = ValueOfShape<typeof volumeMountStatus>

export const linuxContainerUser = shape(
  'io.k8s.api.core.v1.LinuxContainerUser',
  "The user that a container's first process began as, on Linux.",
  {
    uid: int64(1).required().doc('Its user id.'),
    gid: int64(2).required().doc('Its group id.'),
    supplementalGroups: list(3, int64()).atomic().doc('Its further groups.'),
  },
)
export type LinuxContainerUser = ValueOfShape<typeof linuxContainerUser>

export const containerUser = shape(
  'io.k8s.api.core.v1.ContainerUser',
  "The user that a container's first process began as.",
  {
    linux: struct(1, linuxContainerUser).optional().doc('On Linux.'),
  },
)
export type ContainerUser = ValueOfShape<typeof containerUser>

export const resourceHealth = shape('io.k8s.api.core.v1.ResourceHealth', 'Health of one device.', {
  resourceID: string(1).required().doc('Id of the device.'),
  health: string(2).doc('Healthy, Unhealthy or Unknown.'),
  message: string(6).optional().doc('What is known about its health.'),
})
export type ResourceHealth = ValueOfShape<typeof resourceHealth>

export const resourceStatus = shape(
  'io.k8s.api.core.v1.ResourceStatus',
  'Health of devices of one resource.',
  {
    name: string(1).required().doc('Name of the resource; claim:name/request for claims.'),
    resources: list(2, resourceHealth).listMap('resourceID').doc('The devices.'),
  },
)
export type ResourceStatus = ValueOfShape<typeof resourceStatus>

export const containerStatus = shape(
  'io.k8s.api.core.v1.ContainerStatus',
  'How a container is doing.',
  {
    name: string(1).required().doc('Name of the container.'),
    state: struct(2, containerState).always().doc('What it is doing.'),
    lastState: struct(3, containerState)
      .always()
      .doc('What it was doing before, if it was restarted.'),
    ready: boolean(4).required().doc('Whether it is ready for requests.'),
    restartCount: int32(5).required().doc('How often it was restarted.'),
    image: string(6).required().doc('Name of the image that it runs.'),
    imageID: string(7).required().doc('Digest of the image that it runs.'),
    containerID: string(8).doc('Its id at the runtime, as containerd://….'),
    started: boolean(9)
      .optional()
      .doc('Whether it has started and its startup probe and postStart are through.'),
    allocatedResources: resourceList(10).doc('What the node has set aside for it.'),
    resources: struct(11, resourceRequirements).optional().doc('What it is given now.'),
    volumeMounts: list(12, volumeMountStatus)
      .listMap('mountPath')
      .mergeKey('mountPath')
      .doc('What became of its volume mounts.'),
    user: struct(13, containerUser).optional().doc('The user that it began as.'),
    allocatedResourcesStatus: list(14, resourceStatus)
      .listMap('name')
      .mergeKey('name')
      .doc('Health of devices that it was given.'),
    stopSignal: string(15)
      .enum(...stopSignals)
      .optional()
      .doc('The signal that tells it to end.'),
  },
)
export type ContainerStatus = ValueOfShape<typeof containerStatus>
