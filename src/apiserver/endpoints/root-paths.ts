/** `GET /`: the paths that this server answers, for who looks around. Upstream lists the checks of health one by one, and so do we. */
import { zpagesOf } from '#client/serving/zpages.ts'
import type { ApiResponse } from '#client/transport.ts'
import { JWKS_PATH, OPENID_CONFIGURATION_PATH } from '../authentication/issuer-discovery.ts'
import type { Exchange } from '../exchange.ts'
import { JSON_HEADERS } from '../respond.ts'
import type { ServerContext } from '../server-context.ts'
import { checksOf } from './health.ts'

/** Whatever else a server has. */
const ALWAYS = [
  OPENID_CONFIGURATION_PATH,
  JWKS_PATH,
  '/api',
  '/apis',
  '/apis/',
  '/metrics',
  '/metrics/slis',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/',
  '/version',
]

const HEALTH = ['healthz', 'livez', 'readyz'] as const

/** JSON for people whatever is accepted, to any method: upstream does not look at either. */
export function rootPaths({ server }: Exchange): ApiResponse {
  const text = JSON.stringify({ paths: pathsOf(server) }, undefined, 2)
  return {
    status: 200,
    headers: JSON_HEADERS,
    body: { kind: 'bytes', bytes: new TextEncoder().encode(text) },
  }
}

function pathsOf(server: ServerContext): string[] {
  const paths = new Set([...ALWAYS, ...zpagesOf(server.featureGates)])
  for (const endpoint of HEALTH) {
    paths.add(`/${endpoint}`)
    for (const { name } of checksOf(server, endpoint)) paths.add(`/${endpoint}/${name}`)
  }
  for (const name of Object.keys(server.endpoints ?? {})) paths.add(`/${name}`)
  for (const { group, version } of [...server.registry.versions(), ...server.remotes]) {
    if (group) paths.add(`/apis/${group}`)
    paths.add(group ? `/apis/${group}/${version}` : `/api/${version}`)
  }
  return [...paths].sort()
}
