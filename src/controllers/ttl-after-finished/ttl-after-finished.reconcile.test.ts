import type { Job } from '#api/batch/v1/job.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { reconcile } from './ttl-after-finished.reconcile.ts'

const NOW = '2026-01-01T00:00:00Z'

interface State {
  readonly ttl?: number
  readonly deleting?: boolean
  readonly conditions: readonly object[]
}

testScenarios<State>(
  new URL('ttl-after-finished.scenarios.txt', import.meta.url),
  ({ ttl, deleting, conditions }) => {
    const job = {
      metadata: {
        name: 'work',
        resourceVersion: '7',
        ...(deleting ? { deletionTimestamp: NOW } : {}),
      },
      spec: ttl === undefined ? {} : { ttlSecondsAfterFinished: ttl },
      status: { conditions },
    } as unknown as Job
    return showOutcome(reconcile(job, Date.parse(NOW)), undefined)
  },
)
