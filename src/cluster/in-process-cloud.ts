/** A cloud in the cluster's own process: its controllers, and hollow nodes that go off and on with the cloud's machines. */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { FigureBook } from '#base/figures.ts'
import type { RoleContext, Running } from '#client/role.ts'
import type { CloudControllersOptions, CloudProvider } from '#cloud'
import type { RunningHollowNode } from './hollow-nodes.ts'

/** What a cloud has whose machines are the hollow nodes of the same process. */
export interface CloudOfMachines {
  /** A hollow node is about to start. */
  launched(machine: { readonly name: string; readonly address: string }): void
  /** Calls `changed` with each machine that changes; returns what ends that. */
  watchMachines(
    changed: (machine: { readonly name: string; readonly power: string }) => void,
  ): () => void
  /** Told of each node as it is now. */
  nodeChanged(node: Node): void
}

export type ClusterCloud = CloudProvider & Partial<CloudOfMachines>

export type CloudControllersSettings = Omit<CloudControllersOptions, 'provider' | 'figures'>

export interface InProcessCloudOptions {
  readonly cloud: ClusterCloud
  readonly settings: CloudControllersSettings
  readonly clusterCidr: string
  readonly figures: FigureBook
}

/** Starts the controllers. */
export async function startCloudControl(
  context: RoleContext,
  { cloud, settings, clusterCidr, figures }: InProcessCloudOptions,
): Promise<Running> {
  const { startCloudControllers } = await import('#cloud')
  return startCloudControllers(context, { clusterCidr, ...settings, provider: cloud, figures })
}

/**
 * A machine that goes off takes its kubelet with it, which says before that the node is not ready any more, as a kubelet does whose machine is
 * shut down. Its pods are dead; they are started anew when it is on again.
 */
export function followMachines(
  { client, informers, clock, log }: RoleContext,
  cloud: ClusterCloud,
  nodes: readonly RunningHollowNode[],
): Running {
  const byName = new Map(nodes.map(node => [node.name, node]))
  /** One after the other, for each node. */
  const turns = new Map<string, Promise<void>>()

  const sayOff = async (name: string): Promise<void> => {
    const now = rfc3339(clock.now())
    const ready = {
      type: 'Ready',
      status: 'False',
      reason: 'KubeletNotReady',
      message: 'node is shutting down',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    }
    const patch = { status: { conditions: [ready] } }
    try {
      await client.patch(nodeKind, { name }, 'strategic', patch, { subresource: 'status' })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
  }

  const turn = async (node: RunningHollowNode, power: string): Promise<void> => {
    if ((power === 'on') === node.isOn) return
    if (power === 'on') return node.powerOn()
    await node.powerOff()
    await sayOff(node.name)
  }

  const endWatch = cloud.watchMachines?.(({ name, power }) => {
    const node = byName.get(name)
    if (!node) return
    const before = turns.get(name) ?? Promise.resolve()
    const next = before
      .then(() => turn(node, power))
      .catch(error => log.warn('a machine cannot be switched', { name, why: messageOf(error) }))
    turns.set(name, next)
  })
  const endNodes = cloud.nodeChanged
    ? informers.for(nodeKind).subscribe({ changed: node => cloud.nodeChanged?.(node) })
    : undefined
  return {
    async stop() {
      endWatch?.()
      endNodes?.()
      await Promise.all(turns.values())
    },
  }
}
