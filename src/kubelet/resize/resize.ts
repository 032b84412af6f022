/**
 * The resize of a pod, step by step as its worker goes: what it asks for is set aside if the node
 * has it, running containers are given it, and all of it is told. Every step reads what the runtime
 * shows, so it does not matter where the last one ended.
 */
import { messageOf } from '#base/errors.ts'
import { podDirectory } from '../containers/hosts-mount.ts'
import { podRequests } from '../containers/resources.ts'
import type { Pod } from '../pod-types.ts'
import { newestOf } from '../pods/observed-pod.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import {
  type ContainerChange,
  changesOf,
  memoryLimitOf,
  restartsFor,
  takesMemory,
} from './actual.ts'
import {
  type Allocation,
  isAllocated,
  readAllocation,
  resizableOf,
  sameQuantity,
  toldAllocation,
} from './allocation.ts'
import { judgeResize, type Postponement } from './judge.ts'
import { generationOf, ResizeState } from './resize-state.ts'

/** What the runtime refused, or took and does not show, is tried again after this. */
const RETRY_MS = 10_000

/** Before a pod that ran under another kubelet is counted: it has what that one told. */
export function adoptResize(worker: PodWorker): void {
  const { asked } = worker
  const allocation = toldAllocation(asked)
  const hasConditions = asked.status?.conditions?.some(({ type }) => type.startsWith('PodResize'))
  if (!hasConditions && isAllocated(asked, allocation)) return
  const resize = new ResizeState(allocation)
  resize.adopt(asked.status ?? {})
  worker.reallocate(resize)
}

