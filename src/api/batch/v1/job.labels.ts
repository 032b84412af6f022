/** The labels by which a job knows its pods. */
import { keysInOrder } from '../../machinery/plain.ts'
import type { Job } from './job.schema.ts'

export const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid'
export const JOB_NAME = 'batch.kubernetes.io/job-name'
/** Without a domain, as they were called at first. */
export const LEGACY_CONTROLLER_UID = 'controller-uid'
export const LEGACY_JOB_NAME = 'job-name'

/**
 * A job without labels of its own has those of its pods: the very same, so that it gets those too which the server makes
 * for them, though nobody owns these.
 */
export function shareLabels({ metadata, spec }: Job): void {
  const { labels } = spec.template.metadata
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = labels
}

/** Gives a new job a selector that no other job can have, and its pods the labels for it; what is there already stays. */
export function generateSelector(draft: Job): void {
  const { metadata, spec } = draft
  const { name = '', uid = '' } = metadata
  const pods = spec.template.metadata
  const areShared = metadata.labels === pods.labels
  pods.labels = inOrder({
    [LEGACY_JOB_NAME]: name,
    [JOB_NAME]: name,
    [LEGACY_CONTROLLER_UID]: uid,
    [CONTROLLER_UID]: uid,
    ...pods.labels,
  })
  if (areShared) metadata.labels = pods.labels
  spec.selector ??= {}
  spec.selector.matchLabels = inOrder({ [CONTROLLER_UID]: uid, ...spec.selector.matchLabels })
}

/** As decoding leaves them, and refusals show them. */
const inOrder = (labels: Record<string, string>): Record<string, string> =>
  Object.fromEntries(keysInOrder(labels).map(key => [key, labels[key] ?? '']))
