/** Paths that name no resource: health, version, metrics, discovery. */
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { pageNotFound } from '../respond.ts'
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

const index = later(async () => (await import('./root-paths.ts')).rootPaths)

const zpages = later(async () => (await import('./zpages.ts')).zpages)

/** By first segment; a handler looks at the rest of the path itself, and at the method where upstream does. */
export const endpoints: Readonly<Record<string, Endpoint>> = {
  '': exchange => (exchange.info.path === '/' ? index(exchange) : pageNotFound()),
  '.well-known': issuer,
  api: discovery,
  apis: discovery,
  debug: later(async () => (await import('./debug.ts')).debug),
  flagz: zpages,
  healthz: health,
  // The same for who thinks of a web server.
  'index.html': exchange =>
    exchange.info.path === '/index.html' ? index(exchange) : pageNotFound(),
  livez: health,
  metrics: later(async () => (await import('./metrics.ts')).metrics),
  openapi: later(async () => (await import('./openapi.ts')).openapi),
  openid: issuer,
  readyz: health,
  statusz: zpages,
  version,
}

export async function serveEndpoint(exchange: Exchange): Promise<ApiResponse> {
  const first = exchange.info.path.split('/')[1] ?? ''
  const endpoint = Object.hasOwn(endpoints, first)
    ? endpoints[first]
    : exchange.server.endpoints?.[first]
  return endpoint ? endpoint(exchange) : pageNotFound()
}
