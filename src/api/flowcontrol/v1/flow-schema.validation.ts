import { wrong } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { goShown, isSameStruct } from '../../machinery/go-shown.ts'
import { isDns1123Label, isDns1123Subdomain } from '../../machinery/names.ts'
import type {
  FlowSchema,
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from './flow-schema.schema.ts'
import { flowSchemaSpec } from './flow-schema.schema.ts'
import { EXEMPT, MANDATORY_FLOW_SCHEMAS } from './mandatory.ts'

const MAXIMUM_PRECEDENCE = 10_000
const DISTINGUISHERS = ['ByNamespace', 'ByUser']
const VERBS = 'create delete deletecollection get list patch proxy update watch'.split(' ')
const SUBJECT_FIELDS = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const

export function validateFlowSchema({ metadata, spec }: FlowSchema): readonly FieldError[] {
  const { name = '' } = metadata
  const errors = [...validatePrecedence(name, spec), ...validateTarget(spec)]
  for (const [index, rule] of (spec.rules ?? []).entries())
    errors.push(...validateRule(`spec.rules[${index}]`, rule))
  const mandatory = MANDATORY_FLOW_SCHEMAS.get(name)
  if (mandatory && !isSameStruct(flowSchemaSpec, spec, mandatory))
    errors.push(
      invalid(
        'spec',
        goShown(flowSchemaSpec, spec),
        `spec of '${name}' must equal the fixed value`,
      ),
    )
  return errors
}

function validatePrecedence(
  name: string,
  { matchingPrecedence: precedence }: FlowSchemaSpec,
): FieldError[] {
  const because = (why: string) => [invalid('spec.matchingPrecedence', precedence, why)]
  if (precedence <= 0) return because('must be a positive value')
  if (precedence > MAXIMUM_PRECEDENCE)
    return because(`must not be greater than ${MAXIMUM_PRECEDENCE}`)
  if (precedence === 1 && name !== EXEMPT)
    return because("only the schema named 'exempt' may have matchingPrecedence 1")
  return []
}

function validateTarget(spec: FlowSchemaSpec): FieldError[] {
  const { distinguisherMethod: method, priorityLevelConfiguration: level } = spec
  const errors: FieldError[] = []
  if (method && !DISTINGUISHERS.includes(method.type))
    errors.push(
      notSupported('spec.distinguisherMethod.type', { Type: method.type }, DISTINGUISHERS),
    )
  const at = 'spec.priorityLevelConfiguration.name'
  if (!level.name) errors.push(required(at, 'must reference a priority level'))
  else errors.push(...wrong(at, level.name, isDns1123Subdomain(level.name)))
  return errors
}

function validateRule(path: string, rule: PolicyRulesWithSubjects): FieldError[] {
  const { subjects, resourceRules = [], nonResourceRules = [] } = rule
  const errors: FieldError[] = []
  for (const [index, subject] of subjects.entries())
    errors.push(...validateSubject(`${path}.subjects[${index}]`, subject))
  if (subjects.length === 0)
    errors.push(required(`${path}.subjects`, 'subjects must contain at least one value'))
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    errors.push(
      required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'),
    )
  for (const [index, each] of resourceRules.entries())
    errors.push(...validateResourceRule(`${path}.resourceRules[${index}]`, each))
  for (const [index, each] of nonResourceRules.entries())
    errors.push(...validateNonResourceRule(`${path}.nonResourceRules[${index}]`, each))
  return errors
}

function validateSubject(path: string, subject: Subject): FieldError[] {
  const kinds = Object.keys(SUBJECT_FIELDS) as (keyof typeof SUBJECT_FIELDS)[]
  const own = kinds.find(kind => kind === subject.kind)
  if (!own) return [notSupported(`${path}.kind`, subject.kind, kinds.toSorted())]
  const others = (['ServiceAccount', 'User', 'Group'] as const).filter(kind => kind !== own)
  const errors = [...validateNamed(path, own, subject)]
  for (const kind of others) {
    const field = SUBJECT_FIELDS[kind]
    if (subject[field])
      errors.push(
        forbidden(`${path}.${field}`, `${field} is forbidden when subject kind is not '${kind}'`),
      )
  }
  return errors
}

function validateNamed(
  path: string,
  kind: keyof typeof SUBJECT_FIELDS,
  subject: Subject,
): FieldError[] {
  const field = SUBJECT_FIELDS[kind]
  const at = `${path}.${field}`
  const named = subject[field]
  if (!named) return [required(at, `${field} is required when subject kind is '${kind}'`)]
  const errors = named.name ? [] : [required(`${at}.name`)]
  if (!('namespace' in named)) return errors
  const { name, namespace } = named
  if (name && name !== '*') errors.push(...wrong(`${at}.name`, name, isDns1123Subdomain(name)))
  if (namespace) errors.push(...wrong(`${at}.namespace`, namespace, isDns1123Label(namespace)))
  else errors.push(required(`${at}.namespace`, 'must specify namespace for service account'))
  return errors
}

function validateResourceRule(path: string, rule: ResourcePolicyRule): FieldError[] {
  const { namespaces, clusterScope = false } = rule
  const errors = [
    ...validateVerbs(path, rule.verbs),
    ...validateWords(path, 'apiGroups', rule.apiGroups, 'api group'),
    ...validateWords(path, 'resources', rule.resources, 'resource'),
  ]
  const at = `${path}.namespaces`
  if (namespaces.length === 0 && !clusterScope)
    errors.push(
      required(at, 'resource rules that are not cluster scoped must supply at least one namespace'),
    )
  if (namespaces.includes('*')) return [...errors, ...alone(at, namespaces, 'namespaces')]
  for (const [index, namespace] of namespaces.entries())
    for (const why of isDns1123Label(namespace))
      errors.push(
        invalid(
          `${at}[${index}]`,
          namespace,
          `each member of this list must be '*' or a DNS-1123 label; ${why}`,
        ),
      )
  return errors
}

function validateNonResourceRule(path: string, rule: NonResourcePolicyRule): FieldError[] {
  const { verbs, nonResourceURLs: urls } = rule
  const errors = [...validateVerbs(path, verbs)]
  const at = `${path}.nonResourceURLs`
  if (urls.length === 0)
    errors.push(required(at, 'nonResourceURLs must contain at least one value'))
  if (urls.includes('*')) return [...errors, ...alone(at, urls, 'non-resource URLs')]
  for (const [index, url] of urls.entries())
    errors.push(...wrong(`${at}[${index}]`, url, wrongPath(url)))
  return errors
}

function validateVerbs(path: string, verbs: readonly string[]): FieldError[] {
  const at = `${path}.verbs`
  if (verbs.length === 0) return [required(at, 'verbs must contain at least one value')]
  if (verbs.includes('*')) return alone(at, verbs, 'verbs')
  return verbs.every(verb => VERBS.includes(verb)) ? [] : [notSupported(at, verbs, VERBS)]
}

function validateWords(
  path: string,
  field: string,
  words: readonly string[],
  what: string,
): FieldError[] {
  const at = `${path}.${field}`
  if (words.length === 0) return [required(at, `resource rules must supply at least one ${what}`)]
  return words.includes('*') ? alone(at, words, `${what}s`) : []
}

/** `*` says everything, so nothing may stand beside it. */
function alone(at: string, words: readonly string[], what: string): FieldError[] {
  if (words.length === 1) return []
  return [invalid(at, words, `if '*' is present, must not specify other ${what}`)]
}

function wrongPath(path: string): string[] {
  if (path === '') return ['must not be empty']
  if (path === '/') return []
  if (!path.startsWith('/')) return ['must start with slash']
  if (path.includes(' ')) return ['must not contain white-space']
  if (path.includes('//')) return ['must not contain double slash']
  const star = path.indexOf('*')
  const isSuffix = star === path.length - 1 && path.endsWith('/*')
  return star < 0 || isSuffix ? [] : ['wildcard can only do suffix matching']
}
