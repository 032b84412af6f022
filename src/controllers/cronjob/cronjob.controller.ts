/** Makes jobs by the clock. */
import { type CronJob, cronJob } from '#api/batch/v1/cron-job.ts'
import { type Job, job } from '#api/batch/v1/job.ts'
import { controllerOf, keyOf } from '#api/machinery/metadata.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { BY_CONTROLLER, indexByController } from '../runner/owners.ts'
import { measureSkew } from './cronjob.figures.ts'
import { reconcile } from './cronjob.reconcile.ts'
import { nextInMs, timetableOf } from './due-time.ts'

/** Nothing is waited for longer; whoever waits looks again then, and finds nothing to do. */
const LONGEST_WAIT_MS = 24 * 60 * 60_000

export function cronJobController(context: ControllerContext): Controller {
  const { clock } = context
  const cronJobs = context.informers.for(cronJob)
  const jobs = context.informers.for(job)
  indexByController(jobs)
  return {
    name: 'cronjob-controller',
    component: 'cronjob-controller',
    workers: 5,
    counted: measureSkew(context.figures, () => clock.now()),
    views: [
      { kind: cronJob, informer: cronJobs },
      { kind: job, informer: jobs },
    ],
    wake(queue) {
      queue.onStop(
        cronJobs.subscribe({
          changed(next, previous) {
            // A time of the new schedule that has passed already is not made up for.
            if (previous && isScheduleChanged(next, previous))
              queue.addAfter(keyOf(next), waitOf(next, clock.now()))
            else queue.add(keyOf(next))
          },
          deleted: gone => queue.add(keyOf(gone)),
        }),
      )
      const wakeOwner = (found: Job) => {
        const controller = controllerOf(found)
        if (controller?.kind === 'CronJob')
          queue.add(`${found.metadata.namespace}/${controller.name}`)
      }
      queue.onStop(
        jobs.subscribe({
          changed(next, previous) {
            if (previous && controllerOf(previous)?.uid !== controllerOf(next)?.uid)
              wakeOwner(previous)
            wakeOwner(next)
          },
          deleted: wakeOwner,
        }),
      )
    },
    reconcile(key) {
      const found = cronJobs.get(key)
      if (!found) return { writes: [] }
      const { writes, againAfterMs } = reconcile({
        cronJob: found,
        jobs: jobs.by(BY_CONTROLLER, found.metadata.uid ?? ''),
        hasJob: name => jobs.get(`${found.metadata.namespace}/${name}`) !== undefined,
        nowMs: clock.now(),
      })
      if (againAfterMs === undefined) return { writes }
      return { writes, againAfterMs: Math.min(againAfterMs, LONGEST_WAIT_MS) }
    },
  }
}

function isScheduleChanged({ spec }: CronJob, previous: CronJob): boolean {
  return spec.schedule !== previous.spec.schedule || spec.timeZone !== previous.spec.timeZone
}

/** What is wrong with the schedule is told when it is looked at, at once. */
function waitOf(found: CronJob, nowMs: number): number {
  try {
    return Math.min(nextInMs(found, timetableOf(found), nowMs), LONGEST_WAIT_MS)
  } catch {
    return 0
  }
}
