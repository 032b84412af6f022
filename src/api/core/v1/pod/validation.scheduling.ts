import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts'
import { isLabelValue, isQualifiedName } from '../../../machinery/names.ts'
import { validateLabels } from '../../../machinery/validate-metadata.ts'
import { validateLabelSelector } from '../validation.selectors.ts'
import { needed, oneOf, wrong } from '../validation.ts'
import type {
  Affinity,
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from './schema.affinity.ts'
import type { PodSpec } from './schema.ts'

const TAINT_EFFECTS = ['NoExecute', 'NoSchedule', 'PreferNoSchedule']
const MUST_BE_WEIGHT = 'must be in the range 1-100'
const CAN_NOT_BE_EMPTY = 'can not be empty'

export function validateScheduling(path: string, spec: PodSpec): readonly FieldError[] {
  return [
    ...validateLabels(`${path}.nodeSelector`, spec.nodeSelector),
    ...validateAffinity(`${path}.affinity`, spec.affinity ?? {}),
    ...validateTolerations(`${path}.tolerations`, spec.tolerations ?? []),
    ...validateSpread(`${path}.topologySpreadConstraints`, spec.topologySpreadConstraints ?? []),
    ...validateGates(`${path}.schedulingGates`, spec),
  ]
}

function validateAffinity(path: string, affinity: Affinity): readonly FieldError[] {
  return [
    ...validateNodeAffinity(`${path}.nodeAffinity`, affinity.nodeAffinity ?? {}),
    ...(['podAffinity', 'podAntiAffinity'] as const).flatMap(field => [
      ...(affinity[field]?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(
        (term, index) =>
          validatePodTerm(
            `${path}.${field}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`,
            term,
          ),
      ),
      ...(affinity[field]?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(
        (term, index) =>
          validateWeightedTerm(
            `${path}.${field}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`,
            term,
          ),
      ),
    ]),
  ]
}

function validateNodeAffinity(path: string, affinity: NodeAffinity): readonly FieldError[] {
  const errors: FieldError[] = []
  const needs = affinity.requiredDuringSchedulingIgnoredDuringExecution
  if (needs)
    errors.push(
      ...validateNodeSelector(`${path}.requiredDuringSchedulingIgnoredDuringExecution`, needs),
    )
  const wishes = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []
  for (const [index, { weight, preference }] of wishes.entries()) {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`
    if (weight < 1 || weight > 100) errors.push(invalid(`${at}.weight`, weight, MUST_BE_WEIGHT))
    errors.push(...validateNodeTerm(`${at}.preference`, preference))
  }
  return errors
}

export function validateNodeSelector(
  path: string,
  { nodeSelectorTerms }: NodeSelector,
): readonly FieldError[] {
  const at = `${path}.nodeSelectorTerms`
  if (nodeSelectorTerms.length === 0)
    return [required(at, 'must have at least one node selector term')]
  return nodeSelectorTerms.flatMap((term, index) => validateNodeTerm(`${at}[${index}]`, term))
}

function validateNodeTerm(path: string, term: NodeSelectorTerm): readonly FieldError[] {
  const errors = (term.matchExpressions ?? []).flatMap((requirement, index) =>
    validateNodeRequirement(`${path}.matchExpressions[${index}]`, requirement),
  )
  for (const [index, { key, operator, values = [] }] of (term.matchFields ?? []).entries()) {
    const at = `${path}.matchFields[${index}]`
    if (operator !== 'In' && operator !== 'NotIn')
      errors.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'))
    else if (values.length !== 1)
      errors.push(
        required(
          `${at}.values`,
          "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        ),
      )
    if (key !== 'metadata.name')
      errors.push(invalid(`${at}.key`, key, 'not a valid field selector key'))
  }
  return errors
}

function validateNodeRequirement(
  path: string,
  { key, operator, values = [] }: NodeSelectorRequirement,
): FieldError[] {
  const errors: FieldError[] = []
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      errors.push(
        required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"),
      )
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(
        forbidden(
          `${path}.values`,
          "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
      )
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1)
      errors.push(
        required(
          `${path}.values`,
          "must be specified single value when `operator` is 'Lt' or 'Gt'",
        ),
      )
  } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  errors.push(...wrong(`${path}.key`, key, isQualifiedName(key)))
  for (const [index, value] of values.entries())
    errors.push(...wrong(`${path}.values[${index}]`, value, isLabelValue(value)))
  return errors
}

function validatePodTerm(path: string, term: PodAffinityTerm): readonly FieldError[] {
  const { topologyKey, labelSelector } = term
  const errors = [
    ...validateLabelSelector(`${path}.labelSelector`, labelSelector),
    ...validateLabelSelector(`${path}.namespaceSelector`, term.namespaceSelector),
  ]
  for (const field of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
    if (term[field]?.length && !labelSelector)
      errors.push(
        forbidden(`${path}.${field}`, 'must not be specified when labelSelector is not set'),
      )
  }
  if (!topologyKey) errors.push(required(`${path}.topologyKey`, CAN_NOT_BE_EMPTY))
  else errors.push(...wrong(`${path}.topologyKey`, topologyKey, isQualifiedName(topologyKey)))
  return errors
}

function validateWeightedTerm(
  path: string,
  { weight, podAffinityTerm }: WeightedPodAffinityTerm,
): readonly FieldError[] {
  const errors = validatePodTerm(`${path}.podAffinityTerm`, podAffinityTerm)
  return weight >= 1 && weight <= 100
    ? errors
    : [invalid(`${path}.weight`, weight, MUST_BE_WEIGHT), ...errors]
}

export function validateTolerations(
  path: string,
  tolerations: readonly Toleration[],
): readonly FieldError[] {
  return tolerations.flatMap((toleration, index) =>
    validateToleration(`${path}[${index}]`, toleration),
  )
}

function validateToleration(path: string, toleration: Toleration): readonly FieldError[] {
  const { key = '', operator = '', value = '', effect = '' } = toleration
  const errors: FieldError[] = []
  if (key) errors.push(...wrong(`${path}.key`, key, isQualifiedName(key)))
  if (!key && operator !== 'Exists')
    errors.push(
      invalid(
        `${path}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    )
  if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute')
    errors.push(
      invalid(
        `${path}.effect`,
        effect,
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      ),
    )
  if (operator === '' || operator === 'Equal') {
    const messages = isLabelValue(value)
    if (messages.length > 0) errors.push(invalid(`${path}.operator`, value, messages.join(';')))
  } else if (operator === 'Exists') {
    if (value)
      errors.push(
        invalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'"),
      )
  } else errors.push(notSupported(`${path}.operator`, operator, ['Equal', 'Exists']))
  if (effect) errors.push(...oneOf(`${path}.effect`, effect, TAINT_EFFECTS))
  return errors
}

function validateSpread(
  path: string,
  constraints: readonly TopologySpreadConstraint[],
): readonly FieldError[] {
  const pairs = new Set<string>()
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint
    const errors: FieldError[] = []
    if (maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'))
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, CAN_NOT_BE_EMPTY))
    else errors.push(...wrong(`${at}.topologyKey`, topologyKey, isQualifiedName(topologyKey)))
    errors.push(
      ...oneOf(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']),
    )
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`
    if (pairs.has(pair)) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair))
    pairs.add(pair)
    if (minDomains !== undefined && minDomains <= 0)
      errors.push(invalid(`${at}.minDomains`, minDomains, 'must be greater than zero'))
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule')
      errors.push(
        invalid(
          `${at}.minDomains`,
          minDomains,
          'can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
        ),
      )
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const)
      if (constraint[field] !== undefined)
        errors.push(...oneOf(`${at}.${field}`, constraint[field], ['Honor', 'Ignore']))
    return [...errors, ...validateLabelSelector(`${at}.labelSelector`, constraint.labelSelector)]
  })
}

function validateGates(path: string, spec: PodSpec): readonly FieldError[] {
  const gates = spec.schedulingGates ?? []
  const names = new Set<string>()
  return gates.flatMap(({ name }, index) => {
    const field = `${path}[${index}].name`
    const isTwice = names.has(name)
    names.add(name)
    return [...needed(field, name, isQualifiedName), ...(isTwice ? [duplicate(field, name)] : [])]
  })
}
