/**
 * The container runtime behind CRI v1, for the kubelet. Every call has a deadline; while containerd is away each fails with one
 * sentence that says so, and the next one after it is back works: nothing has to be set up again.
 */
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Message } from '#base/protobuf.ts'
import type { Span } from '#base/tracing/span.ts'
import type { SpanScope } from '#base/tracing/span-scope.ts'
import {
  CommandTimeout,
  type ContainerRuntime,
  type ContainerStatus,
  type RuntimeEvent,
} from '../runtime.ts'
import { toContainer, toResources, toSandbox } from './configs.ts'
import { watchTasks } from './events.ts'
import {
  codeNameOf,
  connectGrpc,
  type GrpcConnection,
  GrpcError,
  grpcCode,
  rpcErrorText,
} from './grpc.ts'
import { mountImage } from './images.ts'
import * as messages from './messages.ts'
import {
  fromContainer,
  fromContainerStatus,
  fromImage,
  fromRuntimeStatus,
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
  /** Where containerd keeps what is in images; its own default without. */
  readonly snapshotter?: string
  readonly clock: Clock
  readonly log: Log
  /** Tells calls, where traces are wanted. */
  readonly spans?: SpanScope | undefined
}

/** One method: what it is asked with, what it answers, and how long that may take. */
type Ask = <Q, A>(
  method: string,
  shapes: readonly [Message<Q>, Message<A>],
  timeoutMs?: number,
) => (request: Partial<Q>) => Promise<A>

/** What a process ends with that got SIGKILL. */
const KILLED = 137
const OUT_OF_MEMORY = 'OOMKilled'
/** How much later containerd may learn that the kernel ran out of memory than that a container ended. */
const OUT_OF_MEMORY_NEWS_MS = 200
/** What ended longer ago has been told all that there is to tell. */
const NEWS_MS = 1_000

const { idOnly, nothing } = messages

/** Connects when first used; nothing fails here. */
export function connectCri(options: CriOptions): ContainerRuntime {
  const { socketPath, clock, log, spans } = options
  const grpc = connectGrpc({ socketPath, clock })
  const call = spans ? tracedCall(grpc, spans, socketPath) : grpc.call
  const service = (name: string): Ask => {
    return (method, [request, response], timeoutMs = questionTimeoutMs) =>
      async value => {
        const path = `${name}/${method}`
        const answer = await call({ path, request: request.encode(value), timeoutMs })
        return response.decode(answer)
      }
  }
  const ask = service(runtimeService)
  /** Container to sandbox, as far as they were created or listed: status and events name the container alone. */
  const sandboxOf = new Map<string, string>()
  const eventOf = (containerId: string): RuntimeEvent => ({
    sandboxId: sandboxOf.get(containerId) ?? containerId,
    containerId,
  })
  return {
    ...sandboxCalls(ask),
    ...containerCalls(ask, sandboxOf, clock),
    ...streamCalls(ask, clock),
    ...imageCalls(service(imageService)),
    mountImage: (imageId, directory) => mountImage(options, imageId, directory),
    version: () => ask('Version', [nothing, messages.version])({}),
    async status() {
      return fromRuntimeStatus(await ask('Status', [nothing, messages.statusResponse])({}))
    },
    events: watchTasks({ grpc, clock, log, eventOf }),
    async close() {
      grpc.close()
    },
  }
}

/** As instrumented clients of gRPC in Go tell it; containerd may go on with the trace. */
function tracedCall(
  grpc: GrpcConnection,
  spans: SpanScope,
  socketPath: string,
): GrpcConnection['call'] {
  return call => {
    const name = call.path.slice(1)
    const attributes = {
      'rpc.method': name,
      'rpc.system.name': 'grpc',
      'server.address': socketPath,
    }
    const ask = async (span: Span | undefined) => {
      const { traceparent } = spans
      try {
        const answer = await grpc.call(
          traceparent ? { ...call, metadata: { ...call.metadata, traceparent } } : call,
        )
        span?.set('rpc.response.status_code', 'OK')
        return answer
      } catch (error) {
        span?.set('rpc.response.status_code', codeNameOf(error))
        throw error
      }
    }
    return spans.run(name, ask, { kind: 'client', attributes })
  }
}

