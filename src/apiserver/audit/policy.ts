/** An audit policy, and what it wants to know of a request: the first rule that matches says it. */
import type { Attributes } from '../authorization/authorizer.ts'

export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export type Level = (typeof LEVELS)[number]

export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const
export type Stage = (typeof STAGES)[number]

export interface AuditPolicy {
  readonly omitStages: readonly Stage[]
  readonly omitManagedFields: boolean
  readonly rules: readonly PolicyRule[]
}

/** An empty list says nothing of its subject. */
export interface PolicyRule {
  readonly level: Level
  readonly users: readonly string[]
  readonly userGroups: readonly string[]
  readonly verbs: readonly string[]
  readonly resources: readonly GroupResources[]
  readonly namespaces: readonly string[]
  readonly nonResourceUrls: readonly string[]
  readonly omitStages: readonly Stage[]
  /** That of the policy unless given. */
  readonly omitManagedFields?: boolean
}

export interface GroupResources {
  readonly group: string
  // `pods`, `pods/log`, `pods/*`, `*`, and `*/scale`; all where there is none.
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
}

/** What is to be told of a request. */
export interface Wish {
  readonly level: Level
  readonly omits: ReadonlySet<Stage>
  readonly omitsManagedFields: boolean
}

/** Of a request, without its user where nobody knows who asks. */
export type Asked = Omit<Attributes, 'user'> & { readonly user: Attributes['user'] | undefined }

/** One function for all requests: what is wished by a rule is made once. */
export function wishesOf(policy: AuditPolicy): (asked: Asked) => Wish {
  const wishes = policy.rules.map(
    (rule): Wish => ({
      level: rule.level,
      omits: new Set([...policy.omitStages, ...rule.omitStages]),
      omitsManagedFields: rule.omitManagedFields ?? policy.omitManagedFields,
    }),
  )
  const none: Wish = { level: 'None', omits: new Set(policy.omitStages), omitsManagedFields: false }
  return asked => wishes[policy.rules.findIndex(rule => matches(rule, asked))] ?? none
}

function matches(rule: PolicyRule, asked: Asked): boolean {
  const { users, userGroups, verbs, namespaces, resources, nonResourceUrls } = rule
  const { user } = asked
  if (users.length > 0 && !(user && users.includes(user.name))) return false
  if (userGroups.length > 0 && !user?.groups.some(group => userGroups.includes(group))) return false
  if (verbs.length > 0 && !verbs.includes(asked.verb)) return false
  if (namespaces.length > 0 || resources.length > 0) return matchesResource(rule, asked)
  if (nonResourceUrls.length > 0) return matchesPath(nonResourceUrls, asked)
  return true
}

function matchesResource({ namespaces, resources }: PolicyRule, asked: Asked): boolean {
  if (!asked.isResourceRequest) return false
  // '' is the namespace of what is in none.
  if (namespaces.length > 0 && !namespaces.includes(asked.namespace)) return false
  if (resources.length === 0) return true
  return resources.some(each => {
    if (each.group !== asked.group) return false
    if (each.resources.length === 0) return true
    const { resourceNames: names } = each
    if (names.length > 0 && !names.includes(asked.name)) return false
    return each.resources.some(resource => covers(resource, asked))
  })
}

function covers(named: string, { resource, subresource }: Asked): boolean {
  if (named === '*' || named === (subresource ? `${resource}/${subresource}` : resource))
    return true
  if (subresource && named === `*/${subresource}`) return true
  return named === `${resource}/*`
}

function matchesPath(urls: readonly string[], { isResourceRequest, path }: Asked): boolean {
  if (isResourceRequest) return false
  return urls.some(
    url => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
  )
}
