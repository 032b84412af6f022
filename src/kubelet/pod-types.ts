/** Short names for the parts of a Pod, taken from its kind so that they can't drift from it. */
import type { Pod } from '#api/core/v1/pod/pod.ts'

export type { Pod }
export type PodSpec = NonNullable<Pod['spec']>
export type PodStatus = NonNullable<Pod['status']>
export type Container = NonNullable<PodSpec['containers']>[number]
export type EphemeralContainer = NonNullable<PodSpec['ephemeralContainers']>[number]
/** What init, regular and ephemeral containers have in common. */
export type AnyContainer = Container | EphemeralContainer
export type Volume = NonNullable<PodSpec['volumes']>[number]
export type VolumeMount = NonNullable<Container['volumeMounts']>[number]
export type EnvVar = NonNullable<Container['env']>[number]
export type Probe = NonNullable<Container['livenessProbe']>
export type Lifecycle = NonNullable<Container['lifecycle']>
export type LifecycleHandler = NonNullable<Lifecycle['postStart']>
export type PodSecurityContext = NonNullable<PodSpec['securityContext']>
export type SecurityContext = NonNullable<Container['securityContext']>
export type PodCondition = NonNullable<PodStatus['conditions']>[number]
export type ApiContainerStatus = NonNullable<PodStatus['containerStatuses']>[number]
export type ApiContainerState = NonNullable<ApiContainerStatus['state']>

/** Which of a pod's three lists a container stands in. */
export type ContainerKind = 'init' | 'sidecar' | 'regular' | 'ephemeral'

export interface ContainerReference {
  readonly kind: ContainerKind
  readonly container: AnyContainer
}

export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always'

/** All containers of a pod in the order in which they start. */
export function containersOf({ spec }: Pod): readonly ContainerReference[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {}
  const regular = containers.map(container => ({ kind: 'regular' as const, container }))
  if (initContainers.length + ephemeralContainers.length === 0) return regular
  return [
    ...initContainers.map(container => ({
      kind: isSidecar(container) ? ('sidecar' as const) : ('init' as const),
      container,
    })),
    ...regular,
    ...ephemeralContainers.map(container => ({ kind: 'ephemeral' as const, container })),
  ]
}

export function findContainer(pod: Pod, name: string): ContainerReference | undefined {
  return containersOf(pod).find(reference => reference.container.name === name)
}

/** `name_namespace(uid)`, as upstream's messages name a pod. */
export const describePod = (pod: Pod): string =>
  `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`

export const uidOf = (pod: Pod): string => pod.metadata.uid ?? ''

/** `spec.containers{web}`: how events say which container they are about. */
export function fieldPathOf({ kind, container }: ContainerReference): string {
  const list =
    kind === 'regular'
      ? 'containers'
      : kind === 'ephemeral'
        ? 'ephemeralContainers'
        : 'initContainers'
  return `spec.${list}{${container.name}}`
}

export const isFinished = (phase: string | undefined): boolean =>
  phase === 'Succeeded' || phase === 'Failed'
