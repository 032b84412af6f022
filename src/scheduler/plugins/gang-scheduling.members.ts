/** Who belongs to each gang, and how far each member has come. */
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { Handle } from '../framework/handle.ts'
import type { WaitingPod } from '../framework/waiting-pods.ts'
import { type PodInfo, podInfoOf } from '../state/pod-info.ts'
import { groupKeyOf, isLeaving, PodGroups } from './pod-groups.ts'

const uidOf = ({ metadata }: Pod): string => metadata.uid ?? ''

export class GangMembers {
  readonly #groups: PodGroups
  readonly #waitingPods: Handle['waitingPods']
  /** Members that have a node which the API does not show yet. */
  readonly #assumed = new Set<string>()
  /** By group, who was refused since its first member found a node. */
  readonly #refused = new Map<string, Set<string>>()

  /** `left` is told of each group that has one member less. */
  constructor(handle: Handle, left: (key: string) => void) {
    const { informers, follow, waitingPods } = handle
    this.#groups = new PodGroups(handle)
    this.#waitingPods = waitingPods
    follow(informers.for(podKind), {
      changed: (pod, previous) => {
        if (pod.spec.nodeName) this.#assumed.delete(uidOf(pod))
        const key = groupKeyOf(pod)
        if (key !== undefined && isLeaving(pod) && previous && !isLeaving(previous)) left(key)
      },
      deleted: pod => {
        this.#assumed.delete(uidOf(pod))
        const key = groupKeyOf(pod)
        if (key === undefined) return
        if (this.count(key) === 0) this.#refused.delete(key)
        left(key)
      },
    })
  }

  /** How many there are, placed or not. */
  count(key: string): number {
    return this.#groups.members(key).length
  }

  assume({ pod, uid }: PodInfo): void {
    if (groupKeyOf(pod) !== undefined) this.#assumed.add(uid)
  }

  forget({ uid }: PodInfo): void {
    this.#assumed.delete(uid)
  }

  /** How many have a node, bound or not. */
  scheduled(key: string): number {
    return this.#groups.members(key).filter(pod => this.#hasNode(pod)).length
  }

  /** Those that have a node and wait for the others. */
  waiting(key: string): WaitingPod[] {
    return this.#groups.members(key).flatMap(pod => this.#waitingPods.get(uidOf(pod)) ?? [])
  }

  /** All are tried once more: those without a node. */
  startRound(key: string): PodInfo[] {
    this.#refused.set(key, new Set())
    return this.#withoutNode(key).map(podInfoOf)
  }

  refused(key: string, uid: string): void {
    this.#refused.get(key)?.add(uid)
  }

  /** Those that have no node and were not refused in this round. */
  remaining(key: string): PodInfo[] {
    const refused = this.#refused.get(key)
    return this.#withoutNode(key)
      .filter(pod => !refused?.has(uidOf(pod)))
      .map(podInfoOf)
  }

  #withoutNode(key: string): Pod[] {
    return this.#groups.members(key).filter(pod => !this.#hasNode(pod))
  }

  #hasNode(pod: Pod): boolean {
    return Boolean(pod.spec.nodeName) || this.#assumed.has(uidOf(pod))
  }
}
