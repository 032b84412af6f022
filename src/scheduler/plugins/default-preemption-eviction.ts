/** Drives the victims of a preemption off their node, and those off their hopes who wanted the room too. */
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { saidCondition } from '#api/core/v1/pod/said-condition.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Handle } from '../framework/handle.ts'
import { patchPodStatus } from '../pod-status.ts'
import type { PodInfo } from '../state/pod-info.ts'

export interface Preemption {
  /** For whom. */
  readonly pod: PodInfo
  /** Where it is not for the pod alone. */
  readonly forGroup?: PodGroup
  /** Where the pod goes then; '' where it gets no node, but others of its group do. */
  readonly node: string
  readonly victims: readonly PodInfo[]
  /** Who does it. */
  readonly plugin: string
}

/** Rejects where a victim could not be evicted; whatever else can be done is done. */
export async function evictVictims(handle: Handle, preemption: Preemption): Promise<void> {
  const { victims } = preemption
  clearNominations(handle, preemption)
  const going = victims.filter(({ pod }) => !pod.metadata.deletionTimestamp)
  if (going.length === 0) return
  handle.preemptionFigures.observeVictims(victims.length)
  const results = await Promise.allSettled(going.map(victim => evict(handle, preemption, victim)))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Whether the pod is going because somebody more important needs its room. */
export function isPreempted({ pod: { metadata, status } }: PodInfo): boolean {
  if (!metadata.deletionTimestamp) return false
  const condition = status.conditions?.find(({ type }) => type === 'DisruptionTarget')
  return condition?.status === 'True' && condition.reason === 'PreemptionByScheduler'
}

async function evict(handle: Handle, preemption: Preemption, victim: PodInfo): Promise<void> {
  const { client, recorder, waitingPods } = handle
  const { pod, forGroup, node, plugin } = preemption
  const waiting = waitingPods.get(victim.uid)
  if (waiting) waiting.reject(plugin, 'preempted')
  else {
    const { name = '', namespace = '', uid = '' } = victim.pod.metadata
    try {
      const status = saidCondition(victim.pod, disruption(handle, preemption))
      await patchPodStatus(handle, victim.pod, status)
      // The uid keeps a pod safe that has taken the name meanwhile.
      await client.delete(podKind, { name, namespace }, { uid })
    } catch (error) {
      if (isStatus(error, 'NotFound') || isStatus(error, 'Conflict')) return
      throw error
    }
  }
  // Upstream's words: the victims of a group are wherever its members go.
  const by = forGroup
    ? `podgroup ${forGroup.metadata.uid} on node cluster`
    : `pod ${pod.uid} on node ${node}`
  const message = `Preempted by ${by}`
  recorder.record(victim.pod, 'Normal', 'Preempted', { message, action: 'Preempting' })
}

function disruption({ clock }: Handle, { pod, forGroup }: Preemption) {
  return {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${pod.pod.spec.schedulerName}: preempting to accommodate a higher priority ${forGroup ? 'podgroup' : 'pod'}`,
    lastTransitionTime: rfc3339(clock.now()),
  }
}

/** Less important pods that hoped for the node may fit there no longer: they look for another. */
function clearNominations(handle: Handle, { pod, node }: Preemption): void {
  const { nominator, log, activate } = handle
  const hopeless = nominator.on(node).filter(({ priority }) => priority < pod.priority)
  for (const { uid, pod: other } of hopeless) {
    nominator.delete(uid)
    patchPodStatus(handle, other, { nominatedNodeName: null }).catch(error =>
      log.debug(`nomination not cleared: ${messageOf(error)}`),
    )
  }
  activate(hopeless)
}
