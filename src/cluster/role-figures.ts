/** What roles tell of themselves, under the names that dashboards of Kubernetes read. */
import type { FigureBook, FigureSource } from '#base/figures.ts'
import type { RunningScheduler } from '#scheduler'
import type { LedRole } from './led-role.ts'

/** The one profile that is run in process. */
const DEFAULT_PROFILE = 'default-scheduler'

/** What the scheduler counts, by upstream's word for it. */
const RESULTS = { scheduled: 'scheduled', unschedulable: 'unschedulable', error: 'errors' } as const

/** Which of several processes leads, by its Lease. */
export const showLeading = (book: FigureBook, led: readonly LedRole[]): void =>
  book.gauge('leader_election_master_status', 'Whether this process leads: 1, or waits: 0.', () =>
    led.map(({ name, isLeading }) => ({ labels: { name }, value: isLeading ? 1 : 0 })),
  )

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
