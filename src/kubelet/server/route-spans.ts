/** Requests to the kubelet as spans, named by their route as upstream's are: there are as many names as there are sorts of requests. */
import type { ScopeBeginning } from '#base/tracing/span-scope.ts'
import { parseTraceparent } from '#base/tracing/trace-context.ts'
import type { ApiRequest } from '#client/transport.ts'

const CONTAINER = '/{podNamespace}/{podID}/{containerName}'
const WITH_UID = '/{podNamespace}/{podID}/{uid}/{containerName}'

/** By the first part of the path and how many stand behind it. */
const ROUTES: Readonly<Record<string, string>> = {
  containerLogs3: `/containerLogs${CONTAINER}`,
  checkpoint3: `/checkpoint${CONTAINER}`,
  exec3: `/exec${CONTAINER}`,
  exec4: `/exec${WITH_UID}`,
  attach3: `/attach${CONTAINER}`,
  attach4: `/attach${WITH_UID}`,
  portForward2: '/portForward/{podNamespace}/{podID}',
  portForward3: '/portForward/{podNamespace}/{podID}/{uid}',
  logs0: '/logs/',
  pods0: '/pods',
  configz0: '/configz',
  healthz0: '/healthz',
  healthz1: '/healthz/{name}',
  metrics0: '/metrics',
  metrics1: '/metrics/{name}',
  stats1: '/stats/{name}',
}

function routeOf(path: string): string {
  const [first = '', ...rest] = path.split('/').filter(Boolean)
  if (first === 'logs' && rest.length > 0) return '/logs/{logpath:*}'
  return ROUTES[`${first}${rest.length}`] ?? ''
}

export function routeSpan(request: ApiRequest, port: number) {
  const [path = ''] = request.path.split('?')
  const route = routeOf(path)
  const attributes = {
    'http.request.method': request.method,
    'url.scheme': 'https',
    'url.path': path,
    'server.address': 'kubelet',
    'server.port': port,
    'http.route': route || path,
  }
  const parent = parseTraceparent(request.headers?.traceparent)
  const beginning: ScopeBeginning = {
    ...{ kind: 'server', attributes, isRoot: true },
    ...(parent ? { parent } : {}),
  }
  return { name: route || request.method, beginning }
}
