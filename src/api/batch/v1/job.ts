import { defaultPodTemplate } from '../../core/v1/pod/defaults.ts'
import { defineKind } from '../../machinery/kind.ts'
import { jobColumns } from './job.columns.ts'
import { generateSelector, shareLabels } from './job.labels.ts'
import { type Job, jobShape } from './job.schema.ts'
import { validateJobStatusUpdate } from './job.validation.status.ts'
import { validateJob, validateSpecAndSelector } from './job.validation.ts'
import { validateGeneratedSelector, validateJobUpdate } from './job.validation.update.ts'
import { jobWarnings } from './job.warnings.ts'

export type * from './job.schema.policies.ts'
export type * from './job.schema.ts'

export const job = defineKind<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  scope: 'Namespaced',
  shape: jobShape,
  hasGeneration: true,
  defaults: defaultJob,
  prepareForCreate: draft => {
    if (!draft.spec.manualSelector) generateSelector(draft)
    // Labels that were empty, or are so no more.
    shareLabels(draft)
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    shareLabels(draft)
    draft.status = previous.status
  },
  prepareForStatusUpdate: shareLabels,
  validateCreate: object => [...validateGeneratedSelector(object), ...validateJob(object)],
  validateUpdate: (next, previous) => [
    ...validateGeneratedSelector(next, previous),
    ...validateJob(next),
    // Said a second time, as upstream has it.
    ...validateSpecAndSelector(next),
    ...validateJobUpdate(next, previous),
  ],
  validateStatusUpdate: validateJobStatusUpdate,
  fieldSelectors: { 'status.successful': ({ status }) => String(status.succeeded ?? 0) },
  warnings: jobWarnings,
  columns: jobColumns,
  subresources: { status: true },
})

const BACKOFF_LIMIT = 6
/** Failures count by index then, so the limit of the whole job must not come first. */
const UNLIMITED = 2 ** 31 - 1

function defaultJob(draft: Job): void {
  const { spec } = draft
  if (spec.parallelism === undefined) {
    spec.completions ??= 1
    spec.parallelism = 1
  }
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? BACKOFF_LIMIT : UNLIMITED
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  spec.manualSelector ??= false
  defaultPodTemplate(spec.template)
  shareLabels(draft)
}
