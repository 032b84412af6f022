/** What follows once a node is chosen: reserving and permission at once, then waiting, preparing and binding beside other pods. */
import { messageOf } from '#base/errors.ts'
import type { CycleState } from '../framework/cycle-state.ts'
import type { Extender } from '../framework/extender.ts'
import type { Verdict } from '../framework/plugin.ts'
import type { Profile } from '../framework/profile.ts'
import { failed, isRejected, type Status } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'

/** One pod and the node that was chosen for it. */
export interface Placement {
  readonly profile: Profile
  readonly cycle: CycleState
  readonly pod: PodInfo
  readonly node: NodeInfo
}

export function reserve({ profile, cycle, pod, node }: Placement): Verdict {
  for (const plugin of profile.points.reserve) {
    const status = plugin.reserve(cycle, pod, node)
    if (status) return status
  }
  return undefined
}

/** Undoes what `reserve` did, and what it did not come to: plugins take both. */
export function unreserve({ profile, cycle, pod, node }: Placement): void {
  for (const plugin of profile.points.reserve.toReversed()) plugin.unreserve?.(cycle, pod, node)
}

export interface Permission {
  readonly status?: Status
  /** The plugins that want the pod to wait, and how long at most. */
  readonly waits: ReadonlyMap<string, number>
}

export function permit({ profile, cycle, pod, node }: Placement): Permission {
  const waits = new Map<string, number>()
  for (const plugin of profile.points.permit) {
    const result = plugin.permit(cycle, pod, node)
    const status = result?.status
    if (status?.code === 'Wait') waits.set(plugin.name, result?.timeoutMs ?? 0)
    else if (status) return { status, waits }
  }
  return { waits }
}

/** Whether any plugin has to prepare something before this pod can be bound; or why that cannot even be said. */
export function preBindPreFlight({ profile, cycle, pod, node }: Placement): Status | boolean {
  let work = false
  for (const plugin of profile.points.preBind) {
    const status = plugin.preBindPreFlight?.(cycle, pod, node)
    if (status?.code === 'Skip') continue
    if (status) return status
    work = true
  }
  return work
}

export async function preBind({ profile, cycle, pod, node }: Placement): Promise<Verdict> {
  for (const plugin of profile.points.preBind) {
    const status = await plugin.preBind(cycle, pod, node)
    if (status && !isRejected(status)) return running('PreBind', status)
    if (status) return status
  }
  return undefined
}

/** The first extender or plugin that does not leave it to the next one binds. */
export async function bind(
  { profile, cycle, pod, node }: Placement,
  extenders: readonly Extender[],
): Promise<Verdict> {
  for (const extender of extenders) {
    if (!extender.bind || !extender.isInterested(pod)) continue
    try {
      await extender.bind(pod, node.name)
      return undefined
    } catch (error) {
      if (!extender.ignorable) return failed('', messageOf(error), error)
    }
  }
  for (const plugin of profile.points.bind) {
    const status = await plugin.bind(cycle, pod, node)
    if (status?.code === 'Skip') continue
    return status && !isRejected(status) ? running('Bind', status) : status
  }
  return failed('', 'no bind plugin binds this pod')
}

export function postBind({ profile, cycle, pod, node }: Placement): void {
  for (const plugin of profile.points.postBind) plugin.postBind(cycle, pod, node)
}

function running(point: string, status: Status): Status {
  const { plugin, reasons, cause } = status
  return failed(plugin, `running ${point} plugin "${plugin}": ${reasons.join(', ')}`, cause)
}
