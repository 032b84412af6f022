import { isOtherSpec, nameWarnings } from '../../apps/v1/warnings.ts'
import { podWarnings } from '../../core/v1/pod/warnings.ts'
import type { Job, JobSpec } from './job.schema.ts'
import { MANY_COMPLETIONS } from './job.validation.ts'

/** With more at once, and many failed indexes, the text of completed indexes may become too long. */
const MUCH_PARALLELISM = 10_000

export function jobWarnings(job: Job, previous: Job | undefined): readonly string[] {
  if (!isOtherSpec(job, previous)) return []
  return [...nameWarnings(job, previous), ...jobSpecWarnings('spec', job.spec)]
}

export function jobSpecWarnings(path: string, spec: JobSpec): readonly string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec
  const isLarge =
    completionMode === 'Indexed' && completions > MANY_COMPLETIONS && parallelism > MUCH_PARALLELISM
  return [
    ...(isLarge
      ? [
          `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
        ]
      : []),
    ...podWarnings(`${path}.template.spec`, spec.template.spec, spec.template.metadata.annotations),
  ]
}
