/** Tells people and the API why a pod has no node: a condition, an event, and the node it may hope for. */
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { EventRecorder } from '#client/events.ts'
import type { RoleContext } from '#client/role.ts'

/** `Unschedulable`: no node will do. `SchedulerError`: the attempt came to no verdict. */
export type FailureReason = 'Unschedulable' | 'SchedulerError'

export interface Outcome {
  readonly reason: FailureReason
  readonly message: string
  /** '' takes a nomination back; undefined leaves it. */
  readonly nominatedNode?: string | undefined
  /** What the API was told before, if the pod as known here does not show it yet. */
  readonly announcedNode?: string
}

export interface OutcomeWriter {
  /** Tells the API that the pod is about to be bound to the node; never rejects. */
  expected(found: Pod, node: string): Promise<void>
  bound(found: Pod, node: string): void
  failed(found: Pod, outcome: Outcome): void
}

/** The longest note of an event. */
const NOTE_LIMIT = 1024

export function createOutcomeWriter(
  { client, clock, log }: Pick<RoleContext, 'client' | 'clock' | 'log'>,
  recorder: EventRecorder,
): OutcomeWriter {
  const tell = async (found: Pod, outcome: Outcome): Promise<void> => {
    const { reason, message, nominatedNode } = outcome
    const before = found.status.conditions?.find(({ type }) => type === 'PodScheduled')
    const since = before?.status === 'False' ? before.lastTransitionTime : undefined
    const told = since !== undefined && before?.reason === reason && before.message === message
    const hopes = (outcome.announcedNode || found.status.nominatedNodeName) ?? ''
    const renominated = nominatedNode !== undefined && nominatedNode !== hopes
    if (told && !renominated) return
    const { name = '', namespace = '', uid, generation } = found.metadata
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason,
      message,
      lastTransitionTime: since ?? rfc3339(clock.now()),
      ...(generation ? { observedGeneration: generation } : {}),
    }
    const status = {
      conditions: [condition],
      ...(renominated ? { nominatedNodeName: nominatedNode || null } : {}),
    }
    await client
      .patch(pod, { name, namespace }, 'strategic', { metadata: { uid }, status }, STATUS)
      .catch(error => log.debug(`condition not written: ${messageOf(error)}`))
  }

  return {
    async expected(found, node) {
      if (found.status.nominatedNodeName === node) return
      const { name = '', namespace = '', uid } = found.metadata
      const told = { metadata: { uid }, status: { nominatedNodeName: node } }
      await client
        .patch(pod, { name, namespace }, 'strategic', told, STATUS)
        .catch(error => log.debug(`expected node not written: ${messageOf(error)}`))
    },
    bound(found, node) {
      const { name = '', namespace = '' } = found.metadata
      const message = `Successfully assigned ${namespace}/${name} to ${node}`
      recorder.record(found, 'Normal', 'Scheduled', { message, action: 'Binding' })
    },
    failed(found, outcome) {
      const message = truncated(outcome.message)
      recorder.record(found, 'Warning', 'FailedScheduling', { message, action: 'Scheduling' })
      void tell(found, outcome)
    },
  }
}
const STATUS = { subresource: 'status' }

function truncated(message: string): string {
  const suffix = ' ...'
  if (message.length <= NOTE_LIMIT) return message
  return message.slice(0, NOTE_LIMIT - suffix.length) + suffix
}
