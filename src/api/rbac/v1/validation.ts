import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { needed, wrong } from '../../core/v1/validation.ts'
import { type FieldError, invalid, notSupported, required } from '../../machinery/field-error.ts'
import { goShown, isSameStruct } from '../../machinery/go-shown.ts'
import { isDns1123Subdomain, isPathSegment } from '../../machinery/names.ts'
import { RBAC_GROUP } from './defaults.ts'
import type { AggregationRule, PolicyRule, RoleRef, Subject } from './rules.ts'
import { roleRef } from './rules.ts'

export function validateRules(
  rules: readonly PolicyRule[],
  scope: 'Namespaced' | 'Cluster',
): readonly FieldError[] {
  return rules.flatMap((rule, index) => validateRule(`rules[${index}]`, rule, scope))
}

function validateRule(
  path: string,
  rule: PolicyRule,
  scope: 'Namespaced' | 'Cluster',
): readonly FieldError[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  const errors: FieldError[] = []
  if (verbs.length === 0)
    errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'))
  if (nonResourceURLs.length > 0) {
    const field = `${path}.nonResourceURLs`
    if (scope === 'Namespaced')
      errors.push(
        invalid(field, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'),
      )
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0)
      errors.push(
        invalid(
          field,
          nonResourceURLs,
          'rules cannot apply to both regular resources and non-resource URLs',
        ),
      )
    return errors
  }
  if (apiGroups.length === 0)
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  if (resources.length === 0)
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'))
  return errors
}

export function validateAggregation(rule: AggregationRule | undefined): readonly FieldError[] {
  if (!rule) return []
  const path = 'aggregationRule.clusterRoleSelectors'
  const selectors = rule.clusterRoleSelectors ?? []
  if (selectors.length === 0)
    return [
      required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'),
    ]
  return selectors.flatMap((selector, index) => {
    const field = `${path}[${index}]`
    const errors = validateLabelSelector(field, selector)
    // Upstream then reads it too, and shows what came of that: nothing.
    return errors.length > 0 ? [...errors, invalid(field, null, 'invalid label selector.')] : []
  })
}

interface Binding {
  readonly subjects?: readonly Subject[]
  readonly roleRef: RoleRef
}

export function validateBinding(
  { subjects = [], roleRef }: Binding,
  scope: 'Namespaced' | 'Cluster',
): readonly FieldError[] {
  const kinds = scope === 'Cluster' ? ['ClusterRole'] : ['Role', 'ClusterRole']
  const errors: FieldError[] = []
  if (roleRef.apiGroup !== RBAC_GROUP)
    errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup, [RBAC_GROUP]))
  if (!kinds.includes(roleRef.kind)) errors.push(notSupported('roleRef.kind', roleRef.kind, kinds))
  errors.push(...needed('roleRef.name', roleRef.name, isPathSegment))
  return [
    ...errors,
    ...subjects.flatMap((subject, index) => validateSubject(`subjects[${index}]`, subject, scope)),
  ]
}

function validateSubject(
  path: string,
  subject: Subject,
  scope: 'Namespaced' | 'Cluster',
): readonly FieldError[] {
  const { kind, apiGroup = '', name, namespace = '' } = subject
  const errors: FieldError[] = name ? [] : [required(`${path}.name`)]
  if (kind === 'ServiceAccount') {
    if (name) errors.push(...wrong(`${path}.name`, name, isDns1123Subdomain(name)))
    if (apiGroup !== '') errors.push(notSupported(`${path}.apiGroup`, apiGroup, ['']))
    // In a namespace, upstream lets it be left out, though nobody is meant then.
    if (namespace === '' && scope === 'Cluster') errors.push(required(`${path}.namespace`))
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== RBAC_GROUP)
      errors.push(notSupported(`${path}.apiGroup`, apiGroup, [RBAC_GROUP]))
  } else errors.push(notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']))
  return errors
}

/** Who may change the subjects shall not thereby change what is granted to them. */
export function roleRefStays(next: Binding, previous: Binding): readonly FieldError[] {
  return isSameStruct(roleRef, next.roleRef, previous.roleRef)
    ? []
    : [invalid('roleRef', goShown(roleRef, next.roleRef), 'cannot change roleRef')]
}
