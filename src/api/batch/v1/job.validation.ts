/** What the spec of a job must obey, in a Job and in the template of a CronJob. */
import { validatePodTemplate } from '../../core/v1/pod/validation.ts'
import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { notNegative, wrong } from '../../core/v1/validation.ts'
import {
  type FieldError,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../../machinery/field-error.ts'
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  patternMessage,
  utf8Length,
} from '../../machinery/names.ts'
import type { Job, JobSpec } from './job.schema.ts'
import { validatePodFailurePolicy, validateSuccessPolicy } from './job.validation.policies.ts'

/** More pods or failed indexes at once would make the texts of indexes in the status too long. */
const MAXIMUM_INDEXED_PARALLELISM = 100_000
const MAXIMUM_FAILED_INDEXES = 100_000
export const MANY_COMPLETIONS = 100_000
const MAXIMUM_PARALLELISM_OF_MANY = 10_000
const MAXIMUM_FAILED_INDEXES_OF_MANY = 10_000
const MAXIMUM_MANAGER_BYTES = 63
const URL_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"
const urlPath = new RegExp(`^${URL_PATH}$`)

export function validateJob(job: Job): readonly FieldError[] {
  return [...validateSpecAndSelector(job), ...validateHostNames(job)]
}

export const validateSpecAndSelector = ({ spec }: Job): readonly FieldError[] => [
  ...validateJobSpec('spec', spec),
  ...validateSelector(spec),
]

function validateSelector({ selector, template }: JobSpec): FieldError[] {
  const errors = selector ? validateLabelSelector('spec.selector', selector) : []
  if (errors.length > 0) return [...errors]
  const { labels } = template.metadata
  return [
    ...(selector ? [] : [required('spec.selector')]),
    ...(labelMatcherOf(selector).matches(labels ?? {})
      ? []
      : [
          invalid(
            'spec.template.metadata.labels',
            labels,
            '`selector` does not match template `labels`',
          ),
        ]),
  ]
}

/** The pods of an indexed job have their index in their host name. */
function validateHostNames({ metadata: { name = '' }, spec }: Job): FieldError[] {
  const { completions = 0 } = spec
  if (spec.completionMode !== 'Indexed' || completions <= 0) return []
  const last = `${name}-${completions - 1}`
  if (isDns1123Label(last).length === 0) return []
  return [
    invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${last}`),
  ]
}

export function validateJobSpec(path: string, spec: JobSpec): readonly FieldError[] {
  return [
    ...validateCounts(path, spec),
    ...validateManager(`${path}.managedBy`, spec.managedBy),
    ...validateCompletionMode(path, spec),
    ...validatePodFailurePolicy(`${path}.podFailurePolicy`, spec),
    ...validateSuccessPolicy(`${path}.successPolicy`, spec),
    ...validatePodReplacementPolicy(`${path}.podReplacementPolicy`, spec),
    ...validatePodTemplate(`${path}.template`, spec.template),
    ...validateRestartPolicy(`${path}.template.spec.restartPolicy`, spec),
  ]
}

function validateCounts(path: string, spec: JobSpec): FieldError[] {
  const counts = [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const
  const errors = counts.flatMap(name => notNegative(`${path}.${name}`, spec[name]))
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  return errors
}

/** A domain and a path, such as `acme.io/job-runner`. */
function validateManager(path: string, manager: string | undefined): FieldError[] {
  if (manager === undefined) return []
  const slash = manager.indexOf('/')
  const [host, rest] = [manager.slice(0, Math.max(slash, 0)), manager.slice(slash + 1)]
  const errors: FieldError[] = []
  if (manager === '') errors.push(required(path))
  else if (host === '' || rest === '')
    errors.push(invalid(path, manager, 'must be a domain-prefixed path (such as "acme.io/foo")'))
  else {
    errors.push(...wrong(path, host, isDns1123Subdomain(host)))
    if (!urlPath.test(rest))
      errors.push(invalid(path, rest, patternMessage('Invalid path', URL_PATH)))
  }
  if (utf8Length(manager) > MAXIMUM_MANAGER_BYTES) errors.push(tooLong(path, MAXIMUM_MANAGER_BYTES))
  return errors
}

function validateCompletionMode(path: string, spec: JobSpec): FieldError[] {
  const { completionMode: mode, backoffLimitPerIndex, maxFailedIndexes } = spec
  if (mode === 'Indexed') return validateIndexed(path, spec)
  if (mode !== undefined && mode !== 'NonIndexed')
    return [notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed'])]
  const needsIndexes = { backoffLimitPerIndex, maxFailedIndexes }
  return Object.entries(needsIndexes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => invalid(`${path}.${name}`, value, 'requires indexed completion mode'))
}

function validateIndexed(path: string, spec: JobSpec): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes = 0 } = spec
  const errors: FieldError[] = []
  const atMost = (name: 'parallelism' | 'maxFailedIndexes', limit: number, why: string) => {
    if ((spec[name] ?? 0) > limit) errors.push(invalid(`${path}.${name}`, spec[name], why))
  }
  if (completions === undefined)
    errors.push(required(`${path}.completions`, 'when completion mode is Indexed'))
  if (parallelism > MAXIMUM_INDEXED_PARALLELISM)
    errors.push(
      invalid(
        `${path}.parallelism`,
        parallelism,
        `must be less than or equal to ${MAXIMUM_INDEXED_PARALLELISM} when completion mode is Indexed`,
      ),
    )
  if (completions !== undefined && maxFailedIndexes > completions)
    errors.push(
      invalid(
        `${path}.maxFailedIndexes`,
        maxFailedIndexes,
        'must be less than or equal to completions',
      ),
    )
  atMost(
    'maxFailedIndexes',
    MAXIMUM_FAILED_INDEXES,
    `must be less than or equal to ${MAXIMUM_FAILED_INDEXES}`,
  )
  if ((completions ?? 0) <= MANY_COMPLETIONS || spec.backoffLimitPerIndex === undefined)
    return errors
  if (spec.maxFailedIndexes === undefined)
    errors.push(
      required(
        `${path}.maxFailedIndexes`,
        `must be specified when completions is above ${MANY_COMPLETIONS}`,
      ),
    )
  const ofMany = (limit: number) =>
    `must be less than or equal to ${limit} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`
  atMost('parallelism', MAXIMUM_PARALLELISM_OF_MANY, ofMany(MAXIMUM_PARALLELISM_OF_MANY))
  atMost('maxFailedIndexes', MAXIMUM_FAILED_INDEXES_OF_MANY, ofMany(MAXIMUM_FAILED_INDEXES_OF_MANY))
  return errors
}

/** A failure policy judges how a pod ended, so pods that are still ending may not be replaced. */
function validatePodReplacementPolicy(path: string, spec: JobSpec): FieldError[] {
  const { podReplacementPolicy: policy, podFailurePolicy } = spec
  const allowed = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']
  return policy === undefined || allowed.includes(policy)
    ? []
    : [notSupported(path, policy, allowed)]
}

function validateRestartPolicy(path: string, spec: JobSpec): FieldError[] {
  const policy = spec.template.spec.restartPolicy ?? ''
  // Always is what pods get by default, so it counts as not said.
  if (policy === '' || policy === 'Always')
    return [required(path, 'valid values: "OnFailure", "Never"')]
  if (policy !== 'OnFailure' && policy !== 'Never')
    return [notSupported(path, policy, ['OnFailure', 'Never'])]
  return spec.podFailurePolicy && policy !== 'Never'
    ? [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    : []
}
