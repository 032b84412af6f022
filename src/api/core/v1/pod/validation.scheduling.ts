import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts'
import type { LabelSelector } from '../../../machinery/metadata.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isQualifiedName,
} from '../../../machinery/names.ts'
import { validateLabelSelector } from '../validation.selectors.ts'
import { among, wrong } from '../validation.ts'
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

const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const MUST_BE_WEIGHT = 'must be in the range 1-100'
const NO_SELECTOR = 'must not be specified when labelSelector is not set'
const BOTH_KEYS = 'exists in both matchLabelKeys and mismatchLabelKeys'
const IN_SELECTOR = 'exists in both matchLabelKeys and labelSelector'
const CAN_NOT_BE_EMPTY = 'can not be empty'

/** Beside its affinity. */
export function validateScheduling(path: string, spec: PodSpec): readonly FieldError[] {
  return [
    ...validateGates(`${path}.schedulingGates`, spec),
    ...validateSpread(`${path}.topologySpreadConstraints`, spec.topologySpreadConstraints ?? []),
  ]
}

export function validateAffinity(path: string, affinity: Affinity): readonly FieldError[] {
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
    errors.push(...validateNodeTerm(`${at}.preference`, preference, false))
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

/** What is only preferred may ask for values that no label can have. */
function validateNodeTerm(
  path: string,
  term: NodeSelectorTerm,
  isNeeded = true,
): readonly FieldError[] {
  const errors = (term.matchExpressions ?? []).flatMap((requirement, index) =>
    validateNodeRequirement(`${path}.matchExpressions[${index}]`, requirement, isNeeded),
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
    else
      for (const [place, value] of values.entries())
        errors.push(...wrong(`${at}.values[${place}]`, value, isDns1123Subdomain(value)))
  }
  return errors
}

function validateNodeRequirement(
  path: string,
  { key, operator, values = [] }: NodeSelectorRequirement,
  isNeeded: boolean,
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
  for (const [index, value] of isNeeded ? values.entries() : [])
    errors.push(...wrong(`${path}.values[${index}]`, value, isLabelValue(value)))
  return errors
}

function validatePodTerm(path: string, term: PodAffinityTerm): readonly FieldError[] {
  const { topologyKey, labelSelector } = term
  const errors = [
    ...validateLabelSelector(`${path}.labelSelector`, labelSelector),
    ...validateLabelSelector(`${path}.namespaceSelector`, term.namespaceSelector),
  ]
  for (const name of term.namespaces ?? [])
    errors.push(...wrong(`${path}.namespace`, name, isDns1123Label(name)))
  const { matchLabelKeys = [], mismatchLabelKeys = [] } = term
  errors.push(
    ...validateLabelKeys(`${path}.matchLabelKeys`, matchLabelKeys, labelSelector),
    ...validateLabelKeys(`${path}.mismatchLabelKeys`, mismatchLabelKeys, labelSelector),
    ...keysBeside(path, matchLabelKeys, labelSelector),
  )
  for (const [index, key] of matchLabelKeys.entries())
    if (mismatchLabelKeys.includes(key))
      errors.push(invalid(`${path}.matchLabelKeys[${index}]`, key, BOTH_KEYS))
  if (!topologyKey) errors.push(required(`${path}.topologyKey`, CAN_NOT_BE_EMPTY))
  return [...errors, ...wrong(`${path}.topologyKey`, topologyKey, isQualifiedName(topologyKey))]
}

/** Keys whose values in the pod's own labels are added to the selector. */
function validateLabelKeys(
  path: string,
  keys: readonly string[],
  selector: LabelSelector | undefined,
): readonly FieldError[] {
  if (keys.length > 0 && !selector) return [forbidden(path, NO_SELECTOR)]
  return keys.flatMap((key, index) => wrong(`${path}[${index}]`, key, isQualifiedName(key)))
}

/** By now the key is there once for the pod's own label; once more is what its author wrote. Upstream's path leaves out the field. */
function keysBeside(
  path: string,
  keys: readonly string[],
  selector: LabelSelector | undefined,
): readonly FieldError[] {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}))
  return (selector?.matchExpressions ?? []).flatMap(({ key }) => {
    const isTwice = seen.has(key)
    seen.add(key)
    const at = keys.lastIndexOf(key)
    return isTwice && at >= 0 ? [invalid(`${path}[${at}]`, key, IN_SELECTOR)] : []
  })
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
  if (effect) errors.push(...among(`${path}.effect`, effect, TAINT_EFFECTS))
  return errors
}

function validateSpread(
  path: string,
  constraints: readonly TopologySpreadConstraint[],
): readonly FieldError[] {
  const pairs = constraints.map(pairOf)
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains, matchLabelKeys = [] } = constraint
    const errors: FieldError[] = []
    if (maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'))
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, CAN_NOT_BE_EMPTY))
    errors.push(
      ...among(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']),
    )
    const pair = pairOf(constraint)
    // The first is refused, for what comes after it.
    if (pairs.includes(pair, index + 1))
      errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair))
    if (minDomains !== undefined && minDomains <= 0)
      errors.push(invalid(`${at}.minDomains`, minDomains, 'must be greater than zero'))
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule')
      errors.push(
        invalid(
          `${at}.minDomains`,
          minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
        ),
      )
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const)
      if (constraint[field] !== undefined)
        errors.push(...among(`${at}.${field}`, constraint[field], ['Honor', 'Ignore']))
    errors.push(
      ...validateLabelKeys(`${at}.matchLabelKeys`, matchLabelKeys, constraint.labelSelector),
      ...keysBeside(at, matchLabelKeys, constraint.labelSelector),
    )
    return [...errors, ...validateLabelSelector(`${at}.labelSelector`, constraint.labelSelector)]
  })
}

const pairOf = ({ topologyKey, whenUnsatisfiable }: TopologySpreadConstraint) =>
  `{${topologyKey}, ${whenUnsatisfiable}}`

function validateGates(path: string, spec: PodSpec): readonly FieldError[] {
  const gates = spec.schedulingGates ?? []
  const names = new Set<string>()
  return gates.flatMap(({ name }, index) => {
    const field = `${path}[${index}]`
    const isTwice = names.has(name)
    names.add(name)
    return [
      ...wrong(field, name, isQualifiedName(name)),
      ...(isTwice ? [duplicate(field, name)] : []),
    ]
  })
}
