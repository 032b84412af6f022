/** For tests of jobs: the least that a job has, and what is wrong with changes of it. */
import { created, lines } from '../../core/v1/testing.ts'
import { type Job, job } from './job.ts'

export const template = {
  spec: { containers: [{ name: 'main', image: 'busybox:1' }], restartPolicy: 'Never' },
}
export const indexed = { completionMode: 'Indexed', completions: 5, parallelism: 5 }

type Spec = Readonly<Record<string, unknown>>

/** As it is stored after a create. */
export function jobWith(spec: Spec = {}, metadata: object = {}): Job {
  return created(job, {
    metadata: { name: 'web', uid: 'u1', ...metadata },
    spec: { template, ...spec },
  })
}

/** What a create is refused for. */
export function createProblems(spec: Spec, metadata: object = {}): string[] {
  const object = jobWith(spec, metadata)
  return lines([...job.validate(object), ...job.validateCreate(object)])
}
