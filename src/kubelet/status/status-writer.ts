/**
 * Brings pod statuses to the API: the newest one of each pod, one write at a time per pod, again
 * after a conflict, patiently while the API is away. Conditions of others are carried over from the
 * freshest object.
 */
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { isStatus, StatusError } from '#api/machinery/status.ts'
import { type Clock, sleep } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import { isFinished, type Pod, type PodCondition, type PodStatus, uidOf } from '../pod-types.ts'
import { isOwnCondition, OWN_CONDITIONS } from './conditions.ts'

/** First and longest wait while the API does not answer. */
const RETRY_MS = 500
const RETRY_LIMIT_MS = 10_000
/** So many conflicts in a row are written over at once; a writer that keeps winning must not make us spin. */
const CONFLICTS_AT_ONCE = 5

interface Entry {
  pod: Pod
  status: PodStatus
  /** The last object that the API answered, to write over without asking. */
  written: Pod | undefined
  dirty: boolean
  /** Since when something is to be told, by the monotonic clock. */
  dirtySinceMs: number
  running: Promise<void> | undefined
  /** Somebody waits for what is being written: no turn is waited for any more. */
  hurried: boolean
  /** Ends a turn that is being waited for. */
  endTurn: () => void
}

const BLANK = {
  written: undefined,
  dirty: false,
  dirtySinceMs: 0,
  running: undefined,
  hurried: false,
  endTurn() {},
} as const

function hurry(entry: Entry): void {
  entry.hurried = true
  entry.endTurn()
}

/** What stands for a pod in the API: itself, but for static pods, of which it has a mirror, or none now. */
export type ObjectOf = (pod: Pod) => Pod | undefined

export class StatusWriter {
  readonly #client: Client
  readonly #clock: Clock
  readonly #log: Log
  readonly #objectOf: ObjectOf
  readonly #entries = new Map<string, Entry>()
  readonly #stopping = new AbortController()
  /** Hears how long each news took to reach the API. */
  told: (tookMs: number) => void = () => {}

  constructor(client: Client, clock: Clock, log: Log, objectOf: ObjectOf = pod => pod) {
    this.#objectOf = objectOf
    this.#client = client
    this.#clock = clock
    this.#log = log
  }

  /** `pod` is the newest object known, `status` what it should say. */
  set(pod: Pod, status: PodStatus): void {
    const uid = uidOf(pod)
    let entry = this.#entries.get(uid)
    if (!entry) {
      entry = { pod, status, ...BLANK }
      this.#entries.set(uid, entry)
    }
    entry.pod = pod
    entry.status = status
    if (!entry.dirty) entry.dirtySinceMs = this.#clock.monotonicMs()
    entry.dirty = true
    if (!isStarting(status)) entry.endTurn()
    this.#work(uid, entry)
  }

  /** The pod as the API has it, as far as this writer knows better than the informer. */
  latest(pod: Pod): Pod {
    const entry = this.#entries.get(uidOf(pod))
    const object = this.#objectOf(pod)
    if (object === pod) return newer(entry?.written, pod)
    const status = entry?.status ?? object?.status
    return status ? { ...pod, status } : pod
  }

  /** The mirror of a static pod is there, or is another, or somebody changed it: it is to say what the pod is like. */
  mirrored(uid: string): void {
    const entry = this.#entries.get(uid)
    const mirror = entry && this.#objectOf(entry.pod)
    if (!entry || !mirror) return
    const { written } = entry
    if (written && uidOf(written) === uidOf(mirror)) {
      if (entry.dirty || entry.running || revisionOf(mirror) <= revisionOf(written)) return
      if (sameJson(ownPart(mirror.status), ownPart(written.status))) return
    } else entry.written = undefined
    entry.dirty = true
    this.#work(uid, entry)
  }

