/**
 * A container runtime in memory: the same kubelet runs on top of it as on containerd. Sandboxes get
 * addresses from a range, containers follow the script in their command, logs lie in the hollow
 * node's files, every image is there.
 */
import type { Clock } from '#base/clock.ts'
import { sleep } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type {
  Container,
  ContainerRuntime,
  ContainerStatus,
  RuntimeEvent,
  RuntimeStatus,
  SandboxConfig,
  SandboxStatus,
} from '#kubelet'
import { HollowContainer, type HollowContainerEvents } from './hollow-container.ts'
import { execute, openAttach, openExec } from './hollow-exec.ts'
import type { MemoryFiles } from './memory-files.ts'
import type { HollowUsage } from './usage.ts'

export interface HollowRuntimeOptions {
  readonly clock: Clock
  readonly random: Random
  readonly files: MemoryFiles
  readonly usage: HollowUsage
  /** Addresses for pods; asked once a sandbox, given back when it is stopped. */
  readonly addresses: AddressPool
  /** How long a sandbox and a container take to start. */
  readonly sandboxLatencyMs?: number
  readonly startLatencyMs?: number
  /** Images of which the registry knows nothing: pulling them fails. */
  readonly isMissing?: (image: string) => boolean
}

export interface AddressPool {
  /** One of each family. */
  take(): readonly string[]
  giveBack(address: string): void
}

interface HollowSandbox {
  readonly id: string
  readonly config: KeptSandbox
  readonly createdAt: number
  readonly ips: readonly string[]
  ready: boolean
}

/** Of what the runtime was told, what somebody will ask about. */
type KeptSandbox = ReturnType<typeof keptOf>

function keptOf(config: SandboxConfig) {
  const { name, namespace, uid, attempt, labels, annotations, logDirectory } = config
  return { name, namespace, uid, attempt, labels, annotations, logDirectory }
}

const NOTHING = new Uint8Array()
const IMAGE_BYTES = 1_000_000
/** Nobody knows as whom an image runs that is not there; as root, all pods that must not run as root would be refused. */
const IMAGE_UID = 65_532

/** It only pretends to run programs, so it can do whatever pods want of its usual way to. */
const STATUS: RuntimeStatus = Object.freeze({
  ...{ runtimeReady: true, networkReady: true, message: '' },
  handlers: [{ name: '', recursiveReadOnlyMounts: true, userNamespaces: true }],
  supplementalGroupsPolicy: true,
})

