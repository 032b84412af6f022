/**
 * Where the resize of one pod stands: what is set aside for it, whether it waits for more, whether
 * its containers have it yet. A pod that nobody resizes has none.
 */
import { rfc3339 } from '#base/clock.ts'
import type { Pod, PodCondition } from '../pod-types.ts'
import { type Allocation, allocationOf, isAllocated } from './allocation.ts'
import type { Postponement } from './judge.ts'

export const RESIZE_PENDING = 'PodResizePending'
export const RESIZE_IN_PROGRESS = 'PodResizeInProgress'

interface Standing {
  readonly reason: string
  readonly message: string
  readonly generation: number
  /** RFC 3339. */
  readonly since: string
}

export class ResizeState {
  allocation: Allocation
  /** Runs that must end: a request of memory is no limit of theirs, but their policy counts it. */
  readonly outdated = new Set<string>()
  #pending: Standing | undefined
  #inProgress: Standing | undefined

  constructor(allocation: Allocation) {
    this.allocation = allocation
  }

  get pendingSince(): string {
    return this.#pending?.since ?? ''
  }

  /** A kubelet that has just started goes on where the last one told it was. */
  adopt({ conditions = [] }: NonNullable<Pod['status']>): void {
    const told = (wanted: string): Standing | undefined => {
      const found = conditions.find(({ type }) => type === wanted)
      if (!found) return undefined
      const { reason = '', message = '', lastTransitionTime } = found
      const generation = Number(found.observedGeneration ?? 0)
      return { reason, message, generation, since: lastTransitionTime ?? '' }
    }
    this.#pending = told(RESIZE_PENDING)
    this.#inProgress = told(RESIZE_IN_PROGRESS)
  }

  /** It waits; gives whether that is news. */
  postpone({ reason, message }: Postponement, pod: Pod, now: number): boolean {
    const before = this.#pending
    const next = standing({ reason, message, generation: generationOf(pod) }, before, now)
    this.#pending = next
    return !same(before, next)
  }

  /** Nothing more is asked for than is set aside. */
  settle(): void {
    this.#pending = undefined
  }

  accept(pod: Pod, now: number): void {
    this.allocation = allocationOf(pod)
    this.#pending = undefined
    this.#inProgress = undefined
    this.progress(pod, now)
  }

  /** Containers do not have yet what is set aside for them. */
  progress(pod: Pod, now: number): void {
    this.#inProgress ??= standing(
      { reason: '', message: '', generation: generationOf(pod) },
      undefined,
      now,
    )
  }

  /** The runtime refuses; gives whether that is news. */
  fail(message: string, pod: Pod, now: number): boolean {
    this.progress(pod, now)
    const before = this.#inProgress
    const { generation = 0 } = before ?? {}
    const next = standing({ reason: 'Error', message, generation }, before, now)
    this.#inProgress = next
    return !same(before, next)
  }

  /** All containers have it; gives the generation of the pod that is done, where that is news. */
  complete(): number | undefined {
    const generation = this.#inProgress?.generation
    this.#inProgress = undefined
    return generation
  }

  get generation(): number {
    return this.#inProgress?.generation ?? 0
  }

  conditions(): readonly PodCondition[] {
    return [
      ...(this.#pending ? [conditionOf(RESIZE_PENDING, this.#pending)] : []),
      ...(this.#inProgress ? [conditionOf(RESIZE_IN_PROGRESS, this.#inProgress)] : []),
    ]
  }
}

/** What begins when `asked` comes in place of a pod that has what it asked for; undefined where resources stay the same. */
export function resizeBetween(known: Pod, asked: Pod): ResizeState | undefined {
  const allocation = allocationOf(known)
  return isAllocated(asked, allocation) ? undefined : new ResizeState(allocation)
}

export const generationOf = (pod: Pod): number => Number(pod.metadata.generation ?? 0)

function standing(
  next: Omit<Standing, 'since'>,
  before: Standing | undefined,
  now: number,
): Standing {
  return { ...next, since: before?.reason === next.reason ? before.since : rfc3339(now) }
}

const same = (a: Standing | undefined, b: Standing): boolean =>
  a?.reason === b.reason && a.message === b.message && a.generation === b.generation

function conditionOf(type: string, { reason, message, generation, since }: Standing): PodCondition {
  return {
    type,
    ...(generation ? { observedGeneration: generation } : {}),
    status: 'True',
    lastTransitionTime: since,
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
  } as PodCondition
}
