/** /healthz, /livez and /readyz: whether the server should be used, restarted or left alone, in upstream's text form. */
import type { ApiResponse } from '#client/transport.ts'
import type { Store } from '#store'
import type { Exchange } from '../exchange.ts'
import { respondText } from '../respond.ts'
import type { ServerContext } from '../server-context.ts'

interface Check {
  readonly name: string
  isGood(server: ServerContext): boolean | Promise<boolean>
  /** Why it is not good, where whoever asks for this check alone is told. */
  reason?(): Promise<string | undefined>
}

/** A check that somebody else brings. */
export interface HealthCheck {
  readonly name: string
  /** Why it is not good; undefined where it is. */
  failure(): Promise<string | undefined>
}

const ping: Check = { name: 'ping', isGood: () => true }
const store: Check = { name: 'etcd', isGood: ({ store }) => isStoreGood(store) }
/** The same twice, because upstream tells whether to restart and whether to use a server by two timeouts. */
const storeReadiness: Check = { ...store, name: 'etcd-readiness' }
const started = (name: string): Check => ({ name, isGood: server => !server.notReady.has(name) })

const alive: readonly Check[] = [ping, store, started('poststarthook/bootstrap')]
const ready: readonly Check[] = [
  ping,
  store,
  storeReadiness,
  started('informer-sync'),
  started('poststarthook/bootstrap'),
  started('shutdown'),
]

const checks: Readonly<Record<string, readonly Check[]>> = {
  healthz: alive,
  livez: alive,
  readyz: ready,
}

/** `/readyz`, `/readyz?verbose&exclude=etcd`, `/readyz/etcd`. */
export async function health(exchange: Exchange): Promise<ApiResponse> {
  const { path, query } = exchange.info
  const [, endpoint = '', ...rest] = path.split('/')
  const all = allChecks(endpoint, exchange.server)
  const name = rest.filter(part => part !== '').join('/')
  if (name === '') return together(exchange, endpoint, all, new Set(query.getAll('exclude')))
  const check = all.find(each => each.name === name)
  if (!check) return respondText(404, '404 page not found\n')
  if (await check.isGood(exchange.server)) return respondText(200, 'ok')
  const reason = (await check.reason?.()) ?? 'not ready'
  return respondText(500, `internal server error: ${reason}\n`)
}

/** A server whose plugins are away is not to be restarted: that would not help, and then it could not even read. */
function allChecks(endpoint: string, { healthChecks }: ServerContext): readonly Check[] {
  const own = checks[endpoint] ?? []
  if (endpoint === 'livez' || healthChecks.length === 0) return own
  const further = healthChecks.map(check => ({
    name: check.name,
    isGood: async () => (await check.failure()) === undefined,
    reason: () => check.failure(),
  }))
  return [...own, ...further]
}

async function together(
  { server, info }: Exchange,
  endpoint: string,
  all: readonly Check[],
  excluded: ReadonlySet<string>,
): Promise<ApiResponse> {
  let isGood = true
  const lines: string[] = []
  for (const { name, isGood: check } of all) {
    if (excluded.has(name)) lines.push(`[+]${name} excluded: ok`)
    else if (await check(server)) lines.push(`[+]${name} ok`)
    else {
      isGood = false
      lines.push(`[-]${name} failed: reason withheld`)
    }
  }
  const unknown = [...excluded].filter(name => !all.some(each => each.name === name))
  if (unknown.length > 0)
    lines.push(
      `warn: some health checks cannot be excluded: no matches for ${unknown.map(name => JSON.stringify(name)).join(',')}`,
    )
  if (isGood && !info.query.has('verbose')) return respondText(200, 'ok')
  const verdict = isGood ? `${endpoint} check passed` : `${endpoint} check failed`
  return respondText(isGood ? 200 : 500, `${lines.join('\n')}\n${verdict}\n`)
}

/** Whether the store can be used now. */
export async function isStoreGood(store: Store): Promise<boolean> {
  if (!store.shared) return store.revision >= store.compactedRevision
  return store.shared.check().then(
    () => true,
    () => false,
  )
}
