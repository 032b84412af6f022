import { spent } from '../audit/notes.ts'
import { impersonated } from '../authentication/impersonation.ts'
import { IMPERSONATION_HEADER_PREFIX, namedUser } from '../authentication/impersonation-headers.ts'
import type { Exchange, Step } from '../exchange.ts'
import { attributesOf } from './authorize.ts'

/** Acts as somebody else where the Impersonate headers ask for it and the authorizer lets them. */
export const impersonate: Step = (exchange, next) =>
  hasImpersonation(exchange.request.headers) ? asAnother(exchange, next) : next()

const asAnother: Step = async (exchange, next) => {
  await become(exchange)
  return next()
}

async function become(exchange: Exchange): Promise<void> {
  const named = namedUser(exchange.request.headers ?? {})
  if (!named) return
  const { clock, authorizer, impersonation } = exchange.server
  const startMs = exchange.audit ? clock.monotonicMs() : 0
  const options = { authorizer, ...impersonation }
  const { user, constraint } = await impersonated(named, attributesOf(exchange), options)
  exchange.user = user
  if (!exchange.audit) return
  exchange.audit.impersonates(user, constraint)
  const ms = clock.monotonicMs() - startMs
  exchange.latenciesMs = spent(exchange.latenciesMs, 'impersonation', ms)
}

/** Any of the headers alone is enough: a group without a user must be refused, not overlooked. */
function hasImpersonation(headers: Readonly<Record<string, string>> = {}): boolean {
  for (const name in headers) if (name.startsWith(IMPERSONATION_HEADER_PREFIX)) return true
  return false
}
