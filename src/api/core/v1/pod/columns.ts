/** How `kubectl get pods` shows a pod. Its STATUS is a word computed from all that the status says. */
import { ageColumn, ageOf, column, nameColumn } from '../../../machinery/columns.ts'
import type { Column, RowCondition } from '../../../machinery/kind.ts'
import type { ContainerStateTerminated, ContainerStatus } from './schema.status.container.ts'
import type { Pod } from './schema.ts'

const NONE = '<none>'

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  column('Ready', 'How many containers are ready, of how many.', pod => {
    const { ready, total } = podSummary(pod)
    return `${ready}/${total}`
  }),
  column('Status', 'What the pod is doing, in one word.', pod => podSummary(pod).status),
  column('Restarts', 'How often its containers were restarted, and when last.', (pod, now) => {
    const { restarts, lastRestart } = podSummary(pod)
    return restarts !== 0 && lastRestart
      ? `${restarts} (${ageOf(lastRestart, now)} ago)`
      : `${restarts}`
  }),
  ageColumn,
  wide('IP', 'The address of the pod.', pod => pod.status.podIPs?.[0]?.ip || NONE),
  wide('Node', 'The node that runs the pod.', pod => pod.spec.nodeName || NONE),
  wide(
    'Nominated Node',
    'The node on which room is being made for the pod.',
    pod => pod.status.nominatedNodeName || NONE,
  ),
  wide('Readiness Gates', 'How many extra conditions of readiness hold, of how many.', pod => {
    const gates = pod.spec.readinessGates ?? []
    if (gates.length === 0) return NONE
    const open = gates.filter(gate => conditionHolds(pod, gate.conditionType)).length
    return `${open}/${gates.length}`
  }),
]

function wide(name: string, description: string, cell: (pod: Pod) => string): Column<Pod> {
  return column(name, description, cell, { priority: 1 })
}

const COMPLETED: readonly RowCondition[] = [
  {
    type: 'Completed',
    status: 'True',
    reason: 'Succeeded',
    message: 'The pod has completed successfully.',
  },
]
const FAILED: readonly RowCondition[] = [
  { type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' },
]

export function podRowConditions({ status }: Pod): readonly RowCondition[] {
  if (status.phase === 'Succeeded') return COMPLETED
  return status.phase === 'Failed' ? FAILED : []
}

export interface PodSummary {
  readonly status: string
  readonly ready: number
  readonly total: number
  readonly restarts: number
  /** When a container last ended and was restarted, RFC 3339. */
  readonly lastRestart?: string
}

interface Initialization {
  /** `Init:…` while an init container runs, waits or failed; undefined once all are through. */
  readonly status?: string
  readonly statuses: readonly ContainerStatus[]
  readonly sidecarStatuses: readonly ContainerStatus[]
  readonly readySidecars: number
}

/** What people want to know of a pod at a glance. */
export function podSummary(pod: Pod): PodSummary {
  const { spec, status } = pod
  const sidecars = sidecarNames(pod)
  const initialization = initializationOf(pod, sidecars)
  const ongoing = initialization.status !== undefined
  const past = !ongoing || conditionHolds(pod, 'Initialized')
  let word = initialization.status ?? wordOfWholePod(pod)
  let ready = initialization.readySidecars
  if (past) {
    const main = mainContainers(status.containerStatuses ?? [])
    ready += main.ready
    word = main.status ?? word
    if (word === 'Completed' && main.ready > 0)
      word = conditionHolds(pod, 'Ready') ? 'Running' : 'NotReady'
  }
  const counted = past
    ? [...initialization.sidecarStatuses, ...(status.containerStatuses ?? [])]
    : initialization.statuses
  const lastRestart = lastEnd(counted)
  return {
    status: pod.metadata.deletionTimestamp ? wordWhenDeleted(pod, word) : word,
    ready,
    total: spec.containers.length + sidecars.size,
    restarts: counted.reduce((sum, container) => sum + container.restartCount, 0),
    ...(lastRestart ? { lastRestart } : {}),
  }
}

function wordOfWholePod({ status }: Pod): string {
  const gated = status.conditions?.some(
    condition => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated',
  )
  return gated ? 'SchedulingGated' : status.reason || status.phase || ''
}

function wordWhenDeleted({ status }: Pod, word: string): string {
  if (status.reason === 'NodeLost') return 'Unknown'
  return status.phase === 'Succeeded' || status.phase === 'Failed' ? word : 'Terminating'
}

function sidecarNames(pod: Pod): Set<string> {
  const sidecars = (pod.spec.initContainers ?? []).filter(
    container => container.restartPolicy === 'Always',
  )
  return new Set(sidecars.map(container => container.name))
}

/** Goes through the init containers in order, up to the first that is not through. */
function initializationOf(pod: Pod, sidecars: ReadonlySet<string>): Initialization {
  const statuses: ContainerStatus[] = []
  let readySidecars = 0
  let status: string | undefined
  const total = pod.spec.initContainers?.length ?? 0
  for (const [index, container] of (pod.status.initContainerStatuses ?? []).entries()) {
    statuses.push(container)
    const { terminated, waiting } = container.state
    if (terminated?.exitCode === 0) continue
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) readySidecars++
      continue
    }
    if (terminated) status = `Init:${wordOfEnd(terminated)}`
    else if (waiting?.reason && waiting.reason !== 'PodInitializing')
      status = `Init:${waiting.reason}`
    else status = `Init:${index}/${total}`
    break
  }
  const sidecarStatuses = statuses.filter(container => sidecars.has(container.name))
  return { ...(status ? { status } : {}), statuses, sidecarStatuses, readySidecars }
}

/** The first container that waits or has ended decides the word. */
function mainContainers(statuses: readonly ContainerStatus[]): { status?: string; ready: number } {
  let status: string | undefined
  let ready = 0
  for (const container of statuses.toReversed()) {
    const { waiting, terminated, running } = container.state
    if (waiting?.reason) status = waiting.reason
    else if (terminated) status = wordOfEnd(terminated)
    else if (container.ready && running) ready++
  }
  return { ...(status ? { status } : {}), ready }
}

function wordOfEnd({ reason, signal, exitCode }: ContainerStateTerminated): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`)
}

function conditionHolds(pod: Pod, type: string): boolean {
  return (pod.status.conditions ?? []).some(
    condition => condition.type === type && condition.status === 'True',
  )
}

function lastEnd(statuses: readonly ContainerStatus[]): string | undefined {
  let last: string | undefined
  for (const { lastState } of statuses) {
    const end = lastState.terminated?.finishedAt
    if (end && (!last || Date.parse(end) > Date.parse(last))) last = end
  }
  return last
}
