import { validateClaimSpec } from '../../core/v1/persistent-volume-claim.validation.ts'
import type { PodTemplateSpec, Volume } from '../../core/v1/pod/pod.ts'
import {
  validateLasting,
  validatePodTemplate,
  validateTemplateMetadata,
} from '../../core/v1/pod/validation.ts'
import { given, notNegative, sameValue } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { goShown } from '../../machinery/go-shown.ts'
import { isDns1123Label } from '../../machinery/names.ts'
import type { StatefulSet, StatefulSetSpec } from './stateful-set.schema.ts'
import { rollingUpdateStatefulSetStrategy } from './stateful-set.schema.ts'
import {
  availableAreReady,
  isBroken,
  notMoreThanAll,
  numberIn,
  validateCollisions,
  validateCountOrPercent,
  validateCounts,
  validateSelection,
  validateSelector,
} from './validation.ts'

const TEMPLATE = 'spec.template'
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

export function validateStatefulSetCreate({ spec }: StatefulSet): readonly FieldError[] {
  return validateSpec(spec, { isNew: true, judgesPods: true })
}

export function validateStatefulSetUpdate(
  { spec }: StatefulSet,
  { spec: before }: StatefulSet,
): readonly FieldError[] {
  // Pods were not looked at once, so sets whose pods are wrong exist, and can still be changed.
  const judgesPods = validatePodTemplate(TEMPLATE, withClaims(before)).length === 0
  const errors = validateSpec(spec, { isNew: false, judgesPods })
  if (sameValue(lasting(spec), lasting(before))) return errors
  const why = `updates to statefulset spec for fields other than ${listed(MUTABLE)} are forbidden`
  return [...errors, forbidden('spec', why)]
}

interface Judged {
  /** What never changes is judged once. */
  readonly isNew: boolean
  readonly judgesPods: boolean
}

function validateSpec(spec: StatefulSetSpec, judged: Judged): readonly FieldError[] {
  const { selector, template, volumeClaimTemplates = [] } = spec
  const claims = judged.isNew ? volumeClaimTemplates : []
  return [
    ...validatePodManagement(spec.podManagementPolicy ?? ''),
    ...validateUpdateStrategy('spec.updateStrategy', spec),
    ...validateRetention(spec),
    ...claims.flatMap((claim, index) =>
      validateClaimSpec(`spec.volumeClaimTemplates[${index}].spec`, claim.spec),
    ),
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...notNegative('spec.ordinals.start', spec.ordinals?.start),
    ...(judged.isNew ? given('spec.serviceName', spec.serviceName, isDns1123Label) : []),
    ...validateSelector(selector, 'statefulset'),
    ...(isBroken(selector)
      ? [invalid('spec.selector', selector, '')]
      : validateTemplate(spec, judged)),
    ...validateLasting(TEMPLATE, template, 'StatefulSet'),
  ]
}

function validateTemplate(spec: StatefulSetSpec, { judgesPods }: Judged): readonly FieldError[] {
  return [
    ...validateSelection(spec),
    ...(judgesPods ? validatePodTemplate(TEMPLATE, withClaims(spec)) : []),
    // Told a second time, as upstream has it, from when pods were not looked at.
    ...validateTemplateMetadata(TEMPLATE, spec.template),
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

/** As its pods will be: a claim becomes a volume, which stands before all others and takes the place of one of its name. */
function withClaims({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  const names = new Set(volumeClaimTemplates.map(({ metadata }) => metadata.name ?? ''))
  if (names.size === 0) return template
  const claimed = (name: string): Volume => ({ name, persistentVolumeClaim: { claimName: name } })
  const others = (template.spec.volumes ?? []).filter(({ name }) => !names.has(name))
  return {
    ...template,
    spec: { ...template.spec, volumes: [...[...names].map(claimed), ...others] },
  }
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
      ? [
          invalid(
            at,
            goShown(rollingUpdateStatefulSetStrategy, rollingUpdate),
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        ]
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
