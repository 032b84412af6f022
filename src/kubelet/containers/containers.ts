/** Starts and stops single containers, step by step as the runtime wants it, and says so in events. */

import { service as serviceKind } from '#api/core/v1/service.ts'
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { NodeSwap } from '../cgroups/swap.ts'
import type { NodeDevices } from '../devices/node-devices.ts'
import { count } from '../figures/count.ts'
import { POD_DELETION_GRACE_PERIOD, POD_GRACE_PERIOD, podLogDirectory } from '../labels.ts'
import { linkLog } from '../logs/links.ts'
import { contentsOf, objectsOf } from '../objects.ts'
import type { KubeletContext } from '../options.ts'
import type { PodEvents } from '../pod-events.ts'
import {
  type AnyContainer,
  type ContainerReference,
  describePod,
  findContainer,
  type Pod,
  uidOf,
} from '../pod-types.ts'
import { CONTAINER_TYPES } from '../pods/ended-containers.ts'
import { newestOf, type ObservedPod } from '../pods/observed-pod.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { ContainerStatus, Mount, SandboxConfig, SandboxStatus } from '../runtime.ts'
import { RESTARTED } from '../status/container-status.ts'
import { inOrderOfNode } from '../status/pod-addresses.ts'
import type { Volumes } from '../volumes/volumes.ts'
import { StartError } from './config-error.ts'
import { containerConfigOf } from './container-config.ts'
import { environmentOf, type Lookup, type NameValue } from './environment.ts'
import type { FieldContext } from './fields.ts'
import { writeHostsFile } from './hosts-mount.ts'
import type { Images } from './images.ts'
import { runHook } from './lifecycle.ts'
import { terminationMount } from './termination.ts'
import { settledWithin, unless } from './waiting.ts'

/** As upstream's, a container always gets this long between SIGTERM and SIGKILL, whatever used up its grace and even where that is 0. */
const MINIMUM_GRACE_SECONDS = 2
const DEFAULT_GRACE_SECONDS = 30

export interface ContainersParts {
  readonly context: KubeletContext
  readonly cache: RuntimeCache
  readonly events: PodEvents
  readonly images: Images
  readonly volumes: Volumes
  readonly devices: NodeDevices
  readonly allocatable: Readonly<Record<string, string>>
  readonly isStatic: (uid: string) => boolean
  /** How containers may use the machine's swap; undefined where it can't be limited. */
  readonly swap: () => NodeSwap | undefined
}

/** Where a container starts. */
export interface TargetSandbox {
  readonly status: SandboxStatus
  readonly config: SandboxConfig
  /** How many runs of the container there were. */
  readonly attempt: number
  /** Whether what is mounted below its mounts can be read-only, too. */
  readonly mountsRecursively: boolean
}

export interface HowToStop {
  /** For its event. */
  readonly message: string
  /** Undefined leaves it to the container and its pod. */
  readonly graceSeconds: number | undefined
  readonly withoutHook?: boolean
  /** After its hook it waits until this resolves, as long as its grace lasts. */
  readonly turn?: Promise<unknown>
}

export class Containers {
  readonly #parts: ContainersParts
  /** preStop hooks that are waited for, by container id. */
  readonly #hooks = new Map<string, AbortController>()

  constructor(parts: ContainersParts) {
    this.#parts = parts
  }

  /** Makes and starts one container; throws StartError with the waiting reason. */
  async start(
    pod: Pod,
    reference: ContainerReference,
    target: TargetSandbox,
    ending: AbortSignal,
  ): Promise<void> {
    const { context } = this.#parts
    const type = CONTAINER_TYPES[reference.kind]
    count(context, 'kubelet_started_containers_total', type)
    try {
      await this.#start(pod, reference, target, ending)
    } catch (error) {
      // Whose pod ends has not failed.
      if (error instanceof StartError)
        count(context, 'kubelet_started_containers_errors_total', error.reason, type)
      throw error
    }
  }

