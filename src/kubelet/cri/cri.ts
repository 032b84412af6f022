/**
 * The container runtime behind CRI v1, for the kubelet. Every call has a deadline; while containerd is away each fails with one
 * sentence that says so, and the next one after it is back works: nothing has to be set up again.
 */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { ContainerRuntime, RuntimeEvent, RuntimeStatus } from '../runtime.ts'
import { toContainer, toResources, toSandbox } from './configs.ts'
import { watchTasks } from './events.ts'
import { connectGrpc, GrpcError, grpcCode } from './grpc.ts'
import * as messages from './messages.ts'
import type { Message } from './protobuf.ts'
import {
  fromContainer,
  fromContainerStatus,
  fromImage,
  fromSandbox,
  fromSandboxStatus,
  fromStats,
} from './results.ts'
import { openAttach, openExec, openPort } from './streams.ts'

/** Questions that containerd answers from memory. */
const questionTimeoutMs = 10_000
/** As upstream's kubelet: starting and stopping wait for runc and CNI on a busy node. */
const actionTimeoutMs = 120_000
const sandboxTimeoutMs = 2 * actionTimeoutMs
/** A slow registry and a large image; the kubelet shows the pull as such all the while. */
const pullTimeoutMs = 30 * 60_000
/** Where a command has no timeout of its own. */
const longestCommandMs = 24 * 60 * 60_000

const runtimeService = '/runtime.v1.RuntimeService'
const imageService = '/runtime.v1.ImageService'

export interface CriOptions {
  readonly socketPath: string
  readonly clock: Clock
  readonly log: Log
}

interface Rpc<Q, A> {
  readonly service: string
  readonly method: string
  readonly request: Message<Q>
  readonly response: Message<A>
}