  /** The pod with the status that it is about to have: what was decided while the API is away is not decided anew. */
  intended(pod: Pod): Pod {
    const entry = this.#entries.get(uidOf(pod))
    const latest = this.latest(pod)
    const pending = entry && (entry.dirty || entry.running !== undefined)
    return pending ? { ...latest, status: merged(entry.status, latest) } : latest
  }

  /** True where the pod shows a phase other than the one that was written last and the one that is being written. */
  hasForeignPhase(next: Pod, known: Pod): boolean {
    const shown = next.status?.phase
    const entry = this.#entries.get(uidOf(known))
    // Our own write may show before it is answered.
    if (entry?.running && entry.status.phase === shown) return false
    return this.latest(known).status?.phase !== shown
  }

  /** Somebody else changed what only the kubelet says, as the node's controller does while it hears nothing of the node. */
  isOverwritten(pod: Pod): boolean {
    const entry = this.#entries.get(uidOf(pod))
    if (!entry?.written || entry.dirty || entry.running) return false
    if (revisionOf(pod) <= revisionOf(entry.written)) return false
    return !sameJson(ownPart(pod.status), ownPart(entry.written.status))
  }

  /** Resolves when what was set last has been written, or the pod turned out to be gone. */
  async flush(uid: string): Promise<void> {
    for (;;) {
      const entry = this.#entries.get(uid)
      if (!entry?.running) return
      hurry(entry)
      await entry.running
    }
  }

  forget(uid: string): void {
    const entry = this.#entries.get(uid)
    if (!entry) return
    entry.dirty = false
    hurry(entry)
    this.#entries.delete(uid)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    const entries = [...this.#entries.values()]
    for (const entry of entries) hurry(entry)
    await Promise.all(entries.map(entry => entry.running))
  }

  #work(uid: string, entry: Entry): void {
    entry.running ??= this.#drain(entry).finally(() => {
      entry.running = undefined
      entry.hurried = false
      // Set while the last write was ending.
      if (entry.dirty && !this.#stopping.signal.aborted && this.#entries.has(uid))
        this.#work(uid, entry)
    })
  }

  async #drain(entry: Entry): Promise<void> {
    let delayMs = RETRY_MS
    let conflicts = 0
    // So that several changes of one step become one write.
    await Promise.resolve()
    if (isStarting(entry.status)) await this.#turn(entry)
    while (entry.dirty && !this.#stopping.signal.aborted) {
      entry.dirty = false
      try {
        await this.#write(entry)
        delayMs = RETRY_MS
      } catch (error) {
        const conflict = isStatus(error, 'Conflict')
        if (isStatus(error, 'NotFound')) return
        if (isRefusal(error) && !conflict) {
          this.#log.error('the API refuses a pod status', { pod: entry.pod.metadata.name, error })
          return
        }
        entry.dirty = true
        if (conflict && ++conflicts <= CONFLICTS_AT_ONCE) {
          const fresh = await this.#fresh(entry).catch(() => 'unknown' as const)
          if (!fresh) return
          if (fresh !== 'unknown') {
            entry.written = fresh
            continue
          }
        }
        conflicts = 0
        await sleep(this.#clock, delayMs, this.#stopping.signal).catch(() => {})
        delayMs = Math.min(delayMs * 2, RETRY_LIMIT_MS)
      }
    }
  }

  /** A turn of the event loop: where it starts the containers as well, as a runtime in memory can, one write says all of it. */
  async #turn(entry: Entry): Promise<void> {
    if (entry.hurried || this.#stopping.signal.aborted) return
    await new Promise<void>(resolve => {
      const cancel = this.#clock.after(0, resolve)
      entry.endTurn = () => {
        cancel()
        resolve()
      }
    })
    // Entries live as long as their pods, and would hold the timer for as long.
    entry.endTurn = BLANK.endTurn
  }

  /** Undefined where the pod is gone or another has its name. */
  async #fresh(entry: Entry): Promise<Pod | undefined> {
    const { name = '', namespace = '' } = entry.pod.metadata
    const object = this.#objectOf(entry.pod)
    const uid = object && uidOf(object)
    try {
      const fresh = await this.#client.get(podKind, name, namespace)
      return uidOf(fresh) === uid ? fresh : undefined
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }

  async #write(entry: Entry): Promise<void> {
    const object = this.#objectOf(entry.pod)
    // Told again when its mirror is there.
    if (!object) return
    const base = newer(entry.written, object)
    const status = merged(entry.status, base)
    // What is there is as good as written, as after a restart: from here on a change of it is somebody else's.
    const isNews = !sameJson(status, base.status)
    const { dirtySinceMs } = entry
    const written = isNews
      ? await this.#client.update(podKind, { ...base, status }, { subresource: 'status' })
      : base
    if (isNews) this.told(this.#clock.monotonicMs() - dirtySinceMs)
    entry.written = written
    // Until something changes, one revision of the pod is enough to hold.
    if (entry.dirty) return
    entry.status = written.status ?? status
    if (object === entry.pod) entry.pod = written
  }
}

