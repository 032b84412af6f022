import { goQuote } from '#api/machinery/go-quote.ts'
import type { ApiResponse } from '#client/transport.ts'
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
  const { server, peer } = exchange
  const attributes = attributesOf(exchange)
  // Roles in this process ask thousands of times a second, and are no attempts of anybody.
  const figures = peer.user ? undefined : server.authorizationFigures
  const began = figures?.begin() ?? 0
  const judge = (decision: Decision) => {
    figures?.attempted(began, decision)
    if (exchange.audit) note(exchange, decision)
    const { verdict, error } = decision
    if (verdict !== 'allow' && error !== undefined) return unknown(exchange.request.path, error)
    allowing(attributes, decision)
    return next()
  }
  const decision = server.authorizer.authorize(attributes)
  return decision instanceof Promise ? decision.then(judge) : judge(decision)
}

/** For the audit log: whether, and why. */
function note(exchange: Exchange, { verdict, reason, error }: Decision): void {
  const say = (key: string, value: string) => {
    exchange.auditAnnotations = noted(exchange.auditAnnotations, `${NOTES}${key}`, value)
  }
  if (verdict !== 'allow' && error !== undefined) {
    say('reason', 'internal error')
    return
  }
  say('decision', verdict === 'allow' ? 'allow' : 'forbid')
  say('reason', reason)
}
const NOTES = 'authorization.k8s.io/'

/** Nobody could be found who knows: in upstream's words, which are no Status. */
async function unknown(path: string, error: string): Promise<ApiResponse> {
  const text = `Internal Server Error: ${goQuote(path)}: ${error}\n`
  const escaped = text.replace(/[&<>]/g, each => ESCAPES[each] ?? each)
  return {
    status: 500,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: { kind: 'bytes', bytes: new TextEncoder().encode(escaped) },
  }
}
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

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
