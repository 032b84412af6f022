/** Which pods a job that goes on makes and removes. */
import { type Job, job as jobKind } from '#api/batch/v1/job.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { Batch, Write } from '../runner/controller.ts'
import { isNamespaceTerminating } from '../runner/errors.ts'
import { controllerReference } from '../runner/owners.ts'
import { isReady, readySinceMs } from '../runner/pods.ts'
import { isCounted } from './failure-policy.ts'
import { firstMissing, union } from './index-set.ts'
import {
  COMPLETION_INDEX,
  INDEX_FAILURES,
  INDEX_IGNORED_FAILURES,
  indexFailuresOf,
  indexOf,
  replacesOnlyFailed,
  TRACKING_FINALIZER,
  untracking,
} from './job.pods.ts'
import { allFailures, indexesOf, type JobView } from './job.reconcile.view.ts'
import { finishedAtMs, type PodBackoff, remainingAfterMs, remainingMs } from './pod-backoff.ts'

/** At most so many pods are made or removed in one go, as upstream does; the rest follows when these have shown up. */
const BURST = 500
/** What generated names may have in front of their five random characters. */
const MAXIMUM_PREFIX = 58

export interface PodPlan {
  readonly writes: readonly (Write | Batch)[]
  readonly created: number
  readonly removed: readonly Pod[]
  readonly againAfterMs?: number
}

const noPods: PodPlan = { writes: [], created: 0, removed: [] }

export function planPods(view: JobView, backoff: PodBackoff): PodPlan {
  const { job, active } = view
  if (job.spec.suspend) return removal(job, active)
  const wanted = wantedActive(view)
  const surplus = surplusOf(view, Math.max(0, active.length - wanted)).slice(0, BURST)
  if (surplus.length > 0) return removal(job, surplus)
  const leaving = replacesOnlyFailed(job) ? view.terminating.length : 0
  const missing = Math.min(wanted - leaving - active.length, BURST)
  return missing > 0 ? creation(view, missing, backoff) : noPods
}

function wantedActive({ job, active, succeeded }: JobView): number {
  const { completions, parallelism = 1 } = job.spec
  // Once one has succeeded, the others may finish, and none is added.
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism
  return Math.max(0, Math.min(completions - succeeded, parallelism))
}

/** Removed on purpose, so they do not count as failed: first the finalizers go. */
function removal(job: Job, pods: readonly Pod[]): PodPlan {
  if (pods.length === 0) return noPods
  return {
    writes: [
      { verb: 'batch', writes: pods.map(untracking) },
      { verb: 'batch', writes: pods.map(pod => deletion(job, pod)) },
    ],
    created: 0,
    removed: pods,
  }
}

export function deletion(job: Job, pod: Pod): Write {
  return {
    verb: 'delete',
    kind: podKind,
    object: pod,
    report: {
      about: job,
      success: { reason: 'SuccessfulDelete', message: name => `Deleted pod: ${name}` },
      failure: { reason: 'FailedDelete', message: error => `Error deleting: ${error}` },
    },
  }
}

/** At least `count` pods, those that have come least far first; and all that share their index or have none. */
function surplusOf({ job, active, indexes }: JobView, count: number): Pod[] {
  const ordered = active.toSorted(leastFarFirst)
  if (!indexes) return ordered.slice(0, count)
  const keeper = new Map<number, Pod>()
  for (const pod of ordered) {
    const index = indexOf(pod, job)
    if (index !== undefined) keeper.set(index, pod)
  }
  const kept = new Set(keeper.values())
  const astray = ordered.filter(pod => !kept.has(pod))
  const more = Math.max(0, count - astray.length)
  return [...astray, ...ordered.filter(pod => kept.has(pod)).slice(0, more)]
}

const PHASES = ['Pending', 'Unknown', 'Running']

