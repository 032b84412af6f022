import { impersonated } from '../authentication/impersonation.ts'
import type { Step } from '../exchange.ts'

/** Acts as somebody else where the Impersonate headers ask for it and the authorizer lets them. */
export const impersonate: Step = async (exchange, next) => {
  const { headers } = exchange.request
  if (headers?.['impersonate-user'] !== undefined || hasImpersonation(headers))
    exchange.user = await impersonated(exchange.request, exchange.user, exchange.server.authorizer)
  return next()
}

/** Any of the headers alone is enough: a group without a user must be refused, not overlooked. */
function hasImpersonation(headers: Readonly<Record<string, string>> = {}): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true
  return false
}
