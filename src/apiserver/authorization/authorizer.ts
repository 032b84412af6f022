/**
 * May they? An authorizer looks at what a request wants to do and allows it, denies it or has no opinion. Whatever
 * nobody allows is forbidden; rights only ever add up.
 */
import { StatusError } from '#api/machinery/status.ts'
import type { UserInfo } from '../authentication/authenticator.ts'

/** What a request wants to do, cut out of its method and path. */
export interface Attributes {
  readonly user: UserInfo
  /** API verb (`get`, `list`, `watch`, `create`, `impersonate` …), or the lower-case method where no resource is meant. */
  readonly verb: string
  /** The five parts below are '' where they do not apply, and all of them unless `isResourceRequest`. */
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  /**
   * Empty for create, and for list and watch unless their field selector says `metadata.name=x`; then it is x, so that
   * rights on one name are enough to watch it.
   */
  readonly name: string
  readonly path: string
  readonly isResourceRequest: boolean
  /** Selectors of list, watch and deletecollection as written in the query. */
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'noOpinion'
  /** For people: why; empty where there is nothing to say. Never tells what the asker may not know. */
  readonly reason: string
  /** Why somebody who was asked could not tell. Whoever is allowed all the same is; others are told that, and no refusal. */
  readonly error?: string
}

export type Eventually<T> = T | Promise<T>

export interface Authorizer {
  authorize(attributes: Attributes): Eventually<Decision>
  /** All that the user may do in a namespace, for SelfSubjectRulesReview. */
  rulesFor(user: UserInfo, namespace: string): Eventually<UserRules>
}

/** Rights in the form of RBAC rules; `incomplete` where an authorizer cannot list them all. */
export interface UserRules {
  readonly rules: readonly PolicyRule[]
  readonly incomplete: boolean
  readonly errors: readonly string[]
}

/** The part of `rbac.authorization.k8s.io/v1` PolicyRule that is evaluated. */
export interface PolicyRule {
  readonly verbs?: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

export const allow = (reason = ''): Decision => ({ verdict: 'allow', reason })
export const deny = (reason = ''): Decision => ({ verdict: 'deny', reason })
export const noOpinion = (reason = ''): Decision => ({ verdict: 'noOpinion', reason })

const NO_OPINION = noOpinion()

/** What two say who have no opinion. */
function together(before: Decision, { reason, error }: Decision): Decision {
  if (before.reason === '' && before.error === undefined)
    return error === undefined ? noOpinion(reason) : { verdict: 'noOpinion', reason, error }
  const errors = [before.error, error].filter(each => each !== undefined)
  return {
    verdict: 'noOpinion',
    reason: [before.reason, reason].filter(each => each !== '').join('\n'),
    ...(errors.length > 0
      ? { error: errors.length === 1 ? `${errors[0]}` : `[${errors.join(', ')}]` }
      : {}),
  }
}

/** Asks in order; the first that allows or denies decides. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  /** Answers at once as long as all do that are asked: expressions of admission cannot wait. */
  const ask = (attributes: Attributes, at: number, before: Decision): Eventually<Decision> => {
    const authorizer = authorizers[at]
    if (!authorizer) return before
    const next = (decision: Decision) =>
      decision.verdict === 'noOpinion'
        ? ask(attributes, at + 1, together(before, decision))
        : decision
    const decision = authorizer.authorize(attributes)
    return decision instanceof Promise ? decision.then(next) : next(decision)
  }
  return {
    authorize: attributes => ask(attributes, 0, NO_OPINION),
    async rulesFor(user, namespace) {
      const all = await Promise.all(authorizers.map(each => each.rulesFor(user, namespace)))
      return {
        rules: all.flatMap(each => each.rules),
        incomplete: all.some(each => each.incomplete),
        errors: all.flatMap(each => each.errors),
      }
    },
  }
}

/** The 403 that clients know: who could not do what to which resource where. */
export function forbiddenBy(attributes: Attributes, reason: string): StatusError {
  const why = reason ? `: ${reason}` : ''
  const who = `User ${JSON.stringify(attributes.user.name)} cannot`
  if (!attributes.isResourceRequest)
    return new StatusError(
      'Forbidden',
      `forbidden: ${who} ${attributes.verb} path ${JSON.stringify(attributes.path)}${why}`,
      {},
    )
  const { group, resource, subresource, namespace, name } = attributes
  const qualified = group ? `${resource}.${group}` : resource
  const full = subresource ? `${resource}/${subresource}` : resource
  const scope = namespace
    ? ` in the namespace ${JSON.stringify(namespace)}`
    : ' at the cluster scope'
  return new StatusError(
    'Forbidden',
    `${qualified}${name ? ` ${JSON.stringify(name)}` : ''} is forbidden: ${who} ${attributes.verb} ` +
      `resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)}${scope}${why}`,
    { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: resource },
  )
}