function leastFarFirst(a: Pod, b: Pod): number {
  const [one, other] = [progressOf(a), progressOf(b)]
  for (const [index, value] of one.entries()) {
    const difference = value - (other[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function progressOf(pod: Pod): number[] {
  const { spec, status, metadata } = pod
  const restarts = (status.containerStatuses ?? []).map(({ restartCount = 0 }) => restartCount)
  return [
    spec.nodeName ? 1 : 0,
    PHASES.indexOf(status.phase ?? ''),
    isReady(pod) ? 1 : 0,
    -(readySinceMs(pod) ?? 0),
    -Math.max(0, ...restarts),
    -Date.parse(metadata.creationTimestamp ?? ''),
  ]
}

function creation(view: JobView, missing: number, backoff: PodBackoff): PodPlan {
  const { job, indexes, nowMs } = view
  if (!indexes?.failed) {
    const waitMs = remainingMs(backoff, nowMs)
    if (waitMs > 0) return { ...noPods, againAfterMs: waitMs }
  }
  if (!indexes) return creationOf(Array.from({ length: missing }, () => creationWrite(job)))
  const busy = replacesOnlyFailed(job) ? [...view.active, ...view.terminating] : view.active
  const taken = union(indexes.succeeded, indexes.failed ?? [], indexesOf(busy, job))
  const open = firstMissing(taken, missing, job.spec.completions ?? 0)
  const waits = open.map(index => waitOf(indexes.replaced.get(index), nowMs))
  const due = open.filter((_, position) => waits[position] === 0)
  const later = waits.filter(waitMs => waitMs > 0)
  return {
    ...creationOf(due.map(index => indexedCreation(view, index))),
    ...(later.length > 0 ? { againAfterMs: Math.min(...later) } : {}),
  }
}

function waitOf(replaced: Pod | undefined, nowMs: number): number {
  if (!replaced) return 0
  return remainingAfterMs(allFailures(replaced) + 1, finishedAtMs(replaced), nowMs)
}

function creationOf(writes: readonly Write[]): PodPlan {
  if (writes.length === 0) return noPods
  return {
    writes: [{ verb: 'batch', writes, slowStart: true }],
    created: writes.length,
    removed: [],
  }
}

interface PodExtras {
  readonly prefix: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: object
}

function creationWrite(job: Job, extras?: PodExtras): Write {
  const { metadata = {}, spec } = job.spec.template
  const { name = '', namespace = '' } = job.metadata
  const annotations = { ...metadata.annotations, ...extras?.annotations }
  return {
    verb: 'create',
    kind: podKind,
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: extras?.prefix ?? `${name}-`,
        namespace,
        labels: { ...metadata.labels, ...extras?.labels },
        ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
        finalizers: [...new Set([...(metadata.finalizers ?? []), TRACKING_FINALIZER])],
        ownerReferences: [controllerReference(jobKind, job)],
      },
      spec: { ...spec, ...extras?.spec },
    },
    // A namespace that is being emptied refuses everything new; trying again would be noise.
    tolerate: isNamespaceTerminating,
    report: {
      about: job,
      success: { reason: 'SuccessfulCreate', message: name => `Created pod: ${name}` },
      failure: { reason: 'FailedCreate', message: error => `Error creating: ${error}` },
    },
  }
}

function indexedCreation({ job, indexes }: JobView, index: number): Write {
  const { name = '' } = job.metadata
  const { containers = [], initContainers } = job.spec.template.spec ?? {}
  const suffix = `-${index}-`
  const failures = indexes?.failed ? failureCounts(job, indexes.replaced.get(index)) : {}
  return creationWrite(job, {
    prefix: `${name.slice(0, MAXIMUM_PREFIX - suffix.length)}${suffix}`,
    labels: { [COMPLETION_INDEX]: `${index}` },
    annotations: { [COMPLETION_INDEX]: `${index}`, ...failures },
    spec: {
      hostname: `${name}-${index}`,
      containers: containers.map(withIndex),
      ...(initContainers ? { initContainers: initContainers.map(withIndex) } : {}),
    },
  })
}

const INDEX_VARIABLE = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } },
}

function withIndex<C extends { env?: readonly { name?: string }[] }>(container: C) {
  const { env = [] } = container
  if (env.some(({ name }) => name === INDEX_VARIABLE.name)) return container
  return { ...container, env: [...env, INDEX_VARIABLE] }
}

/** The failures of the pod that is replaced, and its own. */
function failureCounts(job: Job, replaced: Pod | undefined): Record<string, string> {
  if (!replaced) return { [INDEX_FAILURES]: '0' }
  const { counted, ignored } = indexFailuresOf(replaced)
  const own = isCounted(job.spec.podFailurePolicy, replaced)
  const allIgnored = ignored + (own ? 0 : 1)
  return {
    [INDEX_FAILURES]: `${counted + (own ? 1 : 0)}`,
    ...(allIgnored > 0 ? { [INDEX_IGNORED_FAILURES]: `${allIgnored}` } : {}),
  }
}
