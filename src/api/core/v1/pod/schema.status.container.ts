import {
  boolean,
  int32,
  int64,
  list,
  map,
  quantity,
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
  'core.ContainerStateWaiting',
  {
    reason: string(1).doc('core.ContainerStateWaiting.reason'),
    message: string(2).doc('core.ContainerStateWaiting.message'),
  },
)
export type ContainerStateWaiting = ValueOfShape<typeof containerStateWaiting>

export const containerStateRunning = shape(
  'io.k8s.api.core.v1.ContainerStateRunning',
  'core.ContainerStateRunning',
  {
    startedAt: time(1).doc('core.ContainerStateRunning.startedAt'),
  },
)
export type ContainerStateRunning = ValueOfShape<typeof containerStateRunning>

export const containerStateTerminated = shape(
  'io.k8s.api.core.v1.ContainerStateTerminated',
  'core.ContainerStateTerminated',
  {
    exitCode: int32(1).required().doc('core.ContainerStateTerminated.exitCode'),
    signal: int32(2).doc('core.ContainerStateTerminated.signal'),
    reason: string(3).doc('core.ContainerStateTerminated.reason'),
    message: string(4).doc('core.ContainerStateTerminated.message'),
    startedAt: time(5).doc('core.ContainerStateTerminated.startedAt'),
    finishedAt: time(6).doc('core.ContainerStateTerminated.finishedAt'),
    containerID: string(7).doc('core.ContainerStateTerminated.containerID'),
  },
)
export type ContainerStateTerminated = ValueOfShape<typeof containerStateTerminated>

export const containerState = shape('io.k8s.api.core.v1.ContainerState', 'core.ContainerState', {
  waiting: struct(1, containerStateWaiting).optional().doc('core.ContainerState.waiting'),
  running: struct(2, containerStateRunning).optional().doc('core.ContainerState.running'),
  terminated: struct(3, containerStateTerminated).optional().doc('core.ContainerState.terminated'),
})
export type ContainerState = ValueOfShape<typeof containerState>

export const imageVolumeStatus = shape(
  'io.k8s.api.core.v1.ImageVolumeStatus',
  'core.ImageVolumeStatus',
  {
    imageRef: string(1).doc('core.ImageVolumeStatus.imageRef'),
  },
)
export type ImageVolumeStatus = ValueOfShape<typeof imageVolumeStatus>

export const volumeStatus = shape('io.k8s.api.core.v1.VolumeStatus', 'core.VolumeStatus', {
  image: struct(1, imageVolumeStatus).optional().doc('core.VolumeStatus.image'),
})
export type VolumeStatus = ValueOfShape<typeof volumeStatus>

export const volumeMountStatus = shape(
  'io.k8s.api.core.v1.VolumeMountStatus',
  'core.VolumeMountStatus',
  {
    name: string(1).required().doc('core.VolumeMountStatus.name'),
    mountPath: string(2).required().doc('core.VolumeMountStatus.mountPath'),
    readOnly: boolean(3).doc('core.VolumeMountStatus.readOnly'),
    recursiveReadOnly: string(4).optional().doc('core.VolumeMountStatus.recursiveReadOnly'),
    volumeStatus: struct(5, volumeStatus).optional().doc('core.VolumeMountStatus.volumeStatus'),
  },
)
export type VolumeMountStatus = ValueOfShape<typeof volumeMountStatus>

export const linuxContainerUser = shape(
  'io.k8s.api.core.v1.LinuxContainerUser',
  'core.LinuxContainerUser',
  {
    uid: int64(1).required().doc('core.LinuxContainerUser.uid'),
    gid: int64(2).required().doc('core.LinuxContainerUser.gid'),
    supplementalGroups: list(3, int64()).atomic().doc('core.LinuxContainerUser.supplementalGroups'),
  },
)
export type LinuxContainerUser = ValueOfShape<typeof linuxContainerUser>

export const containerUser = shape('io.k8s.api.core.v1.ContainerUser', 'core.ContainerUser', {
  linux: struct(1, linuxContainerUser).optional().doc('core.ContainerUser.linux'),
})
export type ContainerUser = ValueOfShape<typeof containerUser>

export const resourceHealth = shape('io.k8s.api.core.v1.ResourceHealth', 'core.ResourceHealth', {
  resourceID: string(1).required().doc('core.ResourceHealth.resourceID'),
  health: string(2).doc('core.ResourceHealth.health'),
  message: string(6).optional().doc('core.ResourceHealth.message'),
})
export type ResourceHealth = ValueOfShape<typeof resourceHealth>

export const resourceStatus = shape('io.k8s.api.core.v1.ResourceStatus', 'core.ResourceStatus', {
  name: string(1).required().doc('core.ResourceStatus.name'),
  resources: list(2, resourceHealth).listMap('resourceID').doc('core.ResourceStatus.resources'),
})
export type ResourceStatus = ValueOfShape<typeof resourceStatus>

export const containerStatus = shape('io.k8s.api.core.v1.ContainerStatus', 'core.ContainerStatus', {
  name: string(1).required().doc('core.ContainerStatus.name'),
  state: struct(2, containerState).always().doc('core.ContainerStatus.state'),
  lastState: struct(3, containerState).always().doc('core.ContainerStatus.lastState'),
  ready: boolean(4).required().doc('core.ContainerStatus.ready'),
  restartCount: int32(5).required().doc('core.ContainerStatus.restartCount'),
  image: string(6).required().doc('core.ContainerStatus.image'),
  imageID: string(7).required().doc('core.ContainerStatus.imageID'),
  containerID: string(8).doc('core.ContainerStatus.containerID'),
  started: boolean(9).optional().doc('core.ContainerStatus.started'),
  allocatedResources: map(10, quantity()).doc('core.ContainerStatus.allocatedResources'),
  resources: struct(11, resourceRequirements).optional().doc('core.ContainerStatus.resources'),
  volumeMounts: list(12, volumeMountStatus)
    .listMap('mountPath')
    .mergeKey('mountPath')
    .doc('core.ContainerStatus.volumeMounts'),
  user: struct(13, containerUser).optional().doc('core.ContainerStatus.user'),
  allocatedResourcesStatus: list(14, resourceStatus)
    .listMap('name')
    .mergeKey('name')
    .doc('core.ContainerStatus.allocatedResourcesStatus'),
  stopSignal: string(15)
    .enum(...stopSignals)
    .optional()
    .doc('core.ContainerStatus.stopSignal'),
})
export type ContainerStatus = ValueOfShape<typeof containerStatus>
