import { noted } from '../audit/notes.ts'
import {
  type Attributes,
  type Decision,
  type Eventually,
  forbiddenBy,
} from '../authorization/authorizer.ts'
import type { Exchange, Step } from '../exchange.ts'

/** Lets through only what an authorizer allows; 403 otherwise. */
export const authorize: Step = (exchange, next) => {
  const attributes = attributesOf(exchange)
  const judge = (decision: Decision) => {
    if (exchange.audit) note(exchange, decision)
    allowing(attributes, decision)
    return next()
  }
  const decision = exchange.server.authorizer.authorize(attributes)
  return decision instanceof Promise ? decision.then(judge) : judge(decision)
}

/** For the audit log: whether, and why. */
function note(exchange: Exchange, { verdict, reason }: Decision): void {
  const decision = verdict === 'allow' ? 'allow' : 'forbid'
  exchange.auditAnnotations = noted(exchange.auditAnnotations, `${NOTES}decision`, decision)
  exchange.auditAnnotations = noted(exchange.auditAnnotations, `${NOTES}reason`, reason)
}
const NOTES = 'authorization.k8s.io/'

/** Also for what a request turns out to do: an update or an apply that creates needs the right to create, too. */
export function authorizeVerb(exchange: Exchange, verb: string): Eventually<void> {
  const attributes = { ...attributesOf(exchange), verb }
  const judge = (decision: Decision) => allowing(attributes, decision)
  const decision = exchange.server.authorizer.authorize(attributes)
  return decision instanceof Promise ? decision.then(judge) : judge(decision)
}

function allowing(attributes: Attributes, { verdict, reason }: Decision): void {
  if (verdict !== 'allow') throw forbiddenBy(attributes, reason)
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
