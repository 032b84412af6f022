/**
 * Watches over what is left of the node's memory and disk. Below its thresholds it tells so in the node's conditions, takes no more
 * pods in, removes images that nobody uses, and then evicts one pod after the other until enough is left.
 */
import { Pauses } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { count, observe } from '../figures/count.ts'
import { CONTAINER_NAME, POD_UID } from '../labels.ts'
import type { KubeletContext } from '../options.ts'
import type { PodEvents } from '../pod-events.ts'
import type { Pod } from '../pod-types.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { PodFailure } from '../status/pod-status.ts'
import { untilTick } from '../ticks.ts'
import type { ImageCollector } from './image-collector.ts'
import type { LocalUsage } from './local-usage.ts'
import { type NodeConditions, pressureRefusal } from './pressure-refusal.ts'
import { type Candidate, excessMessage, memoryUsage, ranked } from './ranking.ts'
import { EVICTED } from './storage-eviction.ts'
import { type PressingThreshold, ThresholdWatch } from './threshold-watch.ts'
import { lowMessage, type Observation, type Observations, type Signal } from './thresholds.ts'

/** Upstream's times: between looks, and for a pod to end before the next has to. */
const CHECK_MS = 10_000
const EVICTION_MS = 30_000
/** Of a pod that can't wait. */
const GRACE_SECONDS = 1
/** Of one that says nothing. */
const USUAL_GRACE_SECONDS = 30
const KIBIBYTE = 1024

export interface NodePressureParts {
  readonly context: KubeletContext
  readonly cache: RuntimeCache
  readonly events: PodEvents
  readonly usage: LocalUsage
  readonly images: ImageCollector
  readonly workers: () => readonly PodWorker[]
  /** A condition of the node is another than before. */
  readonly changed: () => void
}

const NO_CONDITIONS: NodeConditions = Object.freeze({ memory: false, disk: false })

export class NodePressure {
  readonly #parts: NodePressureParts
  readonly #pauses: Pauses
  readonly #watch: ThresholdWatch
  /** When the node was below each threshold last. */
  readonly #metAt = new Map<Signal, number>()
  #lookedAtMs = 0
  #conditions = NO_CONDITIONS
  #evicting: { worker: PodWorker; untilMs: number } | undefined
  #loop: Promise<void> | undefined

  constructor(parts: NodePressureParts) {
    this.#parts = parts
    this.#pauses = new Pauses(parts.context.clock)
    const { evictionHard, eviction } = parts.context.options
    this.#watch = new ThresholdWatch(evictionHard, eviction)
  }

  /** The same object while nothing changes. */
  get conditions(): NodeConditions {
    return this.#conditions
  }

  refusal(pod: Pod): PodFailure | undefined {
    return pressureRefusal(pod, this.#conditions)
  }

  start(): void {
    const { evictionHard, eviction } = this.#parts.context.options
    if (Object.keys({ ...evictionHard, ...eviction.soft }).length > 0) this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#pauses.end()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts.context
    while (!this.#pauses.isOver) {
      await this.#check().catch(error =>
        log.warn('what is left of the node could not be measured', { error: messageOf(error) }),
      )
      await this.#pauses.take(untilTick(clock.monotonicMs(), CHECK_MS))
    }
  }