export function createHollowRuntime(options: HollowRuntimeOptions): ContainerRuntime {
  const { clock, random, files, addresses, usage } = options
  const sandboxes = new Map<string, HollowSandbox>()
  const containers = new Map<string, HollowContainer>()
  const listeners = new Set<(event: RuntimeEvent) => void>()
  const id = () => {
    const { buffer, byteOffset, length } = random.bytes(32)
    return Buffer.from(buffer, byteOffset, length).toString('hex')
  }
  const tell = (event: RuntimeEvent) => {
    for (const listener of listeners) listener(event)
  }
  const logPathOf = ({ sandboxId, config }: HollowContainer) =>
    `${sandboxes.get(sandboxId)?.config.logDirectory ?? ''}/${config.logPath}`
  const events: HollowContainerEvents = {
    clock,
    log: (container, line) => files.append(logPathOf(container), line),
    changed(container) {
      const { sandboxId, id: containerId, state } = container
      if (state === 'exited') usage.ended(containerId)
      tell({ sandboxId, containerId })
    },
  }
  const latency = (ms: number | undefined) => (ms ? sleep(clock, ms) : Promise.resolve())
  const find = (containerId: string): HollowContainer => {
    const container = containers.get(containerId)
    if (!container) throw new Error(`container "${containerId}" not found`)
    return container
  }
  /** Commands and terminals are for containers that run. */
  const findRunning = (containerId: string): HollowContainer => {
    const container = find(containerId)
    if (container.state !== 'running')
      throw new Error(`container "${containerId}" is not running: it is ${container.state}`)
    return container
  }
  const digest = (image: string) => `hollow://${image}`
  const imageOf = (image: string) => ({
    id: digest(image),
    repoTags: [image],
    repoDigests: [],
    sizeBytes: IMAGE_BYTES,
    uid: IMAGE_UID,
  })
  const present = (image: string) => !(options.isMissing?.(image) ?? false)

  const stopSandbox = (sandbox: HollowSandbox) => {
    for (const container of containers.values())
      if (container.sandboxId === sandbox.id && container.state === 'running') container.end(137)
    if (!sandbox.ready) return
    sandbox.ready = false
    for (const ip of sandbox.ips) addresses.giveBack(ip)
    tell({ sandboxId: sandbox.id, containerId: '' })
  }

  return {
    version: async () => ({ runtimeName: 'hollow', runtimeVersion: '1.0.0' }),
    status: async () => STATUS,

    async runPodSandbox(config) {
      await latency(options.sandboxLatencyMs)
      const ips = config.hostNetwork ? [] : addresses.take()
      const kept = keptOf(config)
      const sandbox = { id: id(), config: kept, createdAt: clock.now(), ips, ready: true }
      sandboxes.set(sandbox.id, sandbox)
      return sandbox.id
    },
    async stopPodSandbox(sandboxId) {
      const sandbox = sandboxes.get(sandboxId)
      if (sandbox) stopSandbox(sandbox)
    },
    async removePodSandbox(sandboxId) {
      const sandbox = sandboxes.get(sandboxId)
      if (!sandbox) return
      stopSandbox(sandbox)
      for (const container of [...containers.values()])
        if (container.sandboxId === sandboxId) containers.delete(container.id)
      sandboxes.delete(sandboxId)
      usage.podGone(sandbox.config.uid)
    },
    listPodSandboxes: async () => [...sandboxes.values()].map(sandboxStatus),
    async podSandboxStatus(sandboxId) {
      const sandbox = sandboxes.get(sandboxId)
      return sandbox && sandboxStatus(sandbox)
    },

    async createContainer(sandboxId, config, sandbox) {
      if (!sandboxes.has(sandboxId)) throw new Error(`sandbox "${sandboxId}" not found`)
      const containerId = id()
      containers.set(containerId, new HollowContainer(containerId, sandboxId, config, events))
      files.append(`${sandbox.logDirectory}/${config.logPath}`, NOTHING)
      return containerId
    },
    async startContainer(containerId) {
      await latency(options.startLatencyMs)
      const container = find(containerId)
      const { id, sandboxId, config } = container
      const podUid = sandboxes.get(sandboxId)?.config.uid ?? ''
      // One moment for both: what it used is divided by how long it says that it runs.
      const now = clock.now()
      usage.started({ id, name: config.name, podUid }, now)
      container.start(now)
    },
    async stopContainer(containerId) {
      containers.get(containerId)?.end()
    },
    async removeContainer(containerId) {
      containers.get(containerId)?.end(137)
      containers.delete(containerId)
    },
    listContainers: async () => [...containers.values()].map(containerView),
    async containerStatus(containerId) {
      const container = containers.get(containerId)
      return container && statusOf(container, sandboxes.get(container.sandboxId))
    },
    async updateContainerResources(containerId, resources) {
      const container = find(containerId)
      container.resources = { ...container.resources, ...resources }
    },
    reopenContainerLog: async () => {},

    async execSync(containerId, command) {
      return execute(findRunning(containerId), command, 'by the kubelet')
    },
    async exec(containerId, execOptions) {
      return openExec(findRunning(containerId), execOptions)
    },
    async attach(containerId, attachOptions) {
      return openAttach(find(containerId), attachOptions.tty)
    },
    async portForward() {
      throw new Error('this is a hollow node: no process listens behind its pods')
    },

    async pullImage(image) {
      if (!present(image)) throw new Error(`${image}: not found`)
      return digest(image)
    },
    imageStatus: async image => (present(image) ? imageOf(image) : undefined),
    async listImages() {
      const names = new Set([...containers.values()].map(container => container.config.image))
      return [...names].map(imageOf)
    },
    removeImage: async () => {},
    mountImage: async () => {},
    containerStats: async () => usage.stats(),
    podChanged: pod => usage.podChanged(pod),
    events: {
      subscribe({ next }) {
        listeners.add(next)
        return () => listeners.delete(next)
      },
    },
    async close() {
      for (const container of containers.values()) container.end(137)
      listeners.clear()
    },
  }
}

function sandboxStatus({ id, config, createdAt, ips, ready }: HollowSandbox): SandboxStatus {
  const { name, namespace, uid, attempt, labels, annotations } = config
  return { id, ready, createdAt, name, namespace, uid, attempt, labels, annotations, ips }
}

function containerView(container: HollowContainer): Container {
  const { id, sandboxId, state, createdAt, config } = container
  const { name, attempt, labels, annotations } = config
  return { id, sandboxId, name, attempt, state, createdAt, labels, annotations }
}

function statusOf(container: HollowContainer, sandbox: HollowSandbox | undefined): ContainerStatus {
  const { config, startedAt, finishedAt, exitCode, state } = container
  return {
    ...containerView(container),
    startedAt,
    finishedAt,
    exitCode,
    reason: state === 'exited' ? (exitCode === 0 ? 'Completed' : 'Error') : '',
    message: '',
    image: config.image,
    imageRef: config.imageId,
    logPath: `${sandbox?.config.logDirectory ?? ''}/${config.logPath}`,
    mounts: config.mounts,
    resources: container.resources,
  }
}