type SandboxCalls =
  | 'runPodSandbox'
  | 'stopPodSandbox'
  | 'removePodSandbox'
  | 'listPodSandboxes'
  | 'podSandboxStatus'

function sandboxCalls(ask: Ask): Pick<ContainerRuntime, SandboxCalls> {
  const run = ask('RunPodSandbox', [messages.runPodSandboxRequest, idOnly], sandboxTimeoutMs)
  const stop = ask('StopPodSandbox', [idOnly, nothing], actionTimeoutMs)
  const remove = ask('RemovePodSandbox', [idOnly, nothing], actionTimeoutMs)
  const list = ask('ListPodSandbox', [nothing, messages.listPodSandboxResponse])
  const status = ask('PodSandboxStatus', [idOnly, messages.podSandboxStatusResponse])
  return {
    runPodSandbox: async (config, runtimeHandler = '') =>
      (await run({ config: toSandbox(config), runtimeHandler })).id,
    stopPodSandbox: id => quietly(stop({ id })),
    removePodSandbox: id => quietly(remove({ id })),
    listPodSandboxes: async () => (await list({})).items.map(fromSandbox),
    podSandboxStatus: async id => {
      const answer = await orAbsent(status({ id }))
      return answer?.status && fromSandboxStatus(answer.status)
    },
  }
}

type ContainerCalls =
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'removeContainer'
  | 'listContainers'
  | 'containerStatus'
  | 'updateContainerResources'
  | 'reopenContainerLog'
  | 'checkpointContainer'
  | 'containerStats'

function containerCalls(
  ask: Ask,
  sandboxOf: Map<string, string>,
  clock: Clock,
): Pick<ContainerRuntime, ContainerCalls> {
  let listed: ReadonlySet<string> = new Set()
  /** Asked for twice after they were killed. */
  const doubted = new Set<string>()
  const create = ask('CreateContainer', [messages.createContainerRequest, idOnly], actionTimeoutMs)
  const act = (method: string) => ask(method, [idOnly, nothing], actionTimeoutMs)
  const [start, remove, reopenLog] = [
    act('StartContainer'),
    act('RemoveContainer'),
    act('ReopenContainerLog'),
  ]
  const list = ask('ListContainers', [nothing, messages.listContainersResponse])
  const status = ask('ContainerStatus', [idOnly, messages.containerStatusResponse])
  const statusOf = async (id: string): Promise<ContainerStatus | undefined> => {
    const answer = await orAbsent(status({ id }))
    return answer?.status && fromContainerStatus(answer.status, sandboxOf.get(id) ?? '')
  }
  const update = ask(
    'UpdateContainerResources',
    [messages.updateResourcesRequest, nothing],
    actionTimeoutMs,
  )
  const stats = ask('ListContainerStats', [nothing, messages.listContainerStatsResponse])
  return {
    createContainer: async (podSandboxId, container, sandbox) => {
      const config = toContainer(container, sandbox)
      const { id } = await create({ podSandboxId, config, sandboxConfig: toSandbox(sandbox) })
      sandboxOf.set(id, podSandboxId)
      return id
    },
    startContainer: async id => {
      await start({ id })
    },
    stopContainer: (containerId, timeoutSeconds) => {
      const deadlineMs = timeoutSeconds * 1000 + actionTimeoutMs
      const stop = ask('StopContainer', [messages.stopContainerRequest, nothing], deadlineMs)
      return quietly(stop({ containerId, timeout: timeoutSeconds }))
    },
    removeContainer: id => quietly(remove({ id })),
    listContainers: async () => {
      const found = (await list({})).containers.map(fromContainer)
      for (const { id, sandboxId } of found) sandboxOf.set(id, sandboxId)
      // What was listed before and is gone is forgotten; what was created meanwhile is not.
      const present = new Set(found.map(({ id }) => id))
      for (const id of listed) if (!present.has(id)) sandboxOf.delete(id)
      for (const id of doubted) if (!present.has(id)) doubted.delete(id)
      listed = present
      return found
    },
    containerStatus: async id => {
      const found = await statusOf(id)
      if (!found || doubted.has(id) || !mayHaveRunOutOfMemory(found, clock.now())) return found
      await sleep(clock, OUT_OF_MEMORY_NEWS_MS)
      // Not before: whoever asks meanwhile waits for the news, too.
      doubted.add(id)
      return statusOf(id)
    },
    updateContainerResources: async (containerId, resources) => {
      await update({ containerId, linux: toResources(resources) })
    },
    reopenContainerLog: async id => {
      await reopenLog({ id })
    },
    checkpointContainer: async (containerId, location, timeout) => {
      const deadlineMs = timeout > 0 ? timeout * 1000 + questionTimeoutMs : longestCommandMs
      const shapes = [messages.checkpointRequest, nothing] as const
      await ask('CheckpointContainer', shapes, deadlineMs)({ containerId, location, timeout })
    },
    containerStats: async () => (await stats({})).stats.map(fromStats),
  }
}

