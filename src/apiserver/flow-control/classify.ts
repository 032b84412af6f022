/** Which flow schema a request belongs to: the first that matches, by precedence and then by name. */
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '#api/flowcontrol/v1/flow-schema.ts'
import { SERVICE_ACCOUNT_USER_PREFIX, type UserInfo } from '../authentication/authenticator.ts'
import type { RequestInfo } from '../request-info.ts'

export interface Asked {
  readonly user: UserInfo
  readonly info: RequestInfo
}

/** What is told of a request to those who look at the queues. */
export interface About {
  readonly schema: string
  readonly flow: string
  /** By the clock on the wall, in milliseconds. */
  readonly arrivedAt: number
  readonly asked: Asked
}

/** In the order in which they are tried. */
export function byPrecedence(schemas: readonly FlowSchema[]): FlowSchema[] {
  const precedenceOf = ({ spec }: FlowSchema) => spec.matchingPrecedence ?? 0
  const nameOf = ({ metadata }: FlowSchema) => metadata.name ?? ''
  return [...schemas].sort(
    (a, b) => precedenceOf(a) - precedenceOf(b) || (nameOf(a) < nameOf(b) ? -1 : 1),
  )
}

export function matches({ spec }: FlowSchema, asked: Asked): boolean {
  return (spec.rules ?? []).some(rule => matchesRule(rule, asked))
}

/** What tells the flows of a schema apart, for this request. */
export function flowOf({ spec }: FlowSchema, { user, info }: Asked): string {
  if (spec.distinguisherMethod?.type === 'ByUser') return user.name
  return spec.distinguisherMethod?.type === 'ByNamespace' ? info.namespace : ''
}

function matchesRule(rule: PolicyRulesWithSubjects, { user, info }: Asked): boolean {
  if (!rule.subjects.some(subject => isSubject(subject, user))) return false
  return info.isResourceRequest
    ? (rule.resourceRules ?? []).some(each => namesResource(each, info))
    : (rule.nonResourceRules ?? []).some(each => namesPath(each, info))
}

function isSubject({ kind, user: named, group, serviceAccount }: Subject, user: UserInfo): boolean {
  switch (kind) {
    case 'User':
      return named !== undefined && (named.name === ALL || named.name === user.name)
    case 'Group':
      return group !== undefined && (group.name === ALL || user.groups.includes(group.name))
    case 'ServiceAccount': {
      if (!serviceAccount) return false
      const { namespace, name } = serviceAccount
      const account = `${SERVICE_ACCOUNT_USER_PREFIX}${namespace}:`
      return name === ALL ? user.name.startsWith(account) : user.name === account + name
    }
    default:
      return false
  }
}

function namesResource(rule: ResourcePolicyRule, info: RequestInfo): boolean {
  const { verb, group, resource, subresource, namespace } = info
  const wanted = subresource === '' ? resource : `${resource}/${subresource}`
  if (!has(rule.verbs, verb) || !has(rule.resources, wanted) || !has(rule.apiGroups, group))
    return false
  return namespace === '' ? rule.clusterScope === true : has(rule.namespaces ?? [], namespace)
}

/** A path covers what lies below it, with a star at its end or without. */
function namesPath({ verbs, nonResourceURLs }: NonResourcePolicyRule, info: RequestInfo): boolean {
  if (!has(verbs, info.verb)) return false
  return nonResourceURLs.some(named => {
    if (named === ALL || named === info.path) return true
    const start = named.replace(/\*$/, '')
    return info.path.startsWith(start.endsWith('/') ? start : `${start}/`)
  })
}

const ALL = '*'
/** The star means all only where it stands alone; validation sees to that. */
const has = (list: readonly string[], value: string) =>
  (list.length === 1 && list[0] === ALL) || list.includes(value)
