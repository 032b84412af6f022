/** /healthz, /livez and /readyz: whether the server should be used, restarted or left alone. */
import {
  createHealth,
  type Health,
  type HealthCheck,
  type HealthEndpoint,
  ping,
} from '#client/serving/health-checks.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Store } from '#store'
import type { Exchange } from '../exchange.ts'
import { respondText } from '../respond.ts'
import type { ServerContext } from '../server-context.ts'

/** A check that somebody else brings. */
export interface FurtherCheck {
  readonly name: string
  /** Why it is not good; undefined where it is. */
  failure(): Promise<string | undefined>
}

/** `/readyz`, `/readyz?verbose&exclude=etcd`, `/readyz/etcd`. */
export async function health({ server, info }: Exchange): Promise<ApiResponse> {
  const [, endpoint = '', ...rest] = info.path.split('/')
  const name = rest.filter(part => part !== '').join('/')
  const question = { endpoint: endpoint as HealthEndpoint, name, query: info.query }
  const { status, text } = await healthOf(server).answer(question, checksOf(server, endpoint))
  return respondText(status, text)
}

const healths = new WeakMap<ServerContext, Health>()

/** What came of its checks so far. */
export function healthOf(server: ServerContext): Health {
  const known = healths.get(server) ?? createHealth()
  healths.set(server, known)
  return known
}

function checksOf(server: ServerContext, endpoint: string): readonly HealthCheck[] {
  const started = (name: string) => ({ name, isGood: () => !server.notReady.has(name) })
  const stored = (name: string) => ({ name, isGood: () => isStoreGood(server.store) })
  const bootstrap = started('poststarthook/bootstrap')
  if (endpoint === 'livez') return [ping, stored('etcd'), bootstrap]
  // A server whose plugins are away is not to be restarted: that would not help, and then it could not even read.
  const further = server.healthChecks.map(check => ({
    name: check.name,
    isGood: async () => (await check.failure()) === undefined,
    reason: () => check.failure(),
  }))
  if (endpoint === 'healthz') return [ping, stored('etcd'), bootstrap, ...further]
  return [
    ping,
    stored('etcd'),
    // The same twice, because upstream tells whether to restart and whether to use a server by two timeouts.
    stored('etcd-readiness'),
    started('informer-sync'),
    bootstrap,
    started('shutdown'),
    ...further,
  ]
}

/** Whether the store can be used now. */
export async function isStoreGood(store: Store): Promise<boolean> {
  if (!store.shared) return store.revision >= store.compactedRevision
  return store.shared.check().then(
    () => true,
    () => false,
  )
}
