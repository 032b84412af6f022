/** Tells people and the API why a pod has no node: a condition, an event, and the node it may hope for. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { EventRecorder } from '#client/events.ts'
import type { RoleContext } from '#client/role.ts'
import { patchPodStatus } from './pod-status.ts'

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
  /** Of the pods whose state is being written, what comes last: of two writes that overlap, the earlier could arrive after the later. */
  const underWay = new Map<string, Promise<void>>()
  const inTurn = (uid: string, write: () => Promise<void>): Promise<void> => {
    const before = underWay.get(uid)
    const done = (before ? before.then(write) : write()).then(() => {
      if (underWay.get(uid) === done) underWay.delete(uid)
    })
    underWay.set(uid, done)
    return done
  }
  /** Never rejects. */
  const patchStatus = (found: Pod, status: object, what: string): Promise<void> =>
    inTurn(found.metadata.uid ?? '', () =>
      patchPodStatus({ client, clock }, found, status).catch(error =>
        log.debug(`${what} not written: ${messageOf(error)}`),
      ),
    )
  const tell = async (found: Pod, outcome: Outcome): Promise<void> => {
    const { reason, message, nominatedNode } = outcome
    const before = found.status.conditions?.find(({ type }) => type === 'PodScheduled')
    const since = before?.status === 'False' ? before.lastTransitionTime : undefined
    const { uid = '', generation } = found.metadata
    // While another state of it is being written, what is known here is not what will be.
    const told =
      since !== undefined &&
      before?.reason === reason &&
      before.message === message &&
      !underWay.has(uid)
    const hopes = (outcome.announcedNode || found.status.nominatedNodeName) ?? ''
    const renominated = nominatedNode !== undefined && nominatedNode !== hopes
    if (told && !renominated) return
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
    await patchStatus(found, status, 'condition')
  }

  return {
    async expected(found, node) {
      if (found.status.nominatedNodeName === node) return
      await patchStatus(found, { nominatedNodeName: node }, 'expected node')
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

function truncated(message: string): string {
  const suffix = ' ...'
  if (message.length <= NOTE_LIMIT) return message
  return message.slice(0, NOTE_LIMIT - suffix.length) + suffix
}
