/** What may change in a pod that exists. Its containers run already, so it is little. */
import { type FieldError, forbidden, invalid } from '../../../machinery/field-error.ts'
import { isInRange } from '../../../machinery/names.ts'
import { differencesOf } from '../differences.ts'
import { sameValue } from '../validation.ts'
import type { Toleration } from './schema.affinity.ts'
import type { Container } from './schema.container.ts'
import type { Pod, PodSpec } from './schema.ts'
import { validateAnnotationUpdate } from './validation.annotations.ts'
import { validateSteering, withNodesOf } from './validation.gated.ts'

const LARGEST_INT32 = 2 ** 31 - 1
const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

export function validatePodUpdate(next: Pod, previous: Pod): readonly FieldError[] {
  const errors = validateAnnotationUpdate(next, previous)
  for (const list of ['containers', 'initContainers'] as const) {
    const before = previous.spec[list] ?? []
    if (before.length !== (next.spec[list] ?? []).length)
      return [...errors, forbidden(`spec.${list}`, 'pod updates may not add or remove containers')]
  }
  const { activeDeadlineSeconds: deadline } = next.spec
  // What else has changed is not told then.
  if (deadline !== undefined && isInRange(deadline, 0, LARGEST_INT32).length > 0)
    return [
      ...errors,
      invalid(
        'spec.activeDeadlineSeconds',
        deadline,
        `must be between 0 and ${LARGEST_INT32}, inclusive`,
      ),
    ]
  errors.push(
    ...validateDeadline(deadline, previous.spec.activeDeadlineSeconds),
    ...onlyMoreTolerations(next.spec.tolerations ?? [], previous.spec.tolerations ?? []),
    ...onlyFewerGates(next, previous),
  )
  const isGated = (previous.spec.schedulingGates ?? []).length > 0
  if (isGated) errors.push(...validateSteering(next.spec, previous.spec))
  const allowed = withAllowedChanges(next.spec, previous.spec)
  const differences = differencesOf(allowed, previous.spec, 'spec')
  if (differences.length > 0) {
    const shown = differences.join('\n')
    errors.push(
      forbidden('spec', `pod updates may not change fields other than ${updatable}\n${shown}\n`),
    )
  }
  return errors
}

/** The next spec with every field that may change put back: what still differs is forbidden. */
function withAllowedChanges(next: PodSpec, before: PodSpec): PodSpec {
  const restored: PodSpec = { ...next }
  restored.containers = withImagesOf(next.containers, before.containers)
  if (next.initContainers)
    restored.initContainers = withImagesOf(next.initContainers, before.initContainers ?? [])
  for (const field of ['activeDeadlineSeconds', 'tolerations', 'schedulingGates'] as const)
    takeOver(restored, before, field)
  const grace = before.terminationGracePeriodSeconds ?? 0
  if (grace < 0 && next.terminationGracePeriodSeconds === 1)
    restored.terminationGracePeriodSeconds = grace
  // While it is gated no scheduler has looked at the pod, so it may still be steered.
  if (before.schedulingGates?.length) {
    takeOver(restored, before, 'nodeSelector')
    restored.affinity = withNodesOf(next.affinity, before.affinity)
  }
  return restored
}

function takeOver<K extends keyof PodSpec>(target: PodSpec, source: PodSpec, field: K): void {
  if (source[field] === undefined) delete target[field]
  else target[field] = source[field]
}

function withImagesOf(next: readonly Container[], before: readonly Container[]): Container[] {
  return next.map((container, index) => {
    const { image: _, ...rest } = container
    const image = before[index]?.image
    return image === undefined ? rest : { ...rest, image }
  })
}

function validateDeadline(next: number | undefined, before: number | undefined): FieldError[] {
  const field = 'spec.activeDeadlineSeconds'
  if (next === undefined)
    return before === undefined
      ? []
      : [invalid(field, next, 'must not update from a positive integer to nil value')]
  if (next === 0) return []
  return before !== undefined && before < next
    ? [invalid(field, next, 'must be less than or equal to previous value')]
    : []
}

function onlyMoreTolerations(
  next: readonly Toleration[],
  before: readonly Toleration[],
): FieldError[] {
  const withoutTime = ({ tolerationSeconds: _, ...rest }: Toleration) => rest
  const areAllThere = before.every(old =>
    next.some(toleration => sameValue(withoutTime(old), withoutTime(toleration))),
  )
  return areAllThere
    ? []
    : [
        forbidden(
          'spec.tolerations',
          'existing toleration can not be modified except its tolerationSeconds',
        ),
      ]
}

function onlyFewerGates(next: Pod, previous: Pod): FieldError[] {
  const before = new Set((previous.spec.schedulingGates ?? []).map(({ name }) => name))
  return (next.spec.schedulingGates ?? []).flatMap(({ name }, index) =>
    before.has(name)
      ? []
      : [
          forbidden(
            `spec.schedulingGates[${index}].name`,
            `only deletion is allowed, but found new scheduling gate '${name}'`,
          ),
        ],
  )
}
