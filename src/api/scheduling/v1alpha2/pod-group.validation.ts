import { validateConditions } from '../../core/v1/validation.conditions.ts'
import { given, needed, sameValue, wrong } from '../../core/v1/validation.ts'
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooMany,
} from '../../machinery/field-error.ts'
import { isDns1123Label, isDns1123Subdomain, isQualifiedName } from '../../machinery/names.ts'
import { HIGHEST_PRIORITY } from '../v1/system-classes.ts'
import type {
  PodGroup,
  PodGroupResourceClaim,
  PodGroupSchedulingPolicy,
  PodGroupSpec,
} from './pod-group.schema.ts'

const MAXIMUM_CLAIMS = 4
const MAXIMUM_TOPOLOGIES = 1
const MODES = ['Pod', 'PodGroup']
const IMMUTABLE = 'field is immutable'

export function validatePodGroup({ spec }: PodGroup): readonly FieldError[] {
  const { podGroupTemplateRef: template } = spec
  const path = 'spec.podGroupTemplateRef'
  const errors: FieldError[] = []
  if (template?.workload) {
    const { workloadName, podGroupTemplateName } = template.workload
    errors.push(
      ...needed(`${path}.workload.workloadName`, workloadName, isDns1123Subdomain),
      ...needed(`${path}.workload.podGroupTemplateName`, podGroupTemplateName, isDns1123Label),
    )
  } else if (template) errors.push(...exactlyOne(path, template, ['workload']))
  return [...errors, ...validateGroup('spec', spec)]
}

/**
 * A group is what it is: only its claims' statuses and conditions go on. But what nobody may say, since its gate is off, may go;
 * `isOff` tells so of a field.
 */
export function validatePodGroupUpdate(
  next: PodGroup,
  previous: PodGroup,
  isOff: (field: string) => boolean = () => false,
): readonly FieldError[] {
  const fields = [
    'podGroupTemplateRef',
    'schedulingPolicy',
    'schedulingConstraints',
    'resourceClaims',
    'disruptionMode',
    'priorityClassName',
    'priority',
  ] as const
  return fields.flatMap(field => {
    const value = next.spec[field]
    const path = `spec.${field}`
    if (sameValue(value, previous.spec[field])) return []
    if (!isOff(field)) return [invalid(path, undefined, IMMUTABLE)]
    return value === undefined ? [] : [forbidden(path)]
  })
}

export function validatePodGroupStatus({ spec, status }: PodGroup): readonly FieldError[] {
  const path = 'status.resourceClaimStatuses'
  const { conditions, resourceClaimStatuses: claims = [] } = status
  if (claims.length > MAXIMUM_CLAIMS) return [tooMany(path, claims.length, MAXIMUM_CLAIMS)]
  const known = new Set(spec.resourceClaims?.map(({ name }) => name))
  return [
    ...validateConditions('status.conditions', conditions),
    ...claims.flatMap(({ name, resourceClaimName }, index) => {
      const at = `${path}[${index}]`
      const unknown = known.has(name)
        ? []
        : [invalid(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`')]
      return [
        ...unknown,
        ...given(`${at}.resourceClaimName`, resourceClaimName, isDns1123Subdomain),
      ]
    }),
  ]
}

/** What holds for groups and for templates of groups. */
export function validateGroup(
  path: string,
  group: Omit<PodGroupSpec, 'podGroupTemplateRef'>,
): readonly FieldError[] {
  const { schedulingPolicy, disruptionMode: mode, priorityClassName, priority } = group
  const errors = [...validatePolicy(`${path}.schedulingPolicy`, schedulingPolicy)]
  const { topology = [] } = group.schedulingConstraints ?? {}
  const at = `${path}.schedulingConstraints.topology`
  if (topology.length > MAXIMUM_TOPOLOGIES)
    errors.push(tooMany(at, topology.length, MAXIMUM_TOPOLOGIES))
  else
    for (const [index, { key }] of topology.entries())
      errors.push(...needed(`${at}[${index}].key`, key, isQualifiedName))
  errors.push(...validateClaims(`${path}.resourceClaims`, group.resourceClaims))
  if (mode !== undefined && !MODES.includes(mode))
    errors.push(notSupported(`${path}.disruptionMode`, mode, MODES))
  errors.push(...given(`${path}.priorityClassName`, priorityClassName, isDns1123Subdomain))
  if (priority !== undefined && priority > HIGHEST_PRIORITY)
    errors.push(
      invalid(`${path}.priority`, priority, `must be less than or equal to ${HIGHEST_PRIORITY}`),
    )
  return errors
}

function validatePolicy(path: string, policy: PodGroupSchedulingPolicy): FieldError[] {
  const errors = exactlyOne(path, policy, ['basic', 'gang'])
  if (!policy.gang) return errors
  const { minCount } = policy.gang
  const field = `${path}.gang.minCount`
  if (minCount === 0) errors.push(required(field))
  else if (minCount < 1) errors.push(invalid(field, minCount, 'must be greater than or equal to 1'))
  return errors
}

function validateClaims(
  path: string,
  claims: readonly PodGroupResourceClaim[] = [],
): readonly FieldError[] {
  if (claims.length > MAXIMUM_CLAIMS) return [tooMany(path, claims.length, MAXIMUM_CLAIMS)]
  return claims.flatMap((claim, index) => {
    const at = `${path}[${index}]`
    const { name, resourceClaimName: existing, resourceClaimTemplateName: template } = claim
    const isAgain = claims.findIndex(other => other.name === name) !== index
    return [
      ...(isAgain ? [duplicate(at, claim)] : []),
      ...exactlyOne(at, claim, ['resourceClaimName', 'resourceClaimTemplateName']),
      ...needed(`${at}.name`, name, isDns1123Label),
      ...(existing === undefined
        ? []
        : wrong(`${at}.resourceClaimName`, existing, isDns1123Subdomain(existing))),
      ...(template === undefined
        ? []
        : wrong(`${at}.resourceClaimTemplateName`, template, isDns1123Subdomain(template))),
    ]
  })
}

/** Of fields that exclude each other one is set. */
function exactlyOne(path: string, object: object, fields: readonly string[]): FieldError[] {
  const quoted = (names: readonly string[]) => names.map(name => `\`${name}\``).join(', ')
  const set = fields.filter(name => (object as Record<string, unknown>)[name] !== undefined)
  if (set.length === 1) return []
  return set.length === 0
    ? [invalid(path, '', `must specify one of: ${quoted(fields)}`)]
    : [invalid(path, `{${quoted(set)}}`, `must specify exactly one of: ${quoted(fields)}`)]
}
