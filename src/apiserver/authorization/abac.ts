/**
 * Attribute based access: a file of policies, one JSON object a line (abac.authorization.kubernetes.io/v1beta1, or the form before it had a
 * version). Read once, at the start.
 */
import { isPlainObject } from '#api/machinery/plain.ts'
import { UserError } from '#base/errors.ts'
import { ALL_AUTHENTICATED, type UserInfo } from '../authentication/authenticator.ts'
import { type Attributes, type Authorizer, allow, noOpinion } from './authorizer.ts'

export interface AbacPolicy {
  readonly user: string
  readonly group: string
  /** Whether it lets look alone. */
  readonly readonly: boolean
  readonly apiGroup: string
  readonly resource: string
  readonly namespace: string
  readonly nonResourcePath: string
}

const API_VERSION = 'abac.authorization.kubernetes.io/v1beta1'
const LOOKS = ['get', 'list', 'watch']

/** `path` is for messages. Throws a UserError. */
export function abacPoliciesIn(text: string, path: string): readonly AbacPolicy[] {
  return text.split('\n').flatMap((line, i) => {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return []
    try {
      return [policyIn(trimmed)]
    } catch (error) {
      throw new UserError(
        `error reading policy file ${path}, line ${i + 1}: ${trimmed}: ${(error as Error).message}`,
      )
    }
  })
}

function policyIn(text: string): AbacPolicy {
  const value: unknown = JSON.parse(text)
  if (!isPlainObject(value)) throw new Error('it is no object')
  const { apiVersion, kind, spec } = value
  if (apiVersion === undefined && kind === undefined) return unversioned(value)
  if (apiVersion !== API_VERSION || kind !== 'Policy')
    throw new Error(
      `no kind ${JSON.stringify(kind ?? '')} is registered for version ${JSON.stringify(apiVersion ?? '')}`,
    )
  const { user, group, ...rest } = fieldsOf(isPlainObject(spec) ? spec : {})
  // Everybody means everybody who proved to be somebody.
  const isForAll = user === '*' || group === '*'
  return {
    ...rest,
    user: user === '*' ? '' : user,
    group: isForAll ? ALL_AUTHENTICATED : group,
  }
}

/** What was not said there meant everything. */
function unversioned(value: Readonly<Record<string, unknown>>): AbacPolicy {
  const { user, group, readonly, resource, namespace } = fieldsOf(value)
  const isForAll = user === '' && group === ''
  return {
    user: user === '*' ? '' : user,
    group: isForAll || user === '*' || group === '*' ? ALL_AUTHENTICATED : group,
    readonly,
    apiGroup: '*',
    resource: resource || '*',
    namespace: namespace || '*',
    nonResourcePath: resource === '' && namespace === '' ? '*' : '',
  }
}

function fieldsOf(value: Readonly<Record<string, unknown>>): AbacPolicy {
  const text = (name: string) => {
    const given = value[name] ?? ''
    if (typeof given !== 'string') throw new Error(`${name} is no text`)
    return given
  }
  return {
    user: text('user'),
    group: text('group'),
    readonly: value.readonly === true,
    apiGroup: text('apiGroup'),
    resource: text('resource'),
    namespace: text('namespace'),
    nonResourcePath: text('nonResourcePath'),
  }
}

export function abacAuthorizer(policies: readonly AbacPolicy[]): Authorizer {
  return {
    authorize: attributes =>
      policies.some(policy => allows(policy, attributes))
        ? allow()
        : noOpinion('No policy matched.'),
    rulesFor(user, inNamespace) {
      const rules = policies
        .filter(policy => isFor(policy, user) && fits(policy.namespace, inNamespace))
        .flatMap(({ readonly, apiGroup, resource, nonResourcePath }) => {
          const verbs = readonly ? LOOKS : ['*']
          return [
            ...(resource === '' ? [] : [{ verbs, apiGroups: [apiGroup], resources: [resource] }]),
            ...(nonResourcePath === '' ? [] : [{ verbs, nonResourceURLs: [nonResourcePath] }]),
          ]
        })
      return { rules, incomplete: false, errors: [] }
    },
  }
}

function isFor({ user, group }: AbacPolicy, who: UserInfo): boolean {
  if (user === '' && group === '') return false
  return (user === '' || user === who.name) && (group === '' || who.groups.includes(group))
}

const fits = (wanted: string, given: string) => wanted === '*' || wanted === given

function allows(policy: AbacPolicy, attributes: Attributes): boolean {
  const { user, verb, group, resource, namespace, path, isResourceRequest } = attributes
  if (!isFor(policy, user) || (policy.readonly && !LOOKS.includes(verb))) return false
  if (isResourceRequest)
    return (
      fits(policy.namespace, namespace) &&
      fits(policy.resource, resource) &&
      fits(policy.apiGroup, group)
    )
  const { nonResourcePath: wanted } = policy
  return wanted.endsWith('*')
    ? path.startsWith(wanted.slice(0, -1))
    : wanted === path && path !== ''
}
