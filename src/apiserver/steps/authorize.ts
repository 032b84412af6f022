import {
  type Attributes,
  type Decision,
  type Eventually,
  forbiddenBy,
} from '../authorization/authorizer.ts'
import type { Exchange, Step } from '../exchange.ts'

/** Lets through only what an authorizer allows; 403 otherwise. */
export const authorize: Step = (exchange, next) => {
  const deciding = authorizeVerb(exchange)
  return deciding instanceof Promise ? deciding.then(next) : next()
}

/** Also for what a request turns out to do: an update or an apply that creates needs the right to create, too. */
export function authorizeVerb(exchange: Exchange, verb?: string): Eventually<void> {
  const asked = attributesOf(exchange)
  const attributes = verb === undefined ? asked : { ...asked, verb }
  const judge = ({ verdict, reason }: Decision) => {
    if (verdict !== 'allow') throw forbiddenBy(attributes, reason)
  }
  const decision = exchange.server.authorizer.authorize(attributes)
  return decision instanceof Promise ? decision.then(judge) : judge(decision)
}

export function attributesOf({ user, info }: Exchange): Attributes {
  const { query } = info
  const selects = info.verb === 'list' || info.verb === 'watch' || info.verb === 'deletecollection'
  const fieldSelector = selects ? query.get('fieldSelector') : null
  const labelSelector = selects ? query.get('labelSelector') : null
  return {
    user,
    verb: info.verb,
    group: info.isResourceRequest ? info.group : '',
    version: info.isResourceRequest ? info.version : '',
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.path,
    isResourceRequest: info.isResourceRequest,
    ...(fieldSelector ? { fieldSelector } : {}),
    ...(labelSelector ? { labelSelector } : {}),
  }
}
