/**
 * What pods take of the node's disk: writable layers, as the runtime counts them, logs, and what is in their volumes. Walking through
 * directories costs, so answers are remembered, one walk runs at a time, and the larger a pod is the more rarely it is measured.
 */
import type { StorageUsage } from '../host-access.ts'
import { CONTAINER_NAME, POD_UID, podLogDirectory } from '../labels.ts'
import type { KubeletContext } from '../options.ts'
import type { Pod, Volume } from '../pod-types.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { ContainerStats } from '../runtime.ts'
import type { Volumes } from '../volumes/volumes.ts'

export interface PodUsage {
  /** Of its running containers, by name. */
  readonly layers: ReadonlyMap<string, StorageUsage>
  /** By container, those that ended included. */
  readonly logs: ReadonlyMap<string, StorageUsage>
  /** By name; what is on disk and what is in memory. */
  readonly volumes: ReadonlyMap<string, StorageUsage>
  /** What counts against the pod's limit: all of this but what is in memory. */
  readonly total: StorageUsage
}

type Walked = Pick<PodUsage, 'logs' | 'volumes'>

/** At most this part of the time is spent on walking through one pod's directories. */
const SHARE_OF_TIME = 1 / 20

export interface LocalUsageParts {
  readonly context: KubeletContext
  readonly cache: RuntimeCache
  readonly volumes: Pick<Volumes, 'pathOf'>
}

export class LocalUsage {
  readonly #parts: LocalUsageParts
  readonly #walked = new WeakMap<PodWorker, { walked: Walked; goodUntilMs: number; atMs: number }>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: LocalUsageParts) {
    this.#parts = parts
  }

  /** Directories may be as they were so long ago, or longer where looking takes long; `stats` are the runtime's of now. */
  async of(
    worker: PodWorker,
    stats: readonly ContainerStats[],
    maximumAgeMs: number,
  ): Promise<PodUsage> {
    const { cache } = this.#parts
    const layers = new Map<string, StorageUsage>()
    for (const { containerId, writableLayer } of stats) {
      const { labels = {}, state } = cache.container(containerId) ?? {}
      if (labels[POD_UID] === worker.uid && state === 'running' && writableLayer)
        layers.set(labels[CONTAINER_NAME] ?? '', writableLayer)
    }
    const { logs, volumes } = await this.#directories(worker, maximumAgeMs)
    const onDisk = (worker.pod.spec?.volumes ?? []).filter(isOnDisk)
    const total = sum([
      ...layers.values(),
      ...logs.values(),
      ...onDisk.map(({ name }) => volumes.get(name) ?? NONE),
    ])
    return { layers, logs, volumes, total }
  }

  #directories(worker: PodWorker, maximumAgeMs: number): Promise<Walked> {
    const { clock } = this.#parts.context
    const walking = this.#last.then(async () => {
      const startMs = clock.monotonicMs()
      const known = this.#walked.get(worker)
      if (known && (startMs < known.goodUntilMs || startMs < known.atMs + maximumAgeMs))
        return known.walked
      const walked = await this.#walk(worker.pod)
      const atMs = clock.monotonicMs()
      const goodUntilMs = atMs + (atMs - startMs) / SHARE_OF_TIME
      this.#walked.set(worker, { walked, atMs, goodUntilMs })
      return walked
    })
    this.#last = walking.catch(() => {})
    return walking
  }

  async #walk(pod: Pod): Promise<Walked> {
    const { context, volumes } = this.#parts
    const { hostAccess, podLogsDirectory } = context.options
    const { files } = hostAccess
    const logs = new Map<string, StorageUsage>()
    const directory = podLogDirectory(podLogsDirectory, pod)
    for (const name of await files.names(directory))
      logs.set(name, await files.usage(`${directory}/${name}`))
    const inVolumes = new Map<string, StorageUsage>()
    for (const volume of pod.spec?.volumes ?? [])
      if (isMeasured(volume))
        inVolumes.set(volume.name, await files.usage(volumes.pathOf(pod, volume)))
    return { logs, volumes: inVolumes }
  }
}

/** Those whose contents are the pod's alone. */
const isMeasured = ({ emptyDir, configMap, secret, downwardAPI, projected }: Volume): boolean =>
  (emptyDir ?? configMap ?? secret ?? downwardAPI ?? projected) !== undefined

const isOnDisk = ({ emptyDir, configMap }: Volume): boolean =>
  configMap !== undefined || (emptyDir !== undefined && emptyDir.medium !== 'Memory')

export const NONE: StorageUsage = { bytes: 0, inodes: 0 }

export const sum = (usages: readonly StorageUsage[]): StorageUsage =>
  usages.reduce(
    (all, { bytes, inodes }) => ({ bytes: all.bytes + bytes, inodes: all.inodes + inodes }),
    NONE,
  )
