/** Writes what became of a pod: a binding, or a condition and an event that say why there is none. */
import { binding } from '#api/core/v1/binding.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { EventRecorder } from '#client/events.ts'
import type { RoleContext } from '#client/role.ts'

export interface OutcomeWriter {
  /** Binds the pod; false when that failed and is worth another try, undefined when the pod is gone. */
  bind(found: Pod, node: string): Promise<boolean | undefined>
  /** Says why the pod has no node. */
  refuse(found: Pod, message: string): void
  /** Says that the pod waits for its gates to be opened. */
  gated(found: Pod): void
}

export function createOutcomeWriter(
  { client, clock, log }: Pick<RoleContext, 'client' | 'clock' | 'log'>,
  recorder: EventRecorder,
): OutcomeWriter {
  const tell = async (found: Pod, reason: string, message: string): Promise<void> => {
    const before = found.status.conditions?.find(({ type }) => type === 'PodScheduled')
    const since = before?.status === 'False' ? before.lastTransitionTime : undefined
    if (since !== undefined && before?.reason === reason && before.message === message) return
    const { name = '', namespace = '', uid, generation } = found.metadata
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason,
      message,
      lastTransitionTime: since ?? rfc3339(clock.now()),
      ...(generation ? { observedGeneration: generation } : {}),
    }
    const patch = { metadata: { uid }, status: { conditions: [condition] } }
    await client
      .patch(pod, { name, namespace }, 'strategic', patch, { subresource: 'status' })
      .catch(error => log.debug(`condition not written: ${messageOf(error)}`))
  }

  return {
    async bind(found, node) {
      const { name = '', namespace = '', uid } = found.metadata
      try {
        await client.createSubresource(pod, { name, namespace }, 'binding', {
          apiVersion: apiVersionOf(binding),
          kind: binding.kind,
          metadata: { name, namespace, ...(uid ? { uid } : {}) },
          target: { apiVersion: 'v1', kind: 'Node', name: node },
        })
      } catch (error) {
        // Deleted meanwhile; the informer tells.
        if (isStatus(error, 'NotFound')) return undefined
        const message = `binding rejected: ${messageOf(error)}`
        recorder.record(found, 'Warning', 'FailedScheduling', { message, action: 'Scheduling' })
        return false
      }
      const message = `Successfully assigned ${namespace}/${name} to ${node}`
      recorder.record(found, 'Normal', 'Scheduled', { message, action: 'Binding' })
      return true
    },
    refuse(found, message) {
      recorder.record(found, 'Warning', 'FailedScheduling', { message, action: 'Scheduling' })
      void tell(found, 'Unschedulable', message)
    },
    gated(found) {
      const message = 'Scheduling is blocked due to non-empty scheduling gates'
      void tell(found, 'SchedulingGated', message)
    },
  }
}
