/**
 * Preemption for a group as a whole: only if all that it needs finds room once others are gone does anybody have to go, and what may
 * only be disrupted as a whole goes as a whole.
 */

import { keyOf } from '#api/machinery/metadata.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { messageOf } from '#base/errors.ts'
import type { Handle } from '../framework/handle.ts'
import type { Eventually, PostFilterResult } from '../framework/plugin.ts'
import { failed, messageOfStatus, refusal, type Status, unresolvable } from '../framework/status.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { evictVictims, isPreempted } from './default-preemption-eviction.ts'
import { type GroupRun, priorityOf, type Unit, victimsFor } from './group-preemption.victims.ts'
import { CONSTRAINED, PREEMPTED, tellGroup } from './pod-groups.conditions.ts'
import { groupKeyOf, PodGroups } from './pod-groups.ts'

const NOT_NEEDED = 'not eligible due to workload aware preemption enabled'

export class GroupPreemption {
  readonly #handle: Handle
  readonly #plugin: string
  readonly #groups: PodGroups
  /** Groups whose victims are just being evicted. */
  readonly #underWay = new Set<string>()

  constructor(handle: Handle, plugin: string) {
    this.#handle = handle
    this.#plugin = plugin
    this.#groups = new PodGroups(handle)
  }

  /** Whether victims for the pod's group are just being told to go. */
  isUnderWay({ pod }: PodInfo): boolean {
    return this.#underWay.has(groupKeyOf(pod) ?? '')
  }

  /** Undefined where the pod has no group, and is to be helped alone. */
  postFilter(
    info: PodInfo,
    budgets: readonly PodDisruptionBudget[],
  ): Eventually<PostFilterResult> | undefined {
    const key = groupKeyOf(info.pod)
    const group = this.#groups.of(info.pod)
    if (key === undefined || !group) return undefined
    const hoped = this.#handle.nominator.nodeOf(info.uid)
    const waiting = this.#waitsFor(key, group)
    if (waiting !== undefined)
      return { status: this.#refused(waiting), ...(hoped ? { nominatedNode: hoped } : {}) }
    const never = this.#forbidden(key, group)
    if (never) return { status: this.#refused(never), nominatedNode: '' }
    return this.#makeRoom(info, { handle: this.#handle, groups: this.#groups, budgets, group, key })
  }

  async #makeRoom(info: PodInfo, run: GroupRun): Promise<PostFilterResult> {
    const { group, key } = run
    const found = await victimsFor(run, this.#plugin).catch(cause =>
      failed(this.#plugin, messageOf(cause), cause),
    )
    if (!found) return { status: this.#refused(NOT_NEEDED) }
    if ('code' in found) return { status: this.#prefixed(found), nominatedNode: '' }
    for (const member of this.#groups.unplaced(key)) {
      const place = found.places.get(member.uid)
      if (place !== undefined && member.uid !== info.uid) this.#handle.nominator.add(member, place)
    }
    const node = found.places.get(info.uid)
    void this.#evict(info, group, { node: node ?? '', units: found.units })
    if (node !== undefined) return { nominatedNode: node }
    return { status: this.#refused('pod group is waiting for preemption to complete') }
  }

  /** Room is being made already. */
  #waitsFor(key: string, group: PodGroup): string | undefined {
    if (this.#underWay.has(key)) return 'pod group is waiting for preemption to complete'
    const { nominator, snapshot } = this.#handle
    for (const { uid } of this.#groups.unplaced(key)) {
      const hoped = snapshot.node(nominator.nodeOf(uid) ?? '')
      for (const other of hoped?.pods.values() ?? []) {
        const unit = this.#groups.of(other.pod)
        const priority = unit ? priorityOf(unit) : other.priority
        if (priority < priorityOf(group) && isPreempted(other))
          return 'not eligible due to a terminating pod on the nominated node.'
      }
    }
    return undefined
  }

  #forbidden(key: string, { spec }: PodGroup): string | undefined {
    if ((spec.schedulingConstraints?.topology ?? []).length > 0) return CONSTRAINED
    const isNever = this.#groups
      .unplaced(key)
      .some(({ pod }) => pod.spec.preemptionPolicy === 'Never')
    return isNever ? 'not eligible due to preemptionPolicy=Never.' : undefined
  }

  async #evict(
    pod: PodInfo,
    forGroup: PodGroup,
    { node, units }: { node: string; units: readonly Unit[] },
  ): Promise<void> {
    const key = keyOf(forGroup)
    this.#underWay.add(key)
    for (const { group } of units) if (group) void tellGroup(this.#handle, group, PREEMPTED)
    const victims = units.flatMap(({ pods }) => pods)
    try {
      await evictVictims(this.#handle, { pod, forGroup, node, victims, plugin: this.#plugin })
    } catch (error) {
      this.#handle.log.error('preemption for a group failed', {
        group: key,
        error: messageOf(error),
      })
    }
    this.#underWay.delete(key)
    // Whoever went meanwhile went unseen by those that were kept out of the queue.
    this.#handle.activate(this.#groups.unplaced(key))
  }

  #refused(why: string): Status {
    return this.#prefixed(
      why === CONSTRAINED ? unresolvable(this.#plugin, why) : refusal(this.#plugin, why),
    )
  }

  #prefixed(status: Status): Status {
    return { ...status, reasons: [`preemption: ${messageOfStatus(status)}`] }
  }
}
