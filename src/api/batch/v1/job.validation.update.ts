/** What may change in a job that exists: little, unless it is suspended and nothing of it runs. */
import type { Affinity } from '../../core/v1/pod/schema.affinity.ts'
import type { PodSpec, PodTemplateSpec } from '../../core/v1/pod/schema.ts'
import { immutable, sameValue } from '../../core/v1/validation.ts'
import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { immutableStruct } from '../../machinery/go-shown.ts'
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import { labelSelector } from '../../machinery/metadata.ts'
import { hasCondition } from './job.conditions.ts'
import { CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME } from './job.labels.ts'
import { podFailurePolicy, successPolicy } from './job.schema.policies.ts'
import type { Job, JobSpec } from './job.schema.ts'

const NEVER_CHANGE = [
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const
const POLICIES = { podFailurePolicy, successPolicy } as const

export function validateJobUpdate(next: Job, previous: Job): readonly FieldError[] {
  const [spec, before] = [next.spec, previous.spec]
  return [
    ...validateCompletions(spec, before),
    ...immutableStruct('spec.selector', labelSelector, spec.selector, before.selector),
    ...validateTemplate(spec.template, previous),
    ...NEVER_CHANGE.flatMap(name =>
      name === 'podFailurePolicy' || name === 'successPolicy'
        ? immutableStruct(`spec.${name}`, POLICIES[name], spec[name], before[name])
        : immutable(`spec.${name}`, spec[name], before[name]),
    ),
  ]
}

/** The server makes selector and labels from name and uid, unless the client says that it takes care itself. */
export function validateGeneratedSelector(job: Job, previous?: Job): FieldError[] {
  const { selector, manualSelector, template } = job.spec
  if (manualSelector || !selector) return []
  const { uid = '', name = '' } = job.metadata
  const expected: Record<string, string> = {
    [LEGACY_CONTROLLER_UID]: uid,
    [LEGACY_JOB_NAME]: name,
    ...(needsPrefixed(previous) ? { [CONTROLLER_UID]: uid, [JOB_NAME]: name } : {}),
  }
  const errors = uid === '' ? [required('metadata.uid')] : []
  const labels = template.metadata.labels ?? {}
  for (const [key, value] of Object.entries(expected)) {
    const field = `spec.template.metadata.labels[${key}]`
    if (!Object.hasOwn(labels, key)) errors.push(required(field, `must be '${value}'`))
    else if (labels[key] !== value) errors.push(invalid(field, labels, `must be '${value}'`))
  }
  if (!selectsOrIsBroken(selector, expected))
    errors.push(invalid('spec.selector', selector, '`selector` not auto-generated'))
  return errors
}

/** Jobs from before these labels existed may go on without them. */
function needsPrefixed(previous: Job | undefined): boolean {
  if (!previous) return true
  const labels = previous.spec.template.metadata.labels ?? {}
  return Object.hasOwn(labels, JOB_NAME) && Object.hasOwn(labels, CONTROLLER_UID)
}

/** What is wrong in a selector itself is said elsewhere. */
function selectsOrIsBroken(
  selector: NonNullable<JobSpec['selector']>,
  labels: Readonly<Record<string, string>>,
): boolean {
  try {
    return labelMatcherOf(selector).matches(labels)
  } catch {
    return true
  }
}

/** An indexed job grows and shrinks as a whole. */
function validateCompletions(spec: JobSpec, before: JobSpec): readonly FieldError[] {
  const field = 'spec.completions'
  const { completions, parallelism } = spec
  if (spec.completionMode !== 'Indexed') return immutable(field, completions, before.completions)
  if (completions === before.completions || completions === undefined) return []
  return completions === parallelism
    ? []
    : [invalid(field, completions, 'can only be modified in tandem with spec.parallelism')]
}

function validateTemplate(template: PodTemplateSpec, previous: Job): readonly FieldError[] {
  const before = previous.spec.template
  if (!canBeSteered(previous)) return immutable('spec.template', template, before)
  const allowed = withResourcesOf(withDirectivesOf(before.spec, template.spec), template.spec)
  return immutable('spec.template.spec', template.spec, allowed)
}

/** Suspended, and no pod runs nor ran since, so a queue may still say where the pods go and what they get. */
function canBeSteered({ spec, status }: Job): boolean {
  const isOver = status.startTime === undefined || hasCondition(status, 'Suspended')
  return spec.suspend === true && (status.active ?? 0) === 0 && isOver
}

function withDirectivesOf(before: PodSpec, next: PodSpec): PodSpec {
  const { affinity: _, nodeSelector: __, tolerations: ___, schedulingGates: ____, ...rest } = before
  const affinity = withNodeAffinityOf(before.affinity, next.affinity)
  return {
    ...rest,
    ...(affinity ? { affinity } : {}),
    ...(next.nodeSelector ? { nodeSelector: next.nodeSelector } : {}),
    ...(next.tolerations ? { tolerations: next.tolerations } : {}),
    ...(next.schedulingGates ? { schedulingGates: next.schedulingGates } : {}),
  }
}

/** An affinity that said nothing else may go with its part about nodes. */
function withNodeAffinityOf(before: Affinity | undefined, next: Affinity | undefined) {
  if (!before && !next) return undefined
  const { nodeAffinity: _, ...others } = before ?? {}
  if (!next && sameValue(others, {})) return undefined
  return next?.nodeAffinity ? { ...others, nodeAffinity: next.nodeAffinity } : others
}

function withResourcesOf(before: PodSpec, next: PodSpec): PodSpec {
  const take = (list: 'containers' | 'initContainers') => {
    const [old = [], fresh = []] = [before[list], next[list]]
    if (old.length !== fresh.length) return old
    return old.map((container, index) => {
      const other = fresh[index]
      return other && other.name === container.name
        ? { ...container, resources: other.resources }
        : container
    })
  }
  return {
    ...before,
    containers: take('containers'),
    ...(before.initContainers ? { initContainers: take('initContainers') } : {}),
  }
}
