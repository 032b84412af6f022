/** What controllers and scheduler have counted, under the names that dashboards of Kubernetes read. */
import type { FigureSource } from '#apiserver/endpoints/figures.ts'
import type { RunningControllers } from '#controllers'
import type { RunningScheduler } from '#scheduler'

/** The one profile that is run in process. */
const DEFAULT_PROFILE = 'default-scheduler'

/** What the scheduler counts, by upstream's word for it. */
const RESULTS = { scheduled: 'scheduled', unschedulable: 'unschedulable', error: 'errors' } as const

/** Asks for the controllers at each scrape: others may have taken over. */
export const controllerFigures =
  (running: () => RunningControllers | undefined): FigureSource =>
  () => {
    const controllers = running()?.controllers ?? []
    const by = (count: (counts: (typeof controllers)[number]['counts']) => number) =>
      controllers.map(({ name, counts }) => ({ labels: { name }, value: count(counts) }))
    return [
      {
        name: 'workqueue_depth',
        help: 'Keys that wait for a controller.',
        type: 'gauge',
        values: by(({ queued }) => queued),
      },
      {
        name: 'workqueue_adds_total',
        help: 'Keys that were added for a controller and looked at; several additions before a look count once.',
        type: 'counter',
        values: by(({ reconciles }) => reconciles),
      },
      {
        name: 'workqueue_retries_total',
        help: 'Keys that a controller has to look at again, after a failure or a conflict.',
        type: 'counter',
        values: by(({ failures, conflicts }) => failures + conflicts),
      },
    ]
  }

export const schedulerFigures =
  (running: () => RunningScheduler | undefined): FigureSource =>
  () => {
    const counts = running()?.counts
    const values = Object.entries(RESULTS).map(([result, count]) => ({
      labels: { profile: DEFAULT_PROFILE, result },
      value: counts?.[count] ?? 0,
    }))
    return [
      {
        name: 'scheduler_pod_scheduling_attempts_total',
        help: 'Attempts to place a pod, by what came of them.',
        type: 'counter',
        values,
      },
    ]
  }