  async #start(
    pod: Pod,
    reference: ContainerReference,
    target: TargetSandbox,
    ending: AbortSignal,
  ): Promise<void> {
    const { context, cache, events, images } = this.#parts
    const { runtime } = context.options
    const { status: sandbox, config: sandboxConfig } = target
    const { container } = reference
    // A pull may take minutes, and goes on for others; a pod that ends does not wait for it.
    const image = await unless(ending, images.ensure(pod, reference))
    if (pod.spec?.volumes?.some(volume => volume.image))
      await this.#showImages(pod, container, ending)
    const failed = (message: string) =>
      events.warning(pod, 'Failed', `Error: ${message}`, reference)
    const config = await this.#config(pod, reference, image, target).catch(error => {
      failed(messageOf(error))
      throw error instanceof StartError
        ? error
        : new StartError('CreateContainerConfigError', messageOf(error))
    })
    ending.throwIfAborted()
    let id: string
    try {
      id = await runtime.createContainer(sandbox.id, config, sandboxConfig)
    } catch (error) {
      cache.doubt(uidOf(pod))
      failed(messageOf(error))
      throw new StartError('CreateContainerError', messageOf(error))
    }
    events.normal(pod, 'Created', 'Container created', reference)
    try {
      await runtime.startContainer(id)
    } catch (error) {
      await this.#refresh(pod, id).catch(() => {})
      failed(messageOf(error))
      throw new StartError('RunContainerError', messageOf(error))
    }
    events.normal(pod, 'Started', 'Container started', reference)
    await this.#refresh(pod, id)
    const run = cache.container(id)
    if (run)
      await linkLog(context, pod, run).catch(error =>
        context.log.warn('a log could not be linked', { error: messageOf(error) }),
      )
    await this.#postStart(pod, reference, { containerId: id, sandbox, ending })
    context.log.debug('container started', { pod: pod.metadata.name, container: container.name })
  }

  /** The images that the container has as volumes; as upstream, they are pulled like its own. */
  async #showImages(pod: Pod, container: AnyContainer, ending: AbortSignal): Promise<void> {
    const { images, volumes } = this.#parts
    for (const volume of pod.spec?.volumes ?? []) {
      if (!volume.image || !container.volumeMounts?.some(({ name }) => name === volume.name))
        continue
      const { reference = '', pullPolicy } = volume.image
      const wanted = { reference, policy: pullPolicy }
      const { id } = await unless(ending, images.ensureWanted(pod, wanted))
      const { context } = this.#parts
      count(context, 'kubelet_image_volume_requested_total')
      try {
        await volumes.showImage(pod, volume, id)
        count(context, 'kubelet_image_volume_mounted_succeed_total')
      } catch (error) {
        count(context, 'kubelet_image_volume_mounted_errors_total')
        throw new StartError('CreateContainerError', messageOf(error))
      }
    }
  }

  /** What was made and can't be asked for would be made again: then it is looked for first. */
  async #refresh(pod: Pod, containerId: string): Promise<void> {
    const { cache } = this.#parts
    try {
      await cache.refreshContainer(containerId)
    } catch (error) {
      cache.doubt(uidOf(pod))
      throw error
    }
  }

  async #config(
    pod: Pod,
    reference: ContainerReference,
    image: Awaited<ReturnType<Images['ensure']>>,
    { status: sandbox, attempt, mountsRecursively }: TargetSandbox,
  ) {
    const { context, volumes, devices } = this.#parts
    const { options } = context
    const { container } = reference
    const additions = await devices.additionsOf(pod, container)
    const podIps = pod.spec?.hostNetwork
      ? options.nodeAddresses
      : inOrderOfNode(sandbox.ips, options.nodeAddresses)
    const environment = await this.#environment(pod, container, podIps)
    const ofVolumes = await volumes.mountsOf(pod, container, {
      environment,
      mountsRecursively,
    })
    // Held as long as the container is: an array that is spread has room for seventeen.
    const mounts: readonly Mount[] = ofVolumes.concat(
      await writeHostsFile(pod, container, podIps, context),
      await terminationMount(pod, container, attempt, context),
    )
    await options.hostAccess.files.makeDirectory(
      `${podLogDirectory(options.podLogsDirectory, pod)}/${container.name}`,
    )
    return containerConfigOf({
      pod,
      container,
      attempt,
      image,
      environment,
      mounts,
      devices: volumes.devicesOf(pod, container),
      additions,
      memoryBytes: options.hostAccess.facts.memoryBytes,
      division: options.division,
      swap: this.#parts.swap(),
    })
  }

  fields(pod: Pod, podIps: readonly string[]): FieldContext {
    const { options } = this.#parts.context
    const { nodeName, nodeAddresses } = options
    const { allocatable } = this.#parts
    return { pod, nodeName, hostIps: nodeAddresses, podIps, allocatable }
  }

  async #environment(
    pod: Pod,
    container: AnyContainer,
    podIps: readonly string[],
  ): Promise<readonly NameValue[]> {
    const { context } = this.#parts
    const services = context.informers.for(serviceKind)
    // A static pod runs without the API, and has the Services that are known.
    if (!this.#parts.isStatic(uidOf(pod))) await services.synced
    const objects = objectsOf(context)
    const namespace = pod.metadata.namespace ?? ''
    const user = `${context.options.nodeName}/${uidOf(pod)}`
    const lookup: Lookup = async (kind, name) => {
      objects.use(`${user}/env`, kind, namespace, name, () => {})
      const object = await objects.get(kind, namespace, name)
      if (!object) return undefined
      const decoder = new TextDecoder()
      return Object.fromEntries(
        [...contentsOf(object)].map(([key, bytes]) => [key, decoder.decode(bytes)]),
      )
    }
    return environmentOf({
      container,
      fields: this.fields(pod, podIps),
      services: services.list(),
      lookup,
    })
  }

  async #postStart(
    pod: Pod,
    reference: ContainerReference,
    {
      containerId,
      sandbox,
      ending,
    }: { containerId: string; sandbox: SandboxStatus; ending: AbortSignal },
  ): Promise<void> {
    const hook = reference.container.lifecycle?.postStart
    if (!hook) return
    const { context, events } = this.#parts
    const podIp = podIpOf(pod, sandbox, context)
    const target = { container: reference.container, containerId, podIp, pod: describePod(pod) }
    try {
      await unless(ending, runHook(hook, target, this.#hookTools(ending), 0))
    } catch (error) {
      ending.throwIfAborted()
      const message = messageOf(error)
      events.warning(pod, 'FailedPostStartHook', 'PostStartHook failed', reference)
      await this.stop(pod, containerId, { message: 'FailedPostStartHook', graceSeconds: undefined })
      throw new StartError('PostStartHookError', message)
    }
  }

  #hookTools(signal: AbortSignal) {
    const { options, clock } = this.#parts.context
    return { runtime: options.runtime, host: options.hostAccess, clock, signal }
  }

  /** Shortens a stop that is under way: what is left of its hook is not waited for. */
  async hurry(containerId: string, graceSeconds: number): Promise<void> {
    const seconds = Math.max(graceSeconds, MINIMUM_GRACE_SECONDS)
    await this.#parts.context.options.runtime.stopContainer(containerId, seconds)
    this.#hooks.get(containerId)?.abort()
  }

  /** preStop, SIGTERM, grace, SIGKILL; resolves when the container has ended. */
  async stop(
    pod: Pod,
    containerId: string,
    { message, graceSeconds, withoutHook, turn }: HowToStop,
  ): Promise<void> {
    const { context, cache, events } = this.#parts
    const { clock, options } = context
    const status = cache.container(containerId)
    if (!status || status.state === 'exited') return
    const reference = findContainer(pod, status.name)
    const grace = graceSeconds ?? graceOf(pod, status)
    if (reference)
      events.normal(pod, 'Killing', message || `Stopping container ${status.name}`, reference)
    const started = clock.monotonicMs()
    const hook = withoutHook ? undefined : reference?.container.lifecycle?.preStop
    if (hook && reference && grace > 0 && status.state === 'running')
      await this.#preStop(pod, reference, status, grace)
    const left = () => grace - Math.floor((clock.monotonicMs() - started) / 1000)
    if (turn && left() > 0) await settledWithin(turn, left() * 1000, clock)
    await options.runtime.stopContainer(containerId, Math.max(left(), MINIMUM_GRACE_SECONDS))
    await cache.refreshContainer(containerId)
  }

  async #preStop(
    pod: Pod,
    reference: ContainerReference,
    status: ContainerStatus,
    graceSeconds: number,
  ): Promise<void> {
    const { context, cache, events } = this.#parts
    const hook = reference.container.lifecycle?.preStop
    if (!hook) return
    const sandbox = cache.observe(uidOf(pod)).sandboxes[0]
    const podIp = podIpOf(pod, sandbox, context)
    const containerId = status.id
    const target = { container: reference.container, containerId, podIp, pod: describePod(pod) }
    const over = new AbortController()
    const timeout = sleep(context.clock, graceSeconds * 1000, over.signal).catch(() => {})
    this.#hooks.set(status.id, over)
    const hooked = unless(
      over.signal,
      runHook(hook, target, this.#hookTools(over.signal), graceSeconds),
    ).catch(error => {
      if (over.signal.aborted) return
      events.warning(pod, 'FailedPreStopHook', 'PreStopHook failed', reference)
      const { name } = pod.metadata
      context.log.warn('a preStop hook failed', { pod: name, error: messageOf(error) })
    })
    await Promise.race([hooked, timeout])
    if (hook.sleep && over.signal.aborted)
      count(context, 'kubelet_sleep_action_terminated_early_total')
    this.#hooks.delete(status.id)
    over.abort()
  }
}

