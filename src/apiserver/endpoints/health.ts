/** /healthz, /livez and /readyz: whether the server should be used, restarted or left alone, in upstream's text form. */
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { respondText } from '../respond.ts'
import type { ServerContext } from '../server-context.ts'

interface Check {
  readonly name: string
  isGood(server: ServerContext): boolean
}

const ping: Check = { name: 'ping', isGood: () => true }
const store: Check = {
  name: 'etcd',
  isGood: server => server.store.revision >= server.store.compactedRevision,
}
const started = (name: string): Check => ({ name, isGood: server => !server.notReady.has(name) })

const alive: readonly Check[] = [ping, store, started('poststarthook/bootstrap')]
const ready: readonly Check[] = [
  ping,
  store,
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
export function health(exchange: Exchange): ApiResponse {
  const { path, query } = exchange.info
  const [, endpoint = '', ...rest] = path.split('/')
  const all = checks[endpoint] ?? []
  const name = rest.filter(part => part !== '').join('/')
  if (name === '') return together(exchange, endpoint, all, new Set(query.getAll('exclude')))
  const check = all.find(each => each.name === name)
  if (!check) return respondText(404, '404 page not found\n')
  if (check.isGood(exchange.server)) return respondText(200, 'ok')
  return respondText(500, 'internal server error: not ready\n')
}

function together(
  { server, info }: Exchange,
  endpoint: string,
  all: readonly Check[],
  excluded: ReadonlySet<string>,
): ApiResponse {
  let isGood = true
  const lines = all.map(({ name, isGood: check }) => {
    if (excluded.has(name)) return `[+]${name} excluded: ok`
    if (check(server)) return `[+]${name} ok`
    isGood = false
    return `[-]${name} failed: reason withheld`
  })
  const unknown = [...excluded].filter(name => !all.some(each => each.name === name))
  if (unknown.length > 0)
    lines.push(
      `warn: some health checks cannot be excluded: no matches for ${unknown.map(name => JSON.stringify(name)).join(',')}`,
    )
  if (isGood && !info.query.has('verbose')) return respondText(200, 'ok')
  const verdict = isGood ? `${endpoint} check passed` : `${endpoint} check failed`
  return respondText(isGood ? 200 : 500, `${lines.join('\n')}\n${verdict}\n`)
}