/** Says of the containers only that they are about to be made. */
function isStarting({ phase, containerStatuses = [], initContainerStatuses = [] }: PodStatus) {
  const all = [...initContainerStatuses, ...containerStatuses]
  return (
    phase === 'Pending' &&
    all.length > 0 &&
    all.every(({ state }) => STARTING.has(state.waiting?.reason ?? ''))
  )
}
const STARTING = new Set(['ContainerCreating', 'PodInitializing'])

/** What we say, with the others' conditions as they are now; a pod that is over does not come back. */
function merged(status: PodStatus, base: Pod): PodStatus {
  const { conditions, phase } = status
  const now = base.status
  const isOver = isFinished(now?.phase) && now?.phase !== phase
  if (!isOver && conditions?.every(isOwnCondition) && !now?.conditions?.some(isForeign))
    return status
  const own = conditions?.filter(isOwnCondition) ?? []
  const isTold = (type: string) => own.some(condition => condition.type === type)
  const foreign = now?.conditions?.filter(each => isForeign(each) && !isTold(each.type)) ?? []
  return { ...status, ...(isOver ? { phase: now?.phase } : {}), conditions: [...own, ...foreign] }
}

const isForeign = (condition: PodCondition) => !isOwnCondition(condition)

/** What only the kubelet writes. */
const ownPart = (status: PodStatus | undefined) => [
  status?.phase,
  status?.podIP,
  status?.initContainerStatuses,
  status?.containerStatuses,
  status?.ephemeralContainerStatuses,
  Object.fromEntries(
    (status?.conditions ?? [])
      .filter(({ type }) => OWN_CONDITIONS.has(type))
      .map(condition => [condition.type, condition.status]),
  ),
]

/**
 * The API looked at it and will not have it, however often it is tried. That we may not write is no
 * such answer: credentials and rights come back.
 */
const isRefusal = (error: unknown): boolean =>
  error instanceof StatusError && REFUSALS.has(error.code)
const REFUSALS = new Set([400, 405, 406, 413, 415, 422])

const newer = (written: Pod | undefined, known: Pod): Pod =>
  written && uidOf(written) === uidOf(known) && revisionOf(written) > revisionOf(known)
    ? written
    : known

const revisionOf = (pod: Pod): number => Number(pod.metadata.resourceVersion ?? 0)

/**
 * Equal as JSON, whatever the order of keys, an absent key being as good as an undefined one, and as null: the API shows times that
 * nobody set so.
 */
export function sameJson(a: unknown, b: unknown): boolean {
  if ((a ?? undefined) === (b ?? undefined)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  for (const key of Object.keys(left)) if (!sameJson(left[key], right[key])) return false
  for (const key of Object.keys(right))
    if (!Object.hasOwn(left, key) && !isAbsent(right[key])) return false
  return true
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null
