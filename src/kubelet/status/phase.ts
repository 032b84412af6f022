/** Where a pod is in its life, from its containers' statuses. Pure. */

import { type ApiContainerStatus, isSidecar, type Pod } from '../pod-types.ts'
import { restartsAfter } from '../pods/restart-policy.ts'

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

/** `terminal`: everything has stopped and nothing will start again. */
export function phaseOf(
  pod: Pod,
  statuses: readonly ApiContainerStatus[],
  terminal: boolean,
): Phase {
  const find = (name: string) => statuses.find(status => status.name === name)
  const init = initOutcome(pod, find)
  if (init === 'failed') return 'Failed'
  const regular = count(pod, find)
  const total = pod.spec?.containers?.length ?? 0
  if (init === 'pending' && !regular.anyStarted) return terminal ? 'Failed' : 'Pending'
  if (terminal) return regular.succeeded === total ? 'Succeeded' : 'Failed'
  if (regular.waiting > 0) return 'Pending'
  if (regular.running > 0) return 'Running'
  if (regular.stopped === 0) return 'Pending'
  if (regular.restarting > 0) return 'Running'
  return regular.succeeded === total ? 'Succeeded' : 'Failed'
}

type Find = (name: string) => ApiContainerStatus | undefined

function initOutcome(pod: Pod, find: Find): 'done' | 'pending' | 'failed' {
  let outcome: 'done' | 'pending' = 'done'
  for (const container of pod.spec?.initContainers ?? []) {
    const status = find(container.name)
    if (isSidecar(container)) {
      if (!status?.started && !status?.lastState?.terminated && !status?.state.terminated)
        outcome = 'pending'
      continue
    }
    const ended = status?.state.terminated
    if (ended?.exitCode === 0) continue
    if (ended && !restartsAfter(pod, container, ended.exitCode)) return 'failed'
    outcome = 'pending'
  }
  return outcome
}

function count(pod: Pod, find: Find) {
  let waiting = 0
  let running = 0
  let stopped = 0
  let succeeded = 0
  let restarting = 0
  for (const container of pod.spec?.containers ?? []) {
    const state = find(container.name)
    const ended = state?.state.terminated
    if (state?.state.running) running++
    else if (ended) {
      stopped++
      if (ended.exitCode === 0) succeeded++
      if (restartsAfter(pod, container, ended.exitCode)) restarting++
    } else if (state?.lastState?.terminated) {
      // It waits for its next start after it had run: the pod counts as running.
      stopped++
      restarting++
    } else waiting++
  }
  return { waiting, running, stopped, succeeded, restarting, anyStarted: running + stopped > 0 }
}
