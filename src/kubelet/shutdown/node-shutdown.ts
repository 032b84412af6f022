/**
 * What the rest of the kubelet asks about the shutdown of its machine. Where no time is given to pods for it, nothing looks at it, and the code that
 * does is not loaded.
 */
import type { Node } from '#api/core/v1/node.ts'
import { messageOf } from '#base/errors.ts'
import type { NodeHealth } from '../node/node-object.ts'
import type { KubeletContext } from '../options.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import type { PodFailure } from '../status/pod-status.ts'
import type { GracefulShutdown } from './graceful-shutdown.ts'

export interface NodeShutdownParts {
  readonly context: KubeletContext
  readonly workers: () => readonly PodWorker[]
  /** Resolves when the API has the last status of the pod. */
  readonly told: (uid: string) => Promise<void>
  /** The node is ready, or not, otherwise than before. */
  readonly changed: () => void
  readonly node: () => Node | undefined
  /** As an Event of the node. */
  readonly tell: (node: Node, reason: string, message: string) => void
}

const NOT_ADMITTED: PodFailure = Object.freeze({
  reason: 'NodeShutdown',
  message: 'Pod was rejected as the node is shutting down.',
})

export class NodeShutdown {
  readonly #parts: NodeShutdownParts
  #graceful: GracefulShutdown | undefined
  #isStopped = false

  constructor(parts: NodeShutdownParts) {
    this.#parts = parts
    const { figures } = parts.context.options
    for (const end of ['start', 'end'] as const)
      figures.gauge(
        `kubelet_graceful_shutdown_${end}_time_seconds`,
        `The last ${end} of a shutdown of the node, since the epoch`,
        () => [{ labels: {}, value: this.#graceful?.seconds(end) ?? 0 }],
      )
  }

  get isUnderWay(): boolean {
    return this.#graceful?.isUnderWay ?? false
  }

  refusal(): PodFailure | undefined {
    return this.isUnderWay ? NOT_ADMITTED : undefined
  }

  /** The same object while nothing changes. */
  with(health: NodeHealth): NodeHealth {
    return this.isUnderWay ? { ...health, shutdownProblem: 'node is shutting down' } : health
  }

  /** A node that can't know of its shutdown is one all the same: that is told in the log. */
  async start(): Promise<void> {
    const { context } = this.#parts
    const { shutdownPeriods: periods, hostAccess } = context.options
    if (periods.length === 0 || !hostAccess.shutdowns) return
    try {
      const { GracefulShutdown, wholeSeconds } = await import('./graceful-shutdown.ts')
      if (wholeSeconds(periods) === 0 || this.#isStopped) return
      this.#graceful = new GracefulShutdown(this.#parts, hostAccess.shutdowns)
      await this.#graceful.start()
    } catch (error) {
      context.log.error('the kubelet can not look for shutdowns', { error: messageOf(error) })
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#graceful?.stop()
  }
}