/** It was just killed by somebody; who it was comes with other news than the end itself. */
function mayHaveRunOutOfMemory(
  { state, exitCode, reason, finishedAt }: ContainerStatus,
  nowMs: number,
): boolean {
  const isNews = Math.abs(nowMs - finishedAt) < NEWS_MS
  return state === 'exited' && exitCode === KILLED && reason !== OUT_OF_MEMORY && isNews
}

type StreamCalls = 'execSync' | 'exec' | 'attach' | 'portForward'

function streamCalls(ask: Ask, clock: Clock): Pick<ContainerRuntime, StreamCalls> {
  const exec = ask('Exec', [messages.execRequest, messages.urlResponse])
  const attach = ask('Attach', [messages.attachRequest, messages.urlResponse])
  const forward = ask('PortForward', [messages.portForwardRequest, messages.urlResponse])
  return {
    execSync: (containerId, cmd, timeout) => {
      const deadlineMs = timeout > 0 ? timeout * 1000 + questionTimeoutMs : longestCommandMs
      const shapes = [messages.execSyncRequest, messages.execSyncResponse] as const
      return ask(
        'ExecSync',
        shapes,
        deadlineMs,
      )({ containerId, cmd, timeout }).catch(error => {
        const isLate = error instanceof GrpcError && error.code === grpcCode.deadlineExceeded
        throw isLate && timeout > 0 ? new CommandTimeout(cmd, timeout) : error
      })
    },
    exec: async (containerId, { command: cmd, ...streams }) => {
      // A terminal has one output.
      const stderr = streams.stderr && !streams.tty
      const { url } = await exec({ containerId, cmd, ...streams, stderr })
      return openExec(url, streams, clock)
    },
    attach: async (containerId, streams) => {
      const stderr = streams.stderr && !streams.tty
      const { url } = await attach({ containerId, ...streams, stderr })
      return openAttach(url, streams, clock)
    },
    portForward: async (podSandboxId, port) => {
      const { url } = await forward({ podSandboxId, port: [port] })
      return openPort(url, port, clock)
    },
  }
}

type ImageCalls = 'pullImage' | 'imageStatus' | 'listImages' | 'removeImage'

function imageCalls(ask: Ask): Pick<ContainerRuntime, ImageCalls> {
  const pullShapes = [messages.pullImageRequest, messages.pullImageResponse] as const
  const pull = ask('PullImage', pullShapes, pullTimeoutMs)
  const status = ask('ImageStatus', [messages.imageRequest, messages.imageStatusResponse])
  const list = ask('ListImages', [nothing, messages.listImagesResponse])
  const remove = ask('RemoveImage', [messages.imageRequest, nothing], actionTimeoutMs)
  return {
    async pullImage(image, auth) {
      try {
        return (await pull({ image: { image }, ...(auth && { auth }) })).imageRef
      } catch (error) {
        // Users read it: as upstream tells it, with the code where that says something.
        throw new Error(codeNameOf(error) === 'Unknown' ? messageOf(error) : rpcErrorText(error))
      }
    },
    imageStatus: async image => {
      const found = (await status({ image: { image } })).image
      return found && fromImage(found)
    },
    listImages: async () => (await list({})).images.map(fromImage),
    removeImage: async image => {
      await remove({ image: { image } })
    },
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
