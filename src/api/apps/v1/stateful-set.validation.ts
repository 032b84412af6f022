import { validateClaimSpec } from '../../core/v1/persistent-volume-claim.validation.ts'
import type { PodTemplateSpec, Volume } from '../../core/v1/pod/pod.ts'
import { validateLastingTemplate } from '../../core/v1/pod/validation.ts'
import { given, notNegative, sameValue } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { isDns1123Label } from '../../machinery/names.ts'
import type { StatefulSet, StatefulSetSpec } from './stateful-set.schema.ts'
import {
  availableAreReady,
  notMoreThanAll,
  numberIn,
  validateCollisions,
  validateCountOrPercent,
  validateCounts,
  validateSelection,
} from './validation.ts'

const POLICIES = ['OrderedReady', 'Parallel']
const RETENTIONS = ['Retain', 'Delete']
const COUNTS = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas']
const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const

export function validateStatefulSet({ spec }: StatefulSet): readonly FieldError[] {
  return [
    ...validatePodManagement(spec.podManagementPolicy ?? ''),
    ...validateUpdateStrategy('spec.updateStrategy', spec),
    ...validateRetention(spec),
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...notNegative('spec.ordinals.start', spec.ordinals?.start),
    ...validateSelection(spec),
  ]
}

export function validateStatefulSetCreate({ spec }: StatefulSet): readonly FieldError[] {
  return [
    ...given('spec.serviceName', spec.serviceName, isDns1123Label),
    ...validateTemplate(spec),
    ...(spec.volumeClaimTemplates ?? []).flatMap((claim, index) =>
      validateClaimSpec(`spec.volumeClaimTemplates[${index}].spec`, claim.spec),
    ),
  ]
}

export function validateStatefulSetUpdate(
  { spec }: StatefulSet,
  { spec: before }: StatefulSet,
): readonly FieldError[] {
  // Pods were not looked at once, so sets whose pods are wrong exist, and can still be changed.
  const wasWrong = validateTemplate(before).length > 0
  return [
    ...(wasWrong ? [] : validateTemplate(spec)),
    ...(sameValue(lasting(spec), lasting(before))
      ? []
      : [
          forbidden(
            'spec',
            `updates to statefulset spec for fields other than ${listed(MUTABLE)} are forbidden`,
          ),
        ]),
  ]
}

export function validateStatefulSetStatus(
  { status }: StatefulSet,
  previous: StatefulSet,
): readonly FieldError[] {
  return [
    ...validateCounts(status, COUNTS),
    ...availableAreReady(status, 'status.readyReplicas'),
    ...validateCollisions(status, previous.status),
  ]
}

/** What never changes. */
function lasting(spec: StatefulSetSpec): Partial<StatefulSetSpec> {
  const rest: Partial<StatefulSetSpec> = { ...spec }
  for (const field of MUTABLE) delete rest[field]
  return rest
}

/** `'a', 'b' and 'c'`. */
function listed(names: readonly string[]): string {
  const quoted = names.map(name => `'${name}'`)
  return `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`
}

function validateTemplate(spec: StatefulSetSpec): readonly FieldError[] {
  return validateLastingTemplate('spec.template', withClaims(spec), 'StatefulSet')
}

/** As its pods will be: a claim becomes a volume, and takes the place of a volume of its name. */
function withClaims({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  const names = new Set(volumeClaimTemplates.map(({ metadata }) => metadata.name ?? ''))
  if (names.size === 0) return template
  const { volumes = [] } = template.spec
  const claimed = (name: string): Volume => ({ name, persistentVolumeClaim: { claimName: name } })
  const own = volumes.map(volume => (names.has(volume.name) ? claimed(volume.name) : volume))
  const taken = new Set(volumes.map(({ name }) => name))
  const further = [...names].filter(name => !taken.has(name)).map(claimed)
  return { ...template, spec: { ...template.spec, volumes: [...own, ...further] } }
}

function validatePodManagement(policy: string): FieldError[] {
  const field = 'spec.podManagementPolicy'
  if (policy === '') return [required(field)]
  return POLICIES.includes(policy)
    ? []
    : [invalid(field, policy, "must be 'OrderedReady' or 'Parallel'")]
}

function validateUpdateStrategy(path: string, { updateStrategy }: StatefulSetSpec): FieldError[] {
  const { type, rollingUpdate } = updateStrategy
  const at = `${path}.rollingUpdate`
  if (!type) return [required(path)]
  if (type === 'OnDelete')
    return rollingUpdate
      ? [invalid(at, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
      : []
  if (type !== 'RollingUpdate')
    return [invalid(path, updateStrategy, "must be 'RollingUpdate' or 'OnDelete'")]
  const { partition, maxUnavailable } = rollingUpdate ?? {}
  const errors = [...notNegative(`${at}.partition`, partition)]
  if (maxUnavailable === undefined) return errors
  const field = `${at}.maxUnavailable`
  return [
    ...errors,
    ...validateCountOrPercent(field, maxUnavailable),
    ...(numberIn(maxUnavailable) === 0 ? [invalid(field, maxUnavailable, 'cannot be 0')] : []),
    ...notMoreThanAll(field, maxUnavailable),
  ]
}

function validateRetention(spec: StatefulSetSpec): FieldError[] {
  const policy = spec.persistentVolumeClaimRetentionPolicy
  if (!policy) return []
  return (['whenDeleted', 'whenScaled'] as const)
    .filter(name => !RETENTIONS.includes(policy[name] ?? ''))
    .map(name =>
      notSupported(`spec.persistentVolumeClaimRetentionPolicy.${name}`, policy[name], RETENTIONS),
    )
}
