/** Counts what the kubelet is asked, by the first part of the path, for what stands behind it is anybody's choice. */
import type { Sample } from '#base/figures.ts'
import type { ApiRequest } from '#client/transport.ts'
import { count, observe } from '../figures/count.ts'
import type { KubeletContext } from '../options.ts'

/** What is asked under these names stays open for as long as somebody listens. */
const LONG_RUNNING = new Set(['exec', 'attach', 'portForward', 'debug', 'containerLogs', 'logs'])
const KNOWN = new Set([
  ...['exec', 'attach', 'portForward', 'containerLogs', 'logs', 'pods', 'stats', 'metrics'],
  ...['healthz', 'statusz', 'flagz', 'checkpoint', 'debug', 'configz', 'run', 'runningpods'],
])

const FIGURES = new Set(['resource', 'cadvisor', 'probes'])

const figuresNamed = (second: string) => (FIGURES.has(second) ? `metrics/${second}` : 'other')

/** Requests under way, by the values of the labels. */
const underWay = new WeakMap<object, Map<string, number>>()

const inFlight = ({ options }: KubeletContext): Map<string, number> => {
  let requests = underWay.get(options)
  if (!requests) {
    requests = new Map()
    underWay.set(options, requests)
    const told = requests
    options.figures.gauge(
      'kubelet_http_inflight_requests',
      'Requests that are being answered',
      () =>
        [...told].map(([key, value]) => ({ labels: JSON.parse(key) as Sample['labels'], value })),
    )
  }
  return requests
}

export async function metered<T>(
  context: KubeletContext,
  { method, path }: ApiRequest,
  work: () => Promise<T>,
): Promise<T> {
  const [first = '', second = ''] = (path.split('?')[0] ?? '').split('/').filter(Boolean)
  const known = KNOWN.has(first) ? first : first === '' ? '' : 'other'
  // The figures are told apart by what they are of, as upstream does.
  const name = known === 'metrics' && second !== '' ? figuresNamed(second) : known
  const values = [String(LONG_RUNNING.has(first)), method, name, 'readwrite']
  const [longRunning = '', , , serverType = ''] = values
  const labels = { long_running: longRunning, method, path: name, server_type: serverType }
  const requests = inFlight(context)
  const key = JSON.stringify(labels)
  requests.set(key, (requests.get(key) ?? 0) + 1)
  count(context, 'kubelet_http_requests_total', ...values)
  const startMs = context.clock.monotonicMs()
  try {
    return await work()
  } finally {
    requests.set(key, (requests.get(key) ?? 1) - 1)
    const seconds = (context.clock.monotonicMs() - startMs) / 1000
    observe(context, 'kubelet_http_requests_duration_seconds', seconds, ...values)
  }
}
