/** Requests to the kubelet as spans, named by their route as upstream's are: there are as many names as there are sorts of requests. */
import type { Span } from '#base/tracing/span.ts'
import { parseTraceparent } from '#base/tracing/trace-context.ts'
import type { ApiRequest } from '#client/transport.ts'
import type { KubeletContext } from '../options.ts'

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

/** Does the work for the request; where no traces are wanted that is all. */
export function routed<T>(
  { options }: KubeletContext,
  request: ApiRequest,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  const { spans, kubeletPort } = options
  if (!spans) return work(undefined)
  const [path = ''] = request.path.split('?')
  const route = routeOf(path)
  const attributes = {
    'http.request.method': request.method,
    'url.scheme': 'https',
    'url.path': path,
    'server.address': 'kubelet',
    'server.port': kubeletPort,
    'http.route': route || path,
  }
  const parent = parseTraceparent(request.headers?.traceparent)
  return spans.run(route || request.method, work, {
    ...{ kind: 'server', attributes, isRoot: true },
    ...(parent ? { parent } : {}),
  })
}
