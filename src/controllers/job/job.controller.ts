/** Runs the pods of jobs to their end. */
import { isFinished } from '#api/batch/v1/job.conditions.ts'
import { type Job, job } from '#api/batch/v1/job.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { controllerOf, keyOf } from '#api/machinery/metadata.ts'
import { equal } from '#api/machinery/patch/json-patch.ts'
import type { Informer } from '#client/informer.ts'
import type { Controller, ControllerContext, Outcome, Wakeup } from '../runner/controller.ts'
import { BY_CONTROLLER, candidates, indexByController } from '../runner/owners.ts'
import { concernsCount } from '../runner/pods.ts'
import { countJobEvents, countJobs } from './job.figures.ts'
import { isTracked, untracking } from './job.pods.ts'
import { isManagedElsewhere, reconcile } from './job.reconcile.ts'
import { noBackoff, type PodBackoff } from './pod-backoff.ts'

/** What happens to the pods of a job within this time is looked at once. */
const POD_BATCH_MS = 50
/** In front of the key of a pod that may be kept by a finalizer that nobody takes off. */
const STRAY_POD = 'stray pod '

export function jobController(context: ControllerContext): Controller {
  const jobs = context.informers.for(job)
  const pods = context.informers.for(pod)
  indexByController(pods)
  /** By key of the job; dropped with it. */
  const backoffs = new Map<string, { uid: string; backoff: PodBackoff }>()

  const jobOf = (found: Pod): Job | undefined => {
    const controller = controllerOf(found)
    if (controller?.kind !== 'Job' || controller.apiVersion !== 'batch/v1') return undefined
    const owner = jobs.get(`${found.metadata.namespace}/${controller.name}`)
    return owner?.metadata.uid === controller.uid ? owner : undefined
  }

  const reconcileJob = (key: string, failure: Parameters<Controller['reconcile']>[1]) => {
    const found = jobs.get(key)
    if (!found || isFinished(found.status)) {
      backoffs.delete(key)
      return { writes: [] }
    }
    const { uid = '' } = found.metadata
    const known = backoffs.get(key)
    const outcome = reconcile({
      job: found,
      candidates: candidates(pods, found),
      backoff: known?.uid === uid ? known.backoff : noBackoff,
      nowMs: context.clock.now(),
      failure,
    })
    backoffs.set(key, { uid, backoff: outcome.backoff })
    return outcome
  }

  const reconcileStray = (key: string): Outcome => {
    const found = pods.get(key)
    return { writes: found && isStray(found, jobOf(found)) ? [untracking(found)] : [] }
  }

  return {
    name: 'job-controller',
    workers: 5,
    counted: countJobs(context.figures, key => jobs.get(key)),
    views: [
      { kind: job, informer: jobs },
      { kind: pod, informer: pods },
    ],
    wake(queue) {
      queue.onStop(countJobEvents(context.figures, jobs, pods))
      wakeByJobs(queue, jobs, pods)
      wakeByPods(queue, jobs, pods, jobOf)
    },
    reconcile: (key, failure) =>
      key.startsWith(STRAY_POD)
        ? reconcileStray(key.slice(STRAY_POD.length))
        : reconcileJob(key, failure),
  }
}

/** Kept by the finalizer, but no job that goes on will count it. */
function isStray(found: Pod, owner: Job | undefined): boolean {
  if (!isTracked(found)) return false
  const controller = controllerOf(found)
  if (controller && (controller.kind !== 'Job' || controller.apiVersion !== 'batch/v1'))
    return false
  return !owner || (isFinished(owner.status) && !isManagedElsewhere(owner))
}

function wakeByJobs(queue: Wakeup, jobs: Informer<Job>, pods: Informer<Pod>): void {
  const wakeStrays = ({ metadata: { uid = '' } }: Job) => {
    for (const found of pods.by(BY_CONTROLLER, uid))
      if (isTracked(found)) queue.add(STRAY_POD + keyOf(found))
  }
  queue.onStop(
    jobs.subscribe({
      changed(next) {
        queue.add(keyOf(next))
        if (isFinished(next.status)) wakeStrays(next)
      },
      deleted(gone) {
        queue.add(keyOf(gone))
        wakeStrays(gone)
      },
    }),
  )
}

function wakeByPods(
  queue: Wakeup,
  jobs: Informer<Job>,
  pods: Informer<Pod>,
  jobOf: (found: Pod) => Job | undefined,
): void {
  const wakeOwner = (found: Pod) => {
    const owner = jobOf(found)
    if (owner) queue.addAfter(keyOf(owner), POD_BATCH_MS)
    if (isStray(found, owner)) queue.add(STRAY_POD + keyOf(found))
    if (controllerOf(found) || found.metadata.deletionTimestamp) return
    for (const other of jobs.list(found.metadata.namespace ?? ''))
      if (labelMatcherOf(other.spec.selector).matches(found.metadata.labels ?? {}))
        queue.add(keyOf(other))
  }
  queue.onStop(
    pods.subscribe({
      changed(next, previous) {
        if (previous && !concernsJob(next, previous)) return
        // A pod that changed hands concerns the one it left, too.
        if (previous && controllerOf(previous)?.uid !== controllerOf(next)?.uid) wakeOwner(previous)
        wakeOwner(next)
      },
      deleted: wakeOwner,
    }),
  )
}

/** True for a change of what a job decides by. */
function concernsJob(next: Pod, previous: Pod): boolean {
  return (
    concernsCount(next, previous) ||
    !equal(next.metadata.finalizers, previous.metadata.finalizers) ||
    !equal(restartsOf(next), restartsOf(previous))
  )
}

const restartsOf = ({ status }: Pod) =>
  [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(
    ({ restartCount }) => restartCount,
  )
