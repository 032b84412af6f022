/** The labels by which a job knows its pods. */
import type { Job } from './job.schema.ts'

export const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid'
export const JOB_NAME = 'batch.kubernetes.io/job-name'
/** Without a domain, as they were called at first. */
export const LEGACY_CONTROLLER_UID = 'controller-uid'
export const LEGACY_JOB_NAME = 'job-name'

/** Gives a new job a selector that no other job can have, and its pods the labels for it; what is there already stays. */
export function generateSelector(draft: Job): void {
  const { metadata, spec } = draft
  const { name = '', uid = '' } = metadata
  spec.template.metadata.labels = {
    [LEGACY_JOB_NAME]: name,
    [JOB_NAME]: name,
    [LEGACY_CONTROLLER_UID]: uid,
    [CONTROLLER_UID]: uid,
    ...spec.template.metadata.labels,
  }
  spec.selector ??= {}
  spec.selector.matchLabels = { [CONTROLLER_UID]: uid, ...spec.selector.matchLabels }
}

/** A job without labels of its own gets those of its pods. */
export function labelsFromTemplate({ metadata, spec }: Job): void {
  const { labels } = spec.template.metadata
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
}
