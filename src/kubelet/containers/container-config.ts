/** What the runtime is told about one container. */

import type { NodeSwap } from '../cgroups/swap.ts'
import type { ContainerAdditions } from '../devices/container-additions.ts'
import type { Division } from '../division/division.ts'
import {
  CONTAINER_HASH,
  CONTAINER_NAME,
  containerHash,
  containerLogPath,
  POD_DELETION_GRACE_PERIOD,
  POD_GRACE_PERIOD,
  podLabels,
  RESTART_COUNT,
  TERMINATION_MESSAGE_PATH,
  TERMINATION_MESSAGE_POLICY,
} from '../labels.ts'
import { type AnyContainer, type Container, isSidecar, type Pod, uidOf } from '../pod-types.ts'
import type { ContainerConfig, Image, LinuxResources, Mount } from '../runtime.ts'
import type { NameValue } from './environment.ts'
import { expand } from './expand.ts'
import { containerResources } from './resources.ts'
import { containerSecurity } from './security.ts'

export interface ContainerConfigInput {
  readonly pod: Pod
  readonly container: AnyContainer
  readonly attempt: number
  readonly image: Image
  readonly environment: readonly NameValue[]
  readonly mounts: readonly Mount[]
  readonly devices: ContainerConfig['devices']
  /** What its devices want it to have. */
  readonly additions: ContainerAdditions
  readonly memoryBytes: number
  readonly division: Division | undefined
  readonly swap: NodeSwap | undefined
}

export function containerConfigOf(input: ContainerConfigInput): ContainerConfig {
  const { pod, container, attempt, image, environment, additions } = input
  const valueNamed = (wanted: string) => environment.find(({ name }) => name === wanted)?.value
  const expanded = (words: readonly string[] | undefined) =>
    (words ?? []).map(word => expand(word, valueNamed))
  return {
    name: container.name,
    attempt,
    imageId: image.id,
    image: container.image ?? '',
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? '',
    // What the pod says itself comes later, and counts.
    env: additions.env.concat(environment),
    mounts: additions.mounts.concat(input.mounts),
    devices: additions.devices.concat(input.devices),
    ...(additions.cdiDevices.length > 0 ? { cdiDevices: additions.cdiDevices } : {}),
    labels: { ...podLabels(pod), [CONTAINER_NAME]: container.name },
    annotations: { ...additions.annotations, ...annotationsOf(pod, container, attempt) },
    logPath: containerLogPath(container.name, attempt),
    ...(runsToEnd(pod, container) ? { runsToEnd: true } : {}),
    ...(container.lifecycle?.stopSignal ? { stopSignal: container.lifecycle.stopSignal } : {}),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    resources: resourcesOf(input),
    securityContext: containerSecurity(pod, container, image),
  }
}

function resourcesOf({
  pod,
  container,
  memoryBytes,
  division,
  swap,
}: ContainerConfigInput): LinuxResources {
  const limits = containerResources(pod, container, memoryBytes)
  const resources = swap ? { ...limits, ...swap.limitsOf(pod, container, limits) } : limits
  if (!division) return resources
  const [uid, name] = [uidOf(pod), container.name]
  const sets = division.setsOf(uid, name)
  if (!division.isAlone(uid, name)) return { ...resources, ...sets }
  const { cpuPeriod: _, cpuQuota: __, ...rest } = resources
  return { ...rest, ...sets }
}

/** An init container that is no sidecar, and what a Job was made for. */
function runsToEnd(pod: Pod, container: AnyContainer): boolean {
  const ownedByJob = pod.metadata.ownerReferences?.some(
    ({ kind, controller }) => controller && kind === 'Job',
  )
  if (pod.spec?.initContainers?.some(({ name }) => name === container.name))
    return !isSidecar(container as Container)
  return ownedByJob === true && !!pod.spec?.containers.some(({ name }) => name === container.name)
}

function annotationsOf(pod: Pod, container: AnyContainer, attempt: number): Record<string, string> {
  const grace = pod.spec?.terminationGracePeriodSeconds
  const deletionGrace = pod.metadata.deletionGracePeriodSeconds
  return {
    [CONTAINER_HASH]: containerHash(container),
    [RESTART_COUNT]: String(attempt),
    [TERMINATION_MESSAGE_PATH]: container.terminationMessagePath ?? '',
    [TERMINATION_MESSAGE_POLICY]: container.terminationMessagePolicy ?? '',
    ...(grace === undefined ? {} : { [POD_GRACE_PERIOD]: String(grace) }),
    ...(deletionGrace === undefined ? {} : { [POD_DELETION_GRACE_PERIOD]: String(deletionGrace) }),
  }
}