  async #check(): Promise<void> {
    const { context } = this.#parts
    let met = await this.#look()
    if (met.length === 0 || this.#isEvicting()) return
    // What keeps images from going must not keep pods from it.
    const isLess =
      met[0]?.signal !== 'memory.available' &&
      (await this.#collectImages().catch(error => {
        context.log.warn('images could not be removed', { error: messageOf(error) })
        return false
      }))
    if (isLess) met = await this.#look()
    const [first] = met
    if (!first || this.#pauses.isOver) return
    context.log.warn('the node runs short, and a pod has to go', { ...first })
    await this.#evict(first)
  }

  /** For what something has to go now; conditions follow. */
  async #look(): Promise<readonly PressingThreshold[]> {
    const { context, changed } = this.#parts
    const observations = await lookAt(context)
    const nowMs = context.clock.monotonicMs()
    const { pressing, signals } = this.#watch.look(observations, nowMs)
    this.#lookedAtMs = nowMs
    for (const signal of signals) this.#metAt.set(signal, nowMs)
    const { transitionMs } = context.options.eviction
    const isOn = (signal: Signal) => {
      const atMs = this.#metAt.get(signal)
      return atMs !== undefined && (nowMs === atMs || nowMs - atMs < transitionMs)
    }
    const memory = isOn('memory.available')
    const disk = isOn('nodefs.available') || isOn('nodefs.inodesFree')
    if (memory !== this.#conditions.memory || disk !== this.#conditions.disk) {
      this.#conditions = { memory, disk }
      changed()
    }
    return pressing
  }

  /** What the last one gave back is not known before it has ended. */
  #isEvicting(): boolean {
    const { clock } = this.#parts.context
    const { worker, untilMs = 0 } = this.#evicting ?? {}
    return worker?.mode === 'terminating' && clock.monotonicMs() < untilMs
  }

  #collectImages(): Promise<boolean> {
    const { context, images } = this.#parts
    const collect = () => images.removeUnused()
    const { spans } = context.options
    return spans ? spans.run('Images/GarbageCollect', collect, { isRoot: true }) : collect()
  }

  async #evict(met: PressingThreshold): Promise<void> {
    const { context, events } = this.#parts
    const candidates = await this.#candidates(met.signal)
    const [first] = ranked(candidates, met.signal)
    if (!first || this.#pauses.isOver || first.owner.mode !== 'running') return
    const message = lowMessage(met) + excessMessage(first, met.signal)
    events.warning(first.pod, EVICTED, message)
    const graceSeconds = met.isSoft ? this.#softGraceOf(first.pod) : GRACE_SECONDS
    first.owner.fail({ reason: EVICTED, message, isDisruption: true }, graceSeconds)
    count(context, 'kubelet_evictions', met.signal)
    const ageMs = context.clock.monotonicMs() - this.#lookedAtMs
    observe(context, 'kubelet_eviction_stats_age_seconds', ageMs / 1000, met.signal)
    first.owner.wake()
    this.#evicting = { worker: first.owner, untilMs: context.clock.monotonicMs() + EVICTION_MS }
  }

  #softGraceOf({ spec }: Pod): number {
    const { maximumPodGraceSeconds } = this.#parts.context.options.eviction
    const own = spec?.terminationGracePeriodSeconds ?? USUAL_GRACE_SECONDS
    return maximumPodGraceSeconds < 0 ? own : Math.min(maximumPodGraceSeconds, own)
  }

  async #candidates(signal: Signal): Promise<readonly Candidate<PodWorker>[]> {
    const { context, cache, usage, workers } = this.#parts
    const stats = await context.options.runtime.containerStats()
    const candidates: Candidate<PodWorker>[] = []
    for (const owner of workers()) {
      const { pod } = owner
      if (!owner.counts || owner.mode !== 'running') continue
      if (signal === 'memory.available') {
        const containers = memoryUsage(stats, id => {
          const labels = cache.container(id)?.labels
          return labels?.[POD_UID] === owner.uid ? labels[CONTAINER_NAME] : undefined
        })
        const total = [...containers.values()].reduce((sum, bytes) => sum + bytes, 0)
        candidates.push({ pod, total, containers, owner })
        continue
      }
      const of = signal === 'nodefs.available' ? 'bytes' : 'inodes'
      const used = await usage.of(owner, stats, CHECK_MS).catch(error => {
        const what = { pod: pod.metadata.name, error: messageOf(error) }
        context.log.warn('what a pod takes of the disk could not be measured', what)
      })
      if (!used) continue
      const { total, layers } = used
      const containers = new Map([...layers].map(([name, layer]) => [name, layer[of]]))
      candidates.push({ pod, total: total[of], containers, owner })
    }
    return candidates
  }
}

/** What cannot be measured is absent, as all is on a machine that is only simulated. */
async function lookAt({ options }: KubeletContext): Promise<Observations> {
  const { files } = options.hostAccess
  const space = await files.space(options.rootDirectory)
  const memory = memoryIn(await files.read('/proc/meminfo'))
  return {
    ...(memory && { 'memory.available': memory }),
    ...(space && {
      'nodefs.available': { available: space.availableBytes, capacity: space.capacityBytes },
      'nodefs.inodesFree': { available: space.inodesFree, capacity: space.inodes },
    }),
  }
}

function memoryIn(bytes: Uint8Array | undefined): Observation | undefined {
  const text = new TextDecoder().decode(bytes ?? new Uint8Array())
  const read = (name: string) => {
    const [, kibibytes] = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text) ?? []
    return kibibytes === undefined ? undefined : Number(kibibytes) * KIBIBYTE
  }
  const [available, capacity] = [read('MemAvailable'), read('MemTotal')]
  return available === undefined || capacity === undefined ? undefined : { available, capacity }
}
