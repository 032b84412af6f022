/** Rules that webhooks and policies share. */

import type { Seen } from '../../cel/admission-types.ts'
import { variableTypes, wrongExpression } from '../../cel/expressions.ts'
import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { needed, wrong } from '../../core/v1/validation.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  required,
  tooMany,
} from '../../machinery/field-error.ts'
import {
  isDns1035Label,
  isDns1123Subdomain,
  isPathSegment,
  isQualifiedName,
} from '../../machinery/names.ts'
import type {
  MatchCondition,
  MatchResources,
  NamedRuleWithOperations,
  ParamKind,
  RuleWithOperations,
  Variable,
} from './rules.schema.ts'

const MAXIMUM_MATCH_CONDITIONS = 64
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const SCOPES = ['*', 'Cluster', 'Namespaced']

/** Where the value is given, it must be one of `supported`. */
export function supported(
  field: string,
  value: string | undefined,
  values: readonly string[],
): readonly FieldError[] {
  return value === undefined || values.includes(value) ? [] : [notSupported(field, value, values)]
}

export function validateRule(path: string, rule: RuleWithOperations): readonly FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule
  return [
    ...aloneOrMany(`${path}.operations`, operations, 'operations'),
    ...operations.flatMap((operation, index) =>
      supported(`${path}.operations[${index}]`, operation, OPERATIONS),
    ),
    ...aloneOrMany(`${path}.apiGroups`, apiGroups, 'API groups'),
    ...aloneOrMany(`${path}.apiVersions`, apiVersions, 'API versions'),
    ...apiVersions.flatMap((version, index) => needed(`${path}.apiVersions[${index}]`, version)),
    ...validateResources(`${path}.resources`, resources),
    ...supported(`${path}.scope`, scope, SCOPES),
  ]
}

/** At least one, and `*` only by itself. */
function aloneOrMany(field: string, values: readonly string[], what: string): FieldError[] {
  if (values.length === 0) return [required(field)]
  return values.length > 1 && values.includes('*')
    ? [invalid(field, values, `if '*' is present, must not specify other ${what}`)]
    : []
}

function validateResources(field: string, resources: readonly string[]): FieldError[] {
  const errors = resources.length === 0 ? [required(field)] : []
  const allOf = new Set<string>()
  const everywhere = new Set<string>()
  let lastIsPlain = false
  for (const [index, text] of resources.entries()) {
    const path = `${field}[${index}]`
    if (text === '') {
      errors.push(required(path))
      continue
    }
    const slash = text.indexOf('/')
    if (slash < 0) {
      lastIsPlain = text !== '*'
      continue
    }
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)]
    const without = (pattern: string) =>
      invalid(path, text, `if '${pattern}' is present, must not specify ${text}`)
    if (allOf.has(resource)) errors.push(without(`${resource}/*`))
    if (everywhere.has(subresource)) errors.push(without(`*/${subresource}`))
    if (subresource === '*') allOf.add(resource)
    if (resource === '*') everywhere.add(subresource)
  }
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalid(field, resources, "if '*/*' is present, must not specify other resources"))
  if (resources.includes('*') && lastIsPlain)
    errors.push(
      invalid(
        field,
        resources,
        "if '*' is present, must not specify other resources without subresources",
      ),
    )
  return errors
}

export function validateMatchResources(
  path: string,
  match: MatchResources | undefined,
): readonly FieldError[] {
  if (!match) return []
  const rules = (field: 'resourceRules' | 'excludeResourceRules') =>
    (match[field] ?? []).flatMap((rule, index) =>
      validateNamedRule(`${path}.${field}[${index}]`, rule),
    )
  return [
    ...supported(`${path}.matchPolicy`, match.matchPolicy, ['Equivalent', 'Exact']),
    ...validateLabelSelector(`${path}.namespaceSelector`, match.namespaceSelector),
    ...validateLabelSelector(`${path}.objectSelector`, match.objectSelector),
    ...rules('resourceRules'),
    ...rules('excludeResourceRules'),
  ]
}