/** Connects when first used; nothing fails here. */
export function connectCri({ socketPath, clock, log }: CriOptions): ContainerRuntime {
  const grpc = connectGrpc({ socketPath, clock })

  async function ask<Q, A>(rpc: Rpc<Q, A>, request: Partial<Q>, timeoutMs: number): Promise<A> {
    const answer = await grpc.call({
      path: `${rpc.service}/${rpc.method}`,
      request: rpc.request.encode(request),
      timeoutMs,
    })
    return rpc.response.decode(answer)
  }
  const runtime = <Q, A>(
    method: string,
    [request, response]: [Message<Q>, Message<A>],
    timeoutMs = questionTimeoutMs,
  ) => {
    const rpc = { service: runtimeService, method, request, response }
    return (value: Partial<Q>) => ask(rpc, value, timeoutMs)
  }
  const images = <Q, A>(
    method: string,
    [request, response]: [Message<Q>, Message<A>],
    timeoutMs = questionTimeoutMs,
  ) => {
    const rpc = { service: imageService, method, request, response }
    return (value: Partial<Q>) => ask(rpc, value, timeoutMs)
  }

  const { idOnly, nothing } = messages
  const act = (method: string, timeoutMs = actionTimeoutMs) =>
    runtime(method, [idOnly, nothing], timeoutMs)
  const run = runtime('RunPodSandbox', [messages.runPodSandboxRequest, idOnly], sandboxTimeoutMs)
  const create = runtime(
    'CreateContainer',
    [messages.createContainerRequest, idOnly],
    actionTimeoutMs,
  )
  const sandboxStatus = runtime('PodSandboxStatus', [idOnly, messages.podSandboxStatusResponse])
  const containerStatus = runtime('ContainerStatus', [idOnly, messages.containerStatusResponse])
  const listSandboxes = runtime('ListPodSandbox', [nothing, messages.listPodSandboxResponse])
  const listContainers = runtime('ListContainers', [nothing, messages.listContainersResponse])
  const listImages = images('ListImages', [nothing, messages.listImagesResponse])
  const imageStatus = images('ImageStatus', [messages.imageRequest, messages.imageStatusResponse])
  const pull = images(
    'PullImage',
    [messages.pullImageRequest, messages.pullImageResponse],
    pullTimeoutMs,
  )
  const exec = runtime('Exec', [messages.execRequest, messages.urlResponse])
  const attach = runtime('Attach', [messages.attachRequest, messages.urlResponse])
  const forward = runtime('PortForward', [messages.portForwardRequest, messages.urlResponse])
  const [stopSandbox, removeSandbox] = [act('StopPodSandbox'), act('RemovePodSandbox')]
  const [start, remove] = [act('StartContainer'), act('RemoveContainer')]

  /** Container to sandbox, as far as they were listed; events name the container alone. */
  let sandboxOf: ReadonlyMap<string, string> = new Map()
  const eventOf = (containerId: string): RuntimeEvent => ({
    sandboxId: sandboxOf.get(containerId) ?? containerId,
    containerId,
  })

  return {
    async version() {
      return await runtime('Version', [nothing, messages.version])({})
    },
    async status() {
      const { status } = await runtime('Status', [nothing, messages.statusResponse])({})
      return toStatus(status?.conditions ?? [])
    },

    runPodSandbox: async config => (await run({ config: toSandbox(config) })).id,
    stopPodSandbox: id => quietly(stopSandbox({ id })),
    removePodSandbox: id => quietly(removeSandbox({ id })),
    listPodSandboxes: async () => (await listSandboxes({})).items.map(fromSandbox),
    podSandboxStatus: async id => {
      const answer = await orAbsent(sandboxStatus({ id }))
      return answer?.status && fromSandboxStatus(answer.status)
    },

    createContainer: async (podSandboxId, config, sandbox) => {
      const { id } = await create({
        podSandboxId,
        config: toContainer(config, sandbox),
        sandboxConfig: toSandbox(sandbox),
      })
      sandboxOf = new Map(sandboxOf).set(id, podSandboxId)
      return id
    },
    startContainer: async id => {
      await start({ id })
    },
    stopContainer: (containerId, timeoutSeconds) => {
      const rpc = [messages.stopContainerRequest, nothing] as [
        typeof messages.stopContainerRequest,
        typeof nothing,
      ]
      const deadlineMs = timeoutSeconds * 1000 + actionTimeoutMs
      const request = { containerId, timeout: timeoutSeconds }
      return quietly(runtime('StopContainer', rpc, deadlineMs)(request))
    },
    removeContainer: id => quietly(remove({ id })),
    listContainers: async () => {
      const found = (await listContainers({})).containers.map(fromContainer)
      sandboxOf = new Map(found.map(({ id, sandboxId }) => [id, sandboxId]))
      return found
    },
    containerStatus: async id => {
      const answer = await orAbsent(containerStatus({ id }))
      if (!answer?.status) return undefined
      return fromContainerStatus(answer.status, sandboxOf.get(id) ?? '')
    },
    updateContainerResources: async (containerId, resources) => {
      const update = runtime(
        'UpdateContainerResources',
        [messages.updateResourcesRequest, nothing],
        actionTimeoutMs,
      )
      await update({ containerId, linux: toResources(resources) })
    },
    reopenContainerLog: async id => {
      await act('ReopenContainerLog')({ id })
    },

    execSync: async (containerId, cmd, timeoutSeconds) => {
      const deadlineMs =
        timeoutSeconds > 0 ? timeoutSeconds * 1000 + questionTimeoutMs : longestCommandMs
      const call = runtime(
        'ExecSync',
        [messages.execSyncRequest, messages.execSyncResponse],
        deadlineMs,
      )
      return await call({ containerId, cmd, timeout: timeoutSeconds })
    },
    exec: async (containerId, options) => {
      const { command: cmd, ...streams } = options
      const stderr = streams.stderr && !streams.tty
      const { url } = await exec({ containerId, cmd, ...streams, stderr })
      return openExec(url, streams, clock)
    },
    attach: async (containerId, options) => {
      const stderr = options.stderr && !options.tty
      const { url } = await attach({ containerId, ...options, stderr })
      return openAttach(url, options, clock)
    },
    portForward: async (podSandboxId, port) => {
      const { url } = await forward({ podSandboxId, port: [port] })
      return openPort(url, port, clock)
    },

    pullImage: async (image, auth) =>
      (await pull({ image: { image }, ...(auth && { auth }) })).imageRef,
    imageStatus: async image => {
      const found = (await imageStatus({ image: { image } })).image
      return found && fromImage(found)
    },
    listImages: async () => (await listImages({})).images.map(fromImage),
    removeImage: async image => {
      await images(
        'RemoveImage',
        [messages.imageRequest, nothing],
        actionTimeoutMs,
      )({
        image: { image },
      })
    },
    containerStats: async () => {
      const list = runtime('ListContainerStats', [nothing, messages.listContainerStatsResponse])
      return (await list({})).stats.map(fromStats)
    },

    events: watchTasks({ grpc, clock, log, eventOf }),
    async close() {
      grpc.close()
    },
  }
}

function toStatus(
  conditions: readonly { type?: string; status?: boolean; message?: string; reason?: string }[],
): RuntimeStatus {
  const condition = (type: string) => conditions.find(condition => condition.type === type)
  const [runtime, network] = [condition('RuntimeReady'), condition('NetworkReady')]
  const unready = [runtime, network].filter(condition => condition && !condition.status)
  return {
    runtimeReady: runtime?.status ?? false,
    networkReady: network?.status ?? false,
    message: unready.map(condition => condition?.message || condition?.reason).join('; '),
  }
}

/** What is gone already is stopped and removed. */
async function quietly(call: Promise<unknown>): Promise<void> {
  await orAbsent(call)
}

async function orAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof GrpcError && error.code === grpcCode.notFound) return undefined
    throw error
  }
}

/** Whether a failure means that containerd could not be reached at all. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof GrpcError && error.code === grpcCode.unavailable
}

/** Whether anything answers CRI at a socket; undefined, or why not. */
export async function criProblem(
  options: CriOptions & { timeoutMs?: number },
): Promise<string | undefined> {
  const grpc = connectGrpc(options)
  try {
    await grpc.call({
      // Version answers while containerd still loads its pods; Status waits until it has.
      path: `${runtimeService}/Status`,
      request: new Uint8Array(0),
      timeoutMs: options.timeoutMs ?? questionTimeoutMs,
    })
    return undefined
  } catch (error) {
    return messageOf(error)
  } finally {
    grpc.close()
  }
}
