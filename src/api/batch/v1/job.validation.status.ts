/**
 * What a job's status may say. Any controller may look after a job, so the server itself sees to it that clients can
 * rely on what is final. Most rules are asked only when what they are about changes: a status that is off already, or
 * that a new spec put off, can still be corrected step by step.
 */
import { messageOf } from '#base/errors.ts'
import { notNegative, sameValue } from '../../core/v1/validation.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  invalidAsWhole,
  required,
} from '../../machinery/field-error.ts'
import { hasCondition, isFinished, type JobConditionType } from './job.conditions.ts'
import { countIndexes, firstOverlap } from './job.indexes.ts'
import type { Job, JobStatus } from './job.schema.ts'

export function validateJobStatusUpdate(next: Job, previous: Job): readonly FieldError[] {
  const change = changeOf(next, previous)
  return [
    ...validateCounts(next.status),
    ...validateUncounted(next.status),
    ...validateConditions(change),
    ...validateTimes(change),
    ...validateEnd(change),
    ...validateIndexes(change),
    ...validateTransition(change),
  ]
}

/** Both states and what differs between them. */
interface Change {
  readonly next: Job
  readonly previous: Job
  readonly turned: (...types: readonly JobConditionType[]) => boolean
  readonly changed: (...fields: readonly (keyof JobStatus)[]) => boolean
  readonly ended: boolean
}

function changeOf(next: Job, previous: Job): Change {
  const [after, before] = [next.status, previous.status]
  return {
    next,
    previous,
    turned: (...types) =>
      types.some(type => hasCondition(after, type) !== hasCondition(before, type)),
    changed: (...fields) => fields.some(field => differs(after[field], before[field])),
    ended: isFinished(after) !== isFinished(before),
  }
}

/** An empty text is not like an absent one: it says that there are no such indexes. */
function differs(after: unknown, before: unknown): boolean {
  const isText = typeof after === 'string' || typeof before === 'string'
  return isText ? after !== before : !sameValue(after, before)
}

function validateCounts(status: JobStatus): FieldError[] {
  const counts = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const
  return counts.flatMap(name => notNegative(`status.${name}`, status[name]))
}

function validateUncounted({ uncountedTerminatedPods: pods = {} }: JobStatus): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const list of ['succeeded', 'failed'] as const)
    for (const [index, uid] of (pods[list] ?? []).entries()) {
      const field = `status.uncountedTerminatedPods.${list}[${index}]`
      if (uid === '') errors.push(invalid(field, uid, 'must not be empty'))
      else if (seen.has(uid)) errors.push(duplicate(field, uid))
      seen.add(uid)
    }
  return errors
}

const CONDITIONS = 'status.conditions'

