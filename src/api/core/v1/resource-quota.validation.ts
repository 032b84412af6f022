import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { isQuotaResource } from './resource-names.ts'
import type {
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from './resource-quota.schema.ts'
import { type Amounts, validateAmount, validateQuotaResourceName } from './validation.resources.ts'

const computeResources = [
  'cpu',
  'memory',
  'limits.cpu',
  'limits.memory',
  'requests.cpu',
  'requests.memory',
]
const ofPods = new Set(['pods', ...computeResources])
const ofVolumes = new Set(['persistentvolumeclaims', 'requests.storage'])

/** Which resources can be counted by scope. */
const scopes: Readonly<Record<string, ReadonlySet<string>>> = {
  BestEffort: new Set(['pods']),
  NotBestEffort: ofPods,
  Terminating: ofPods,
  NotTerminating: ofPods,
  CrossNamespacePodAffinity: ofPods,
  PriorityClass: ofPods,
  VolumeAttributesClass: ofVolumes,
}

/** Nothing is in both. */
const contradictions = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const

/** Scopes that are or are not, without values. */
const plainScopes = [
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]

export function validateResourceQuota({ spec }: ResourceQuota): readonly FieldError[] {
  return [
    ...validateAmounts('spec.hard', spec.hard),
    ...validateScopes(spec),
    ...validateScopeSelector(spec),
  ]
}

export function validateResourceQuotaStatus({ status }: ResourceQuota): readonly FieldError[] {
  return [
    ...validateAmounts('status.hard', status.hard),
    ...validateAmounts('status.used', status.used),
  ]
}

export function validateResourceQuotaUpdate(
  next: ResourceQuota,
  previous: ResourceQuota,
): readonly FieldError[] {
  const setOf = ({ spec }: ResourceQuota) => [...new Set(spec.scopes)].toSorted().join()
  return setOf(next) === setOf(previous)
    ? []
    : [invalid('spec.scopes', next.spec.scopes, 'field is immutable')]
}

function validateAmounts(path: string, amounts: Amounts = {}): readonly FieldError[] {
  return Object.entries(amounts).flatMap(([name, amount]) => [
    ...validateQuotaResourceName(`${path}[${name}]`, name),
    ...validateAmount(`${path}[${name}]`, name, amount),
  ])
}

function validateScopes({ scopes: names = [], hard = {} }: ResourceQuotaSpec): FieldError[] {
  const field = 'spec.scopes'
  const errors: FieldError[] = []
  for (const name of names) {
    if (!Object.hasOwn(scopes, name)) errors.push(invalid(field, names, 'unsupported scope'))
    for (const _ of uncountableIn(name, hard))
      errors.push(invalid(field, names, 'unsupported scope applied to resource'))
  }
  return [...errors, ...contradictionsIn(names).map(text => invalid(field, names, text))]
}

function validateScopeSelector(spec: ResourceQuotaSpec): FieldError[] {
  const { scopeSelector, hard = {} } = spec
  const path = 'spec.scopeSelector.matchExpressions'
  const requirements = scopeSelector?.matchExpressions ?? []
  const errors = requirements.flatMap(requirement => {
    const { scopeName } = requirement
    return [
      ...(Object.hasOwn(scopes, scopeName)
        ? []
        : [invalid(`${path}.scopeName`, scopeName, 'unsupported scope')]),
      ...uncountableIn(scopeName, hard).map(() =>
        invalid(path, scopeSelector, 'unsupported scope applied to resource'),
      ),
      ...validateRequirement(path, requirement),
    ]
  })
  const names = requirements.map(({ scopeName }) => scopeName)
  return [...errors, ...contradictionsIn(names).map(text => invalid(path, spec.scopes, text))]
}

function validateRequirement(
  path: string,
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
): FieldError[] {
  const errors: FieldError[] = []
  if (plainScopes.includes(scopeName) && operator !== 'Exists')
    errors.push(
      invalid(
        `${path}.operator`,
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      ),
    )
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      errors.push(
        required(
          `${path}.values`,
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
      )
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(
        invalid(
          `${path}.values`,
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
      )
  } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  return errors
}

/** The resources of the quota that the scope cannot count. */
function uncountableIn(scope: string, hard: Amounts): string[] {
  const countable = Object.hasOwn(scopes, scope) ? scopes[scope] : undefined
  if (!countable) return []
  return Object.keys(hard).filter(name => isQuotaResource(name) && !countable.has(name))
}

function contradictionsIn(names: readonly string[]): string[] {
  return contradictions
    .filter(pair => pair.every(name => names.includes(name)))
    .map(() => 'conflicting scopes')
}
