/**
 * Events about pods, with upstream's reasons: `kubectl describe` and tools that watch events read
 * the same words.
 */
import type { EventRecorder } from '#client/events.ts'
import { type ContainerReference, fieldPathOf, type Pod } from './pod-types.ts'

export class PodEvents {
  readonly #recorder: EventRecorder

  constructor(recorder: EventRecorder) {
    this.#recorder = recorder
  }

  normal(pod: Pod, reason: string, message: string, container?: ContainerReference): void {
    this.#record(pod, 'Normal', reason, message, container)
  }

  warning(pod: Pod, reason: string, message: string, container?: ContainerReference): void {
    this.#record(pod, 'Warning', reason, message, container)
  }

  #record(
    pod: Pod,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    container: ContainerReference | undefined,
  ): void {
    const text = container ? { message, fieldPath: fieldPathOf(container) } : { message }
    this.#recorder.record(pod, type, reason, text)
  }
}