function validateConditions({ next: { spec, status }, turned }: Change): FieldError[] {
  const has = (type: JobConditionType) => hasCondition(status, type)
  const isComplete = has('Complete')
  const isGood = has('SuccessCriteriaMet')
  const rules: [isBroken: boolean, message: string][] = [
    [
      turned('Complete', 'Failed') && isComplete && has('Failed'),
      'cannot set Complete=True and Failed=true conditions',
    ],
    [
      turned('Complete', 'FailureTarget') && isComplete && has('FailureTarget'),
      'cannot set Complete=True and FailureTarget=true conditions',
    ],
    [
      turned('Failed', 'FailureTarget') && has('Failed') && !has('FailureTarget'),
      'cannot set Failed=True condition without the FailureTarget=true condition',
    ],
    [
      turned('Complete', 'SuccessCriteriaMet') && isComplete && !isGood,
      'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ],
    [isGood && has('Failed'), 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
    [
      isGood && has('FailureTarget'),
      'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
    ],
    [
      spec.successPolicy !== undefined && !isGood && isComplete,
      'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
    ],
  ]
  return brokenOf(rules)
}

function brokenOf(rules: readonly [isBroken: boolean, message: string][]): FieldError[] {
  return rules
    .filter(([isBroken]) => isBroken)
    .map(([, message]) => invalidAsWhole(CONDITIONS, message))
}

function validateTimes({ next: { status }, turned, changed }: Change): FieldError[] {
  const { startTime, completionTime } = status
  const field = 'status.completionTime'
  const errors: FieldError[] = []
  if (turned('Complete') || changed('completionTime')) {
    const isComplete = hasCondition(status, 'Complete')
    if (completionTime && !isComplete)
      errors.push(
        invalid(
          field,
          completionTime,
          'cannot set completionTime when there is no Complete=True condition',
        ),
      )
    if (!completionTime && isComplete)
      errors.push(required(field, 'completionTime is required for Complete jobs'))
  }
  const isBefore = startTime && completionTime && Date.parse(completionTime) < Date.parse(startTime)
  if (changed('startTime', 'completionTime') && isBefore)
    errors.push(invalid(field, completionTime, 'completionTime cannot be set before startTime'))
  return errors
}

/** A finished job has no pods left, and all of them are counted. */
function validateEnd({ next: { status }, changed, ended }: Change): FieldError[] {
  const { active = 0, ready, terminating = 0, startTime, uncountedTerminatedPods } = status
  const errors: FieldError[] = []
  if (isFinished(status)) {
    if ((ended || changed('active')) && active > 0)
      errors.push(invalid('status.active', active, 'active>0 is invalid for finished job'))
    if ((ended || changed('startTime')) && startTime === undefined)
      errors.push(required('status.startTime', 'startTime is required for finished job'))
    const { failed = [], succeeded = [] } = uncountedTerminatedPods ?? {}
    if ((ended || changed('uncountedTerminatedPods')) && failed.length + succeeded.length > 0)
      errors.push(
        invalid(
          'status.uncountedTerminatedPods',
          uncountedTerminatedPods,
          'uncountedTerminatedPods needs to be empty for finished job',
        ),
      )
    if ((ended || changed('terminating')) && terminating > 0)
      errors.push(
        invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'),
      )
  }
  if (changed('ready', 'active') && ready !== undefined && ready > active)
    errors.push(invalid('status.ready', ready, 'cannot set more ready pods than active'))
  return errors
}

function validateIndexes({ next: { spec, status }, changed }: Change): FieldError[] {
  const { completions, backoffLimitPerIndex: limit } = spec
  const { completedIndexes = '', failedIndexes } = status
  const errors: FieldError[] = []
  if (changed('completedIndexes')) {
    if (completions !== undefined)
      errors.push(...unreadable('completedIndexes', completedIndexes, completions))
    if (completedIndexes !== '' && spec.completionMode !== 'Indexed')
      errors.push(
        invalid(
          'status.completedIndexes',
          completedIndexes,
          'cannot set non-empty completedIndexes when non-indexed completion mode',
        ),
      )
  }
  if (failedIndexes === undefined || !changed('failedIndexes', 'completedIndexes')) return errors
  if (changed('failedIndexes')) {
    if (completions !== undefined && limit !== undefined)
      errors.push(...unreadable('failedIndexes', failedIndexes, completions))
    if (limit === undefined)
      errors.push(
        invalid(
          'status.failedIndexes',
          failedIndexes,
          'cannot set non-null failedIndexes when backoffLimitPerIndex is null',
        ),
      )
  }
  const overlap =
    completions === undefined
      ? undefined
      : firstOverlap(completedIndexes, failedIndexes, completions)
  if (overlap !== undefined)
    errors.push(
      invalid(
        'status.failedIndexes',
        failedIndexes,
        `failedIndexes and completedIndexes overlap at index: ${overlap}`,
      ),
    )
  return errors
}

function unreadable(
  name: 'completedIndexes' | 'failedIndexes',
  text: string,
  completions: number,
): FieldError[] {
  try {
    countIndexes(text, completions)
    return []
  } catch (thrown) {
    return [invalid(`status.${name}`, text, `error parsing ${name}: ${messageOf(thrown)}`)]
  }
}

/** What was said for good stays said, and counters only grow. */
function validateTransition({ next, previous }: Change): FieldError[] {
  const [after, before] = [next.status, previous.status]
  const had = (type: JobConditionType) => hasCondition(before, type)
  const lost = (type: JobConditionType) => had(type) && !hasCondition(after, type)
  const terminal = ['Failed', 'Complete', 'FailureTarget'] as const
  const isGood = hasCondition(after, 'SuccessCriteriaMet')
  return [
    ...brokenOf(
      terminal.map(type => [lost(type), `cannot disable the terminal ${type}=True condition`]),
    ),
    ...validateCounters(next, previous),
    ...validateTimeTransition(next, previous),
    ...brokenOf([
      [lost('SuccessCriteriaMet'), 'cannot disable the SuccessCriteriaMet=True condition'],
      [
        had('Complete') && !had('SuccessCriteriaMet') && isGood,
        'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions',
      ],
    ]),
  ]
}

function validateCounters({ spec, status }: Job, previous: Job): FieldError[] {
  const errors: FieldError[] = []
  const shrank = (name: 'failed' | 'succeeded') =>
    (status[name] ?? 0) < (previous.status[name] ?? 0)
  if (shrank('failed'))
    errors.push(invalid('status.failed', status.failed ?? 0, 'cannot decrease the failed counter'))
  // Such a job can be made smaller, and then what succeeded beyond its end does not count any more.
  const mayShrink = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  if (shrank('succeeded') && !mayShrink)
    errors.push(
      invalid('status.succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter'),
    )
  return errors
}

function validateTimeTransition({ spec, status }: Job, previous: Job): FieldError[] {
  const { startTime, completionTime } = status
  const before = previous.status
  const errors: FieldError[] = []
  if (completionTime && before.completionTime && completionTime !== before.completionTime)
    errors.push(
      invalid('status.completionTime', completionTime, 'completionTime cannot be mutated'),
    )
  if (before.startTime && startTime !== before.startTime && !spec.suspend)
    errors.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'))
  return errors
}