function validateNamedRule(path: string, rule: NamedRuleWithOperations): readonly FieldError[] {
  const { resourceNames = [] } = rule
  const names = resourceNames.flatMap((name, index) => {
    const field = `${path}.resourceNames[${index}]`
    const isAgain = resourceNames.indexOf(name) < index
    return [
      ...wrong(field, name, isPathSegment(name)),
      ...(isAgain ? [duplicate(field, name)] : []),
    ]
  })
  return [...names, ...validateRule(path, rule)]
}

/** What expressions of webhooks and policies see; variables only where there are some, or in such. */
export function seenWith({
  hasParams = false,
  variables,
}: {
  hasParams?: boolean
  variables?: readonly Variable[] | undefined
}): Seen {
  if (!variables) return { hasParams }
  return { hasParams, variables: variableTypes(variables.filter(isDeclared), { hasParams }) }
}

const isDeclared = ({ name, expression }: Variable) =>
  isCelIdentifier(name) && expression.trim() !== ''

export function validateMatchConditions(
  path: string,
  conditions: readonly MatchCondition[] = [],
  hasParams = false,
): readonly FieldError[] {
  const seen = seenWith({ hasParams })
  const errors =
    conditions.length > MAXIMUM_MATCH_CONDITIONS
      ? [tooMany(path, conditions.length, MAXIMUM_MATCH_CONDITIONS)]
      : []
  for (const [index, { name, expression }] of conditions.entries()) {
    const at = `${path}[${index}]`
    errors.push(...needed(`${at}.expression`, expression.trim()))
    errors.push(...wrongExpression(`${at}.expression`, expression.trim(), { seen }))
    errors.push(...needed(`${at}.name`, name, isQualifiedName))
    if (name !== '' && conditions.findIndex(each => each.name === name) < index)
      errors.push(duplicate(`${at}.name`, name))
  }
  return errors
}

export function validateParamKind(
  path: string,
  paramKind: ParamKind | undefined,
): readonly FieldError[] {
  if (!paramKind) return []
  const { apiVersion = '', kind = '' } = paramKind
  return [
    ...validateApiVersion(`${path}.apiVersion`, apiVersion),
    ...needed(`${path}.kind`, kind, () => {
      const problems = isDns1035Label(kind.toLowerCase())
      return problems.length === 0
        ? []
        : [`may have mixed case, but should otherwise match: ${problems.join(',')}`]
    }),
  ]
}

function validateApiVersion(field: string, apiVersion: string): readonly FieldError[] {
  if (apiVersion === '') return [required(field)]
  const parts = apiVersion.split('/')
  if (parts.length > 2)
    return [invalid(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)]
  const version = parts.at(-1) ?? ''
  const group = parts.length === 2 ? (parts[0] ?? '') : ''
  const joined = (value: string, problems: readonly string[]) =>
    problems.length === 0 ? [] : [invalid(field, value, problems.join(','))]
  return [
    ...(group === '' ? [] : joined(group, isDns1123Subdomain(group))),
    ...(version === ''
      ? [invalid(field, apiVersion, 'version must be specified')]
      : joined(version, isDns1035Label(version))),
  ]
}

export function validateVariables(
  path: string,
  variables: readonly Variable[] = [],
  hasParams = false,
): readonly FieldError[] {
  return variables.flatMap(({ name, expression }, index) => {
    const at = `${path}[${index}]`
    const errors: FieldError[] = []
    if (name.trim() === '') errors.push(required(`${at}.name`, 'name is not specified'))
    else if (!isCelIdentifier(name))
      errors.push(invalid(`${at}.name`, name, 'must be a valid CEL identifier'))
    if (expression.trim() === '')
      errors.push(required(`${at}.expression`, 'expression is not specified'))
    // Each sees those before it.
    const seen = seenWith({ hasParams, variables: variables.slice(0, index) })
    errors.push(...wrongExpression(`${at}.expression`, expression, { type: 'dyn', seen }))
    return errors
  })
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)
const isCelIdentifier = (text: string) =>
  /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(text) && !RESERVED.has(text)
