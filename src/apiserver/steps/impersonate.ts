import { impersonated } from '../authentication/impersonation.ts'
import type { Step } from '../exchange.ts'

/** Acts as somebody else where the Impersonate headers ask for it and the authorizer lets them. */
export const impersonate: Step = (exchange, next) =>
  hasImpersonation(exchange.request.headers) ? asAnother(exchange, next) : next()

const asAnother: Step = async (exchange, next) => {
  exchange.user = await impersonated(exchange.request, exchange.user, exchange.server.authorizer)
  exchange.audit?.impersonates(exchange.user)
  return next()
}

/** Any of the headers alone is enough: a group without a user must be refused, not overlooked. */
function hasImpersonation(headers: Readonly<Record<string, string>> = {}): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true
  return false
}
