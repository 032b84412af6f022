/** Where a probe or hook goes: ports by name, hosts by pod address. Pure. */
import type { HttpProbe } from '../host-access.ts'
import type { AnyContainer, LifecycleHandler } from '../pod-types.ts'

/** A number as it is, a name looked up among the container's ports; throws where there is none. */
export function portOf(port: number | string, container: AnyContainer): number {
  const number = typeof port === 'number' ? port : Number(port)
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number
  const found = container.ports?.find(({ name }) => name === port)
  if (!found) throw new Error(`couldn't find port: ${port} for container ${container.name}`)
  return found.containerPort
}

type HttpGet = NonNullable<LifecycleHandler['httpGet']>

export function httpTarget(
  action: HttpGet,
  container: AnyContainer,
  podIp: string,
  userAgent: string,
): HttpProbe {
  const headers = (action.httpHeaders ?? []).map(({ name, value = '' }) => ({ name, value }))
  const has = (name: string) => headers.some(header => header.name.toLowerCase() === name)
  return {
    scheme: action.scheme === 'HTTPS' ? 'HTTPS' : 'HTTP',
    host: action.host || podIp,
    port: portOf(action.port, container),
    path: (action.path || '/').startsWith('/') ? action.path || '/' : `/${action.path}`,
    headers: [
      ...(has('user-agent') ? [] : [{ name: 'User-Agent', value: userAgent }]),
      ...(has('accept') ? [] : [{ name: 'Accept', value: '*/*' }]),
      ...headers,
    ],
  }
}
