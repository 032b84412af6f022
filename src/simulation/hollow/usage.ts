/**
 * What hollow containers pretend to use: a tenth of what they ask for, or what an annotation of their pod says, which may change at any
 * time. Processor time adds up with the clock, so it is the same in each run of a simulation.
 */
import { parseQuantity, quantityToNumber } from '#api/machinery/quantity.ts'
import type { Clock } from '#base/clock.ts'
import type { ContainerStats, MachineUsage, RuntimePod } from '#kubelet'

/** Of the whole pod, such as `200m`, which its containers share evenly, or of some of them: `main=150m,proxy=5m`. */
export const CPU_ANNOTATION = 'metrics.proa.dev/cpu'
export const MEMORY_ANNOTATION = 'metrics.proa.dev/memory'

const SHARE_OF_REQUEST = 0.1
/** Where nothing is asked for. */
const MODEST = { cpu: 0.001, memory: 8 * 1024 ** 2 }
/** What the machine's own programs use beside all pods. */
const SYSTEM = { cpu: 0.01, memory: 256 * 1024 ** 2 }
/** Of one core in a millisecond. */
const NANOSECONDS = 1_000_000
/** Memory comes in pages. */
const PAGE = 4096

type Resource = 'cpu' | 'memory'
const ANNOTATIONS: Readonly<Record<Resource, string>> = {
  cpu: CPU_ANNOTATION,
  memory: MEMORY_ANNOTATION,
}

interface Metered {
  readonly id: string
  readonly name: string
  readonly podUid: string
}

interface Meter extends Metered {
  cpuNanoseconds: number
  /** Until when that is added up. */
  untilMs: number
  /** Whole, so that sums are exact. */
  nanosecondsPerMs: number
  memoryBytes: number
}

export class HollowUsage {
  readonly #clock: Clock
  readonly #startMs: number
  readonly #pods = new Map<string, RuntimePod>()
  readonly #meters = new Map<string, Meter>()
  /** Of containers that ended: a machine's processor time never becomes less. */
  #endedNanoseconds = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startMs = clock.now()
  }

  podChanged(pod: RuntimePod): void {
    const { uid = '' } = pod.metadata
    const before = this.#pods.get(uid)
    this.#pods.set(uid, pod)
    if (before?.metadata.annotations === pod.metadata.annotations && before?.spec === pod.spec)
      return
    for (const meter of this.#meters.values()) if (meter.podUid === uid) this.#set(meter)
  }

  podGone(uid: string): void {
    this.#pods.delete(uid)
  }

  started(container: Metered, nowMs: number): void {
    const meter = {
      ...container,
      cpuNanoseconds: 0,
      untilMs: nowMs,
      nanosecondsPerMs: 0,
      memoryBytes: 0,
    }
    this.#meters.set(container.id, meter)
    this.#set(meter, nowMs)
  }

  ended(id: string): void {
    const meter = this.#meters.get(id)
    if (!meter) return
    this.#settle(meter)
    this.#endedNanoseconds += meter.cpuNanoseconds
    this.#meters.delete(id)
  }

  /** All of one moment, so that what a pod uses is the sum of what its containers use. */
  stats(now = this.#clock.now()): ContainerStats[] {
    return [...this.#meters.values()].map(meter => {
      this.#settle(meter, now)
      const { id, cpuNanoseconds, memoryBytes, untilMs } = meter
      return {
        containerId: id,
        cpuUsageNanoseconds: cpuNanoseconds,
        memoryWorkingSetBytes: memoryBytes,
        timestamp: untilMs,
      }
    })
  }

  machine(): MachineUsage {
    const now = this.#clock.now()
    let cpu = this.#endedNanoseconds + (now - this.#startMs) * SYSTEM.cpu * NANOSECONDS
    let memory = SYSTEM.memory
    for (const { cpuUsageNanoseconds, memoryWorkingSetBytes } of this.stats(now)) {
      cpu += cpuUsageNanoseconds
      memory += memoryWorkingSetBytes
    }
    return {
      cpuUsageNanoseconds: Math.round(cpu),
      memoryWorkingSetBytes: memory,
      swapUsageBytes: 0,
      timestamp: now,
    }
  }

  /** Adds up what was used since the last time. */
  #settle(meter: Meter, now = this.#clock.now()): void {
    const spanMs = Math.max(0, now - meter.untilMs)
    meter.cpuNanoseconds += spanMs * meter.nanosecondsPerMs
    meter.untilMs = now
  }

  #set(meter: Meter, now = this.#clock.now()): void {
    this.#settle(meter, now)
    const pod = this.#pods.get(meter.podUid)
    const { requests = {}, limits = {} } = resourcesOf(pod, meter.name)
    const wanted = (resource: Resource) => {
      const said = saidFor(pod, meter.name, resource)
      if (said !== undefined) return said
      const request = amountIn(requests[resource])
      if (request) return request * SHARE_OF_REQUEST
      const limit = amountIn(limits[resource])
      return limit ? Math.min(limit * SHARE_OF_REQUEST, MODEST[resource]) : MODEST[resource]
    }
    // A program that wants more than its limit is slowed down.
    const cores = Math.min(wanted('cpu'), amountIn(limits.cpu) ?? Number.POSITIVE_INFINITY)
    meter.nanosecondsPerMs = Math.round(cores * NANOSECONDS)
    meter.memoryBytes = Math.max(PAGE, Math.round(wanted('memory') / PAGE) * PAGE)
  }
}

const containersIn = (pod: RuntimePod | undefined) => [
  ...(pod?.spec?.containers ?? []),
  ...(pod?.spec?.initContainers ?? []),
]

function resourcesOf(pod: RuntimePod | undefined, name: string) {
  return containersIn(pod).find(each => each.name === name)?.resources ?? {}
}

/** What the annotation says of a container; undefined where it says nothing that makes sense. */
function saidFor(
  pod: RuntimePod | undefined,
  name: string,
  resource: Resource,
): number | undefined {
  const text = pod?.metadata.annotations?.[ANNOTATIONS[resource]]
  if (text === undefined) return undefined
  if (!text.includes('=')) {
    const all = amountIn(text)
    return all === undefined ? undefined : all / Math.max(1, pod?.spec?.containers?.length ?? 1)
  }
  for (const part of text.split(',')) {
    const [of = '', amount = ''] = part.split('=')
    if (of.trim() === name) return amountIn(amount.trim())
  }
  return undefined
}

/** Exact enough for what is pretended; undefined for what is no amount. */
function amountIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  try {
    const { nanos } = parseQuantity(text)
    return nanos < 0n
      ? undefined
      : nanos < 10n ** 15n
        ? Number(nanos) / 1e9
        : quantityToNumber(text)
  } catch {
    return undefined
  }
}
