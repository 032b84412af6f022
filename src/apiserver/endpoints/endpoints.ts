/** Paths that name no resource: health, version, metrics, discovery. The tables are also the index that `/` shows. */
import type { ApiResponse } from '#client/transport.ts'
import { JWKS_PATH, OPENID_CONFIGURATION_PATH } from '../authentication/issuer-discovery.ts'
import type { Exchange } from '../exchange.ts'
import { respondText, respondValue } from '../respond.ts'
import { methodNotAllowed } from '../steps/method-not-allowed.ts'
import { health } from './health.ts'
import { version } from './version.ts'

export type Endpoint = (exchange: Exchange) => ApiResponse | Promise<ApiResponse>

/** Loaded with the first who asks for it. */
function later(load: () => Promise<Endpoint>): Endpoint {
  let endpoint: Endpoint | undefined
  return async exchange => {
    endpoint ??= await load()
    return endpoint(exchange)
  }
}

const discovery = later(async () => (await import('./discovery.ts')).discovery)
const issuer = later(async () => (await import('./issuer.ts')).issuer)

/** By first segment; a handler looks at the rest of the path itself. */
export const endpoints: Readonly<Record<string, Endpoint>> = {
  '': index,
  '.well-known': issuer,
  api: discovery,
  apis: discovery,
  debug: later(async () => (await import('./debug.ts')).debug),
  healthz: health,
  livez: health,
  metrics: later(async () => (await import('./metrics.ts')).metrics),
  openapi: later(async () => (await import('./openapi.ts')).openapi),
  openid: issuer,
  readyz: health,
  version,
}

/** Where nothing is to be found at the first segment alone. */
const FULL_PATHS: Readonly<Record<string, string>> = {
  '.well-known': OPENID_CONFIGURATION_PATH,
  openid: JWKS_PATH,
}

/** Upstream does not look at it there; some probes are no GET. */
const TAKE_ANY_METHOD = new Set(['debug', 'healthz', 'livez', 'readyz'])

export async function serveEndpoint(exchange: Exchange): Promise<ApiResponse> {
  const { method } = exchange.request
  const { path } = exchange.info
  const first = path.split('/')[1] ?? ''
  const endpoint = Object.hasOwn(endpoints, first)
    ? endpoints[first]
    : exchange.server.endpoints?.[first]
  if (!endpoint) return respondText(404, '404 page not found\n')
  const isRead = method === 'GET' || method === 'HEAD'
  if (!isRead && !TAKE_ANY_METHOD.has(first)) throw methodNotAllowed()
  return endpoint(exchange)
}

function index(exchange: Exchange): ApiResponse | Promise<ApiResponse> {
  if (exchange.info.path !== '/') return respondText(404, '404 page not found\n')
  const paths = new Set(Object.keys(endpoints).map(name => FULL_PATHS[name] ?? `/${name}`))
  paths.delete('/')
  // Upstream does not list it either.
  paths.delete('/debug')
  paths.add('/metrics/slis')
  for (const name of Object.keys(exchange.server.endpoints ?? {})) paths.add(`/${name}`)
  const { registry, remotes } = exchange.server
  for (const { group, version } of [...registry.versions(), ...remotes]) {
    if (group) paths.add(`/apis/${group}`)
    paths.add(group ? `/apis/${group}/${version}` : `/api/${version}`)
  }
  return respondValue(exchange, 200, { paths: [...paths].sort() })
}
