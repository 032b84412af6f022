/**
 * Which containers started or ended, as soon as containerd knows. CRI tells it from containerd 1.7 on; containerd's own event
 * service tells it in every version. Where the subscription breaks it is taken up again: the kubelet lists everything now and then
 * anyway, so what happens meanwhile is found a little later.
 */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { EventSource } from '#client/transport.ts'
import type { RuntimeEvent } from '../runtime.ts'
import type { GrpcConnection } from './grpc.ts'
import { eventEnvelope, subscribeRequest, taskExit, taskStart } from './messages.ts'

const subscribePath = '/containerd.services.events.v1.Events/Subscribe'
/** containerd needs about this long to be back after a crash. */
const retryDelayMs = 1_000

export interface TaskWatch {
  readonly grpc: GrpcConnection
  readonly clock: Clock
  readonly log: Log
  eventOf(containerId: string): RuntimeEvent
}

export function watchTasks({ grpc, clock, log, eventOf }: TaskWatch): EventSource<RuntimeEvent> {
  return {
    subscribe(sink) {
      let cancelled = false
      let cancel = () => {}
      function subscribe(): void {
        const request = subscribeRequest.encode({
          filters: ['start', 'exit'].map(what => `namespace==k8s.io,topic=="/tasks/${what}"`),
        })
        cancel = grpc.stream(
          { path: subscribePath, request },
          {
            next(bytes) {
              const task = taskOf(bytes)
              if (task) sink.next({ ...eventOf(task.containerId), ended: task.ended })
            },
            end(error) {
              if (cancelled) return
              log.debug('no events from containerd for now', { error })
              cancel = clock.after(retryDelayMs, subscribe)
            },
          },
        )
      }
      subscribe()
      return () => {
        cancelled = true
        cancel()
      }
    },
  }
}

/** The container whose main process started or exited; commands run by exec have ids of their own and are left out. */
function taskOf(bytes: Uint8Array): { containerId: string; ended: boolean } | undefined {
  const { topic, event } = eventEnvelope.decode(bytes)
  const value = event?.value
  if (!value) return undefined
  if (topic === '/tasks/start')
    return { containerId: taskStart.decode(value).containerId, ended: false }
  const { containerId, id } = taskExit.decode(value)
  return id === containerId ? { containerId, ended: true } : undefined
}
