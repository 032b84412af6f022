/** What of a node's status is worth an Event: `kubectl describe node` shows when it was rebooted, and when it stopped and began to be well. */
import type { Node } from '#api/core/v1/node.ts'
import type { NodeStatus } from './node-object.ts'

export interface NodeNews {
  readonly type: 'Normal' | 'Warning'
  /** Upstream's. */
  readonly reason: string
  readonly message: string
}

/** Reasons by condition and what it is now. */
const REASONS: Readonly<Record<string, { readonly True: string; readonly False: string }>> = {
  Ready: { True: 'NodeReady', False: 'NodeNotReady' },
  MemoryPressure: { True: 'NodeHasInsufficientMemory', False: 'NodeHasSufficientMemory' },
  DiskPressure: { True: 'NodeHasDiskPressure', False: 'NodeHasNoDiskPressure' },
}

/** Between what the node said of itself before, maybe before it was rebooted, and what it says now. */
export function newsBetween({ metadata, status }: Node, now: NodeStatus): readonly NodeNews[] {
  const { name = '' } = metadata
  const news: NodeNews[] = []
  const former = status?.nodeInfo?.bootID
  const bootId = now.nodeInfo?.bootID
  if (former && bootId && former !== bootId)
    news.push({
      type: 'Warning',
      reason: 'Rebooted',
      message: `Node ${name} has been rebooted, boot id: ${bootId}`,
    })
  for (const condition of now.conditions ?? []) {
    const before = status?.conditions?.find(({ type }) => type === condition.type)
    if (!before || before.status === condition.status) continue
    const reason = REASONS[condition.type]?.[condition.status as 'True' | 'False']
    if (reason)
      news.push({
        type: 'Normal',
        reason,
        message: `Node ${name} status is now: ${reason}`,
      })
  }
  return news
}
