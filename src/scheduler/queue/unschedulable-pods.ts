/**
 * Pods that were refused and wait for a change, in groups by who refused them: an event that none of a group's plugins asked
 * for costs nothing, however many pods the group has.
 */
import { type ClusterEvent, concernsEvent, type EventInterest } from '../framework/cluster-event.ts'
import type { QueuedPod } from './queued-pod.ts'

/** What a plugin wants to hear; undefined means everything. */
export type InterestsOf = (plugin: string) => readonly EventInterest[] | undefined

export class UnschedulablePods {
  readonly #groups = new Map<string, Map<string, QueuedPod>>()
  /** In the order of their coming. */
  readonly #pods = new Map<string, QueuedPod>()
  readonly #interestsOf: InterestsOf

  constructor(interestsOf: InterestsOf) {
    this.#interestsOf = interestsOf
  }

  get isEmpty(): boolean {
    return this.#pods.size === 0
  }

  get(uid: string): QueuedPod | undefined {
    return this.#pods.get(uid)
  }

  values(): Iterable<QueuedPod> {
    return this.#pods.values()
  }

  get sizes(): { gated: number; unschedulable: number } {
    let gated = 0
    for (const group of this.#groups.values()) {
      const [first] = group.values()
      if (first?.gatedBy) gated += group.size
    }
    return { gated, unschedulable: this.#pods.size - gated }
  }

  *byPlugin(): Iterable<readonly [plugin: string, profile: string, count: number]> {
    const counts = new Map<string, Map<string, number>>()
    for (const pod of this.#pods.values()) {
      const profile = pod.info.pod.spec.schedulerName ?? ''
      const plugins = counts.get(profile) ?? new Map<string, number>()
      counts.set(profile, plugins)
      for (const plugin of rejectorsOf(pod)) plugins.set(plugin, (plugins.get(plugin) ?? 0) + 1)
    }
    for (const [profile, plugins] of counts)
      for (const [plugin, count] of plugins) yield [plugin, profile, count]
  }

  add(pod: QueuedPod): void {
    const { uid } = pod.info
    this.#pods.set(uid, pod)
    const key = groupOf(pod)
    const group = this.#groups.get(key)
    if (group) group.set(uid, pod)
    else this.#groups.set(key, new Map([[uid, pod]]))
  }

  delete(uid: string): QueuedPod | undefined {
    const pod = this.#pods.get(uid)
    if (!pod) return undefined
    this.#pods.delete(uid)
    const key = groupOf(pod)
    const group = this.#groups.get(key)
    if (group?.delete(uid) && group.size === 0) this.#groups.delete(key)
    return pod
  }

  /** The pods that the event may help. */
  helpedBy(event: ClusterEvent): QueuedPod[] {
    const helped: QueuedPod[] = []
    for (const group of this.#groups.values()) {
      const [first] = group.values()
      if (!first || !this.#listens(first, event)) continue
      for (const pod of group.values()) if (this.isHelped(pod, event)) helped.push(pod)
    }
    return helped
  }

  /** Whether the event may help the pod: any of those who refused it thinks so. */
  isHelped(pod: QueuedPod, event: ClusterEvent): boolean {
    const plugins = rejectorsOf(pod)
    if (plugins.length === 0) return true
    return plugins.some(plugin => this.#thinksSo(plugin, pod, event))
  }

  /** Whether what the pod's pending plugins wait for may have come. */
  isAwaited(pod: QueuedPod, event: ClusterEvent): boolean {
    return [...pod.pendingFor].some(plugin => this.#thinksSo(plugin, pod, event))
  }

  #thinksSo(plugin: string, { info }: QueuedPod, event: ClusterEvent): boolean {
    const interests = this.#interestsOf(plugin)
    if (!interests) return true
    return interests.some(
      interest => concernsEvent(interest, event) && (interest.hint?.(info, event) ?? true),
    )
  }

  /** Whether any plugin of the pod's group asked for such events at all. */
  #listens(pod: QueuedPod, event: ClusterEvent): boolean {
    const plugins = rejectorsOf(pod)
    if (plugins.length === 0) return true
    return plugins.some(plugin => {
      const interests = this.#interestsOf(plugin)
      return !interests || interests.some(interest => concernsEvent(interest, event))
    })
  }
}

function rejectorsOf({ gatedBy, refusedBy, pendingFor }: QueuedPod): readonly string[] {
  return gatedBy ? [gatedBy] : [...refusedBy, ...pendingFor]
}

function groupOf(pod: QueuedPod): string {
  return `${pod.gatedBy}\n${[...pod.refusedBy].sort().join(',')}\n${[...pod.pendingFor].sort().join(',')}`
}