/** What was set aside may never have reached the API; the node's own file knows. */
export async function recallAllocation(worker: PodWorker): Promise<void> {
  const { files } = worker.parts.context.options.hostAccess
  let allocation: Allocation
  try {
    const bytes = await files.read(fileOf(worker))
    if (!bytes) return
    allocation = readAllocation(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (error) {
    // Torn by a crash before it was of use to anybody, or not ours: what the API was told holds.
    const { log } = worker.parts.context
    log.warn('an allocation could not be read', { uid: worker.uid, error: messageOf(error) })
    return
  }
  const resize = worker.resize ?? new ResizeState(allocation)
  resize.allocation = allocation
  worker.reallocate(resize)
}

/** Sets aside what is asked for, if the node has it. */
export async function allocate(worker: PodWorker): Promise<void> {
  const { resize, asked, parts } = worker
  if (!resize) return
  if (isAllocated(asked, resize.allocation)) {
    resize.settle()
    parts.deferred.delete(worker)
    return
  }
  const { taken, allocatable, events, context } = parts
  const { division } = context.options
  const now = context.clock.now()
  const bySwap = parts.cgroups.swap?.resizeProblem(worker.pod, asked)
  const message = division?.resizeProblem(asked) ?? bySwap
  const postponed: Postponement | undefined =
    message === undefined
      ? judgeResize({ asked: podRequests(asked), before: worker.requests, taken, allocatable })
      : { reason: 'Infeasible', message }
  if (postponed) {
    const { reason, message } = postponed
    if (reason === 'Deferred') parts.deferred.add(worker)
    else parts.deferred.delete(worker)
    if (!resize.postpone(postponed, asked, now)) return
    if (reason === 'Infeasible') parts.resizeFigures.infeasible(message === bySwap)
    const told = summary(`Pod resize ${reason}`, asked, generationOf(asked), message)
    events.warning(asked, `Resize${reason}`, told)
    return
  }
  const trigger = parts.deferred.delete(worker)
  if (trigger) parts.resizeFigures.acceptedLate(trigger)
  noteOutdated(worker, resize)
  resize.accept(asked, now)
  worker.reallocate(resize)
  events.normal(asked, 'ResizeStarted', summary('Pod resize started', asked, resize.generation))
  await keepAllocation(worker, resize)
}

/** Containers that start anew for other memory do so for another request alone, too. */
function noteOutdated(
  { asked, uid, parts }: PodWorker,
  { allocation, outdated }: ResizeState,
): void {
  outdated.clear()
  const observed = parts.cache.observe(uid)
  for (const container of resizableOf(asked)) {
    const run = newestOf(observed, container.name)
    if (run?.state !== 'running' || !restartsFor(container, 'memory')) continue
    const [before, after] = [allocation[container.name], container.resources]
    if (!sameQuantity(before?.requests?.memory, after?.requests?.memory)) outdated.add(run.id)
  }
}

/** A file that cannot be written does not stop a resize: what the API is told is as good, but comes later. */
async function keepAllocation(worker: PodWorker, { allocation }: ResizeState): Promise<void> {
  const { context } = worker.parts
  const { hostAccess, rootDirectory } = context.options
  const path = fileOf(worker)
  try {
    await hostAccess.files.makeDirectory(podDirectory(rootDirectory, worker.uid))
    await hostAccess.files.write(
      `${path}.new`,
      new TextEncoder().encode(JSON.stringify(allocation)),
    )
    await hostAccess.files.rename(`${path}.new`, path)
  } catch (error) {
    context.log.warn('an allocation could not be kept', {
      uid: worker.uid,
      error: messageOf(error),
    })
  }
}

const fileOf = ({ uid, parts }: PodWorker): string =>
  `${podDirectory(parts.context.options.rootDirectory, uid)}/allocation.json`

/** Gives running containers what is set aside for them, where they need not start anew for it. */
export async function actuate(worker: PodWorker): Promise<void> {
  const { resize, parts } = worker
  if (!resize) return
  const changes = pendingChanges(worker)
  if (changes.length === 0) return
  const { cache, context } = parts
  resize.progress(worker.asked, context.clock.now())
  const inPlace = changes.filter(({ restart }) => !restart)
  const startMs = context.clock.monotonicMs()
  const took = () => context.clock.monotonicMs() - startMs
  try {
    await refuseBelowUsage(worker, inPlace)
    // No container may be given more than its pod has, whether it starts anew for it or not.
    await parts.cgroups.raise(worker.pod)
    if (inPlace.length === 0) return
    for (const { container, run, wanted } of inPlace) {
      const swap = parts.cgroups.swap?.limitsOf(worker.pod, container, wanted)
      await context.options.runtime.updateContainerResources(run.id, { ...wanted, ...swap })
      await cache.refreshContainer(run.id)
    }
    parts.resizeFigures.actuated(took(), true)
  } catch (error) {
    parts.resizeFigures.actuated(took(), false)
    tellFailure(worker, resize, error)
  }
}

/** It is tried again. */
function tellFailure(worker: PodWorker, resize: ResizeState, error: unknown): void {
  const { context, events } = worker.parts
  const message = messageOf(error)
  if (resize.fail(message, worker.asked, context.clock.now()))
    events.warning(
      worker.asked,
      'ResizeError',
      summary('Pod resize error', worker.pod, resize.generation, message),
    )
  worker.wakeAfter(RETRY_MS)
}

/** The kernel would kill who uses more than it may. */
async function refuseBelowUsage(
  { parts }: PodWorker,
  changes: readonly ContainerChange[],
): Promise<void> {
  const taking = changes.filter(takesMemory)
  if (taking.length === 0) return
  const stats = await parts.context.options.runtime.containerStats()
  for (const { container, run, wanted } of taking) {
    const usage = stats.find(each => each.containerId === run.id)?.memoryWorkingSetBytes ?? 0
    const limit = memoryLimitOf(wanted)
    if (usage >= limit)
      throw new Error(
        `attempting to set container "${container.name}" memory limit (${limit}) below current usage (${usage})`,
      )
  }
}

/** Whether all containers have what is set aside for them; said when they come to have it. */
export async function finishResize(worker: PodWorker): Promise<void> {
  const { resize, parts } = worker
  if (!resize) return
  if (pendingChanges(worker).length > 0) {
    resize.progress(worker.asked, parts.context.clock.now())
    worker.wakeAfter(RETRY_MS)
    return
  }
  try {
    await parts.cgroups.apply(worker.pod)
  } catch (error) {
    return tellFailure(worker, resize, error)
  }
  const generation = resize.complete()
  if (generation === undefined) return
  const message = summary('Pod resize completed', worker.pod, generation)
  parts.events.normal(worker.asked, 'ResizeCompleted', message)
}

function pendingChanges({ pod, uid, parts, resize }: PodWorker): readonly ContainerChange[] {
  const { division, hostAccess } = parts.context.options
  // It never changes, and runs without the quota that its limit would mean.
  if (division?.hasExclusiveCpus(uid)) return []
  const { memoryBytes } = hostAccess.facts
  return changesOf(pod, parts.cache.observe(uid), memoryBytes, resize?.outdated)
}

/** `Pod resize started: {"containers":[…],"generation":2}`, as upstream's events say it. */
function summary(what: string, { spec }: Pod, generation: number, error = ''): string {
  const of = (list: readonly { name: string; resources?: object }[] = []) =>
    list.map(({ name, resources = {} }) => ({ name, resources }))
  const { initContainers = [], containers = [] } = spec ?? {}
  return `${what}: ${JSON.stringify({
    ...(initContainers.length > 0 ? { initContainers: of(initContainers) } : {}),
    containers: of(containers),
    generation,
    ...(error ? { error } : {}),
  })}`
}