/** Runs so far: from the runtime, or from the API where the runtime has forgotten them. */
export function attemptOf(pod: Pod, name: string, observed: ObservedPod): number {
  const last = newestOf(observed, name)
  if (last) return last.attempt + 1
  const remembered = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
  ].find(status => status.name === name)
  if (!remembered) return 0
  // One that was removed to start anew is counted already.
  const isCounted = !remembered.containerID || remembered.state.waiting?.reason === RESTARTED
  return remembered.restartCount + (isCounted ? 0 : 1)
}

function podIpOf(pod: Pod, sandbox: SandboxStatus | undefined, context: KubeletContext): string {
  const { nodeAddresses } = context.options
  if (pod.spec?.hostNetwork) return nodeAddresses[0] ?? ''
  return inOrderOfNode(sandbox?.ips ?? [], nodeAddresses)[0] ?? ''
}

/**
 * Seconds that a container is given: the delete's, the pod's, or what it was started with where its
 * pod is not known any more.
 */
export function graceOf(pod: Pod, status: ContainerStatus | undefined): number {
  return Number(
    pod.metadata.deletionGracePeriodSeconds ??
      pod.spec?.terminationGracePeriodSeconds ??
      numberIn(status?.annotations[POD_DELETION_GRACE_PERIOD]) ??
      numberIn(status?.annotations[POD_GRACE_PERIOD]) ??
      DEFAULT_GRACE_SECONDS,
  )
}

const numberIn = (text: string | undefined): number | undefined =>
  text === undefined || text === '' || Number.isNaN(Number(text)) ? undefined : Number(text)
