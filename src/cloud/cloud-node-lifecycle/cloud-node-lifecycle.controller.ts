/**
 * What becomes of nodes that are not ready: one whose machine the cloud does not have any more is deleted, one whose machine is switched
 * off is tainted until it is ready again.
 */
import { type Node, node as nodeKind, type Taint } from '#api/core/v1/node.ts'
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { type CloudContext, eachOf, inRounds, type RunningCloudController } from '../context.ts'
import type { Instances } from '../provider.ts'

const SHUTDOWN: Taint = { key: 'node.cloudprovider.kubernetes.io/shutdown', effect: 'NoSchedule' }
/** A cloud that is slow about one machine does not hold up the others, and is not asked about all at once. */
const CONCURRENT = 10

export interface CloudNodeLifecycleOptions {
  readonly instances: Instances
  readonly nodeMonitorPeriodMs: number
}

export function startCloudNodeLifecycle(
  context: CloudContext,
  { instances, nodeMonitorPeriodMs }: CloudNodeLifecycleOptions,
): RunningCloudController {
  const { informers, client, log } = context
  const nodes = informers.for(nodeKind)
  const recorder = context.recorder('cloud-node-lifecycle-controller')

  const remove = async (node: Node): Promise<void> => {
    const { name = '', uid = '' } = node.metadata
    const about = { apiVersion: 'v1', kind: 'Node', metadata: { name, uid } }
    recorder.record(about, 'Normal', 'DeletingNode', {
      message: `Deleting node ${name} because it does not exist in the cloud provider`,
    })
    try {
      // One of the same name that registered meanwhile is another machine.
      await client.delete(nodeKind, { name }, { uid })
    } catch (error) {
      if (isStatus(error, 'NotFound', 'Conflict')) return
      recorder.record(about, 'Warning', 'DeletingNodeFailed', {
        message: `Failed deleting node ${name}: ${messageOf(error)}`,
      })
      throw error
    }
  }

  const look = async (node: Node, signal: AbortSignal): Promise<void> => {
    if (isReady(node)) return writeTaints(node, withoutShutdown(node))
    if (!(await instances.instanceExists(node, signal))) return remove(node)
    const isShutDown = await instances.instanceShutdown(node, signal)
    if (isShutDown && !hasShutdown(node))
      await writeTaints(node, [...withoutShutdown(node), SHUTDOWN])
  }

  /** Refused where somebody else wrote the node meanwhile; then the next round looks again. */
  const writeTaints = async (node: Node, taints: readonly Taint[]): Promise<void> => {
    if (taints.length === (node.spec?.taints ?? []).length) return
    const { name = '', resourceVersion } = node.metadata
    const patch = { metadata: { resourceVersion }, spec: { taints } }
    await client.patch(nodeKind, { name }, 'merge', patch)
  }

  const round = async (signal: AbortSignal) => {
    await eachOf(nodes.list(), CONCURRENT, async node => {
      if (signal.aborted) return
      try {
        await look(node, signal)
      } catch (error) {
        const why = messageOf(error)
        if (!signal.aborted && !isStatus(error, 'Conflict'))
          log.warn('a node cannot be held against the cloud', { node: node.metadata.name, why })
      }
    })
  }
  const rounds = inRounds(context, { ready: nodes.synced, periodMs: nodeMonitorPeriodMs, round })
  return {
    queues: new Map(),
    async stop() {
      await rounds.stop()
      recorder.stop()
    },
  }
}

const isReady = ({ status }: Node): boolean =>
  (status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')

const isShutdown = ({ key, effect }: Taint): boolean =>
  key === SHUTDOWN.key && effect === SHUTDOWN.effect

const hasShutdown = ({ spec }: Node): boolean => (spec?.taints ?? []).some(isShutdown)

const withoutShutdown = ({ spec }: Node): readonly Taint[] =>
  (spec?.taints ?? []).filter(taint => !isShutdown(taint))
