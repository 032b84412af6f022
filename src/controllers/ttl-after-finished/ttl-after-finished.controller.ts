/** Deletes finished jobs after their time to live. */
import { job } from '#api/batch/v1/job.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { wakeSelf } from '../runner/wake.ts'
import { measureDeletions } from './ttl-after-finished.figures.ts'
import { reconcile } from './ttl-after-finished.reconcile.ts'

export function ttlAfterFinishedController(context: ControllerContext): Controller {
  const jobs = context.informers.for(job)
  return {
    name: 'ttl-after-finished-controller',
    workers: 5,
    counted: measureDeletions(context.figures, () => context.clock.now()),
    views: [{ kind: job, informer: jobs }],
    wake: queue => wakeSelf(queue, jobs),
    reconcile(key) {
      const found = jobs.get(key)
      return found ? reconcile(found, context.clock.now()) : { writes: [] }
    },
  }
}
