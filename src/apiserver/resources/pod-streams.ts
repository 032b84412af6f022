/**
 * What the kubelet answers on behalf of a pod: logs, exec, attach and port-forward. Here it is decided whether and where;
 * the bytes are only passed on. A kubelet's redirects are never followed, for no Transport follows any.
 */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { badRequest, conflict, notFound, StatusError } from '#api/machinery/status.ts'
import type { ApiResponse, DuplexChannels, ResponseBody, Transport } from '#client/transport.ts'
import type { Exchange, StreamKind } from '../exchange.ts'
import { admitConnect } from './connect.ts'
import { namespaceOf } from './read.ts'
import type { StoredResource } from './registry.ts'
import type { SpecialHandler } from './special.ts'
import { existing } from './update.ts'

/** An error's text from a kubelet is cut to this, lest it flood a client. */
const MAXIMUM_ERROR_BYTES = 64 * 1024

/** Of a pod that no node has yet. */
const NOTHING_YET: ApiResponse = { status: 204, headers: {}, body: { kind: 'empty' } }

async function podOf(exchange: Exchange, resource: StoredResource): Promise<Pod> {
  const namespace = namespaceOf(exchange, resource)
  const stored = await existing(resource, namespace, exchange.info.rest[0] ?? '')
  return stored.object as Pod
}

export const podLog: SpecialHandler = async (exchange, resource) => {
  const pod = await podOf(exchange, resource as StoredResource)
  const { query } = exchange.info
  checkLogOptions(query)
  const container = containerOf(pod, query.get('container'))
  if (!pod.spec.nodeName) return NOTHING_YET
  const { namespace, name } = pod.metadata
  const transport = await nodeTransport(exchange, pod.spec.nodeName, PODS)
  const passed = new URLSearchParams()
  for (const key of LOG_OPTIONS) {
    const value = query.get(key)
    if (value !== null) passed.set(key, value)
  }
  const { signal } = exchange.request
  const response = await transport.request({
    method: 'GET',
    path: `/containerLogs/${namespace}/${name}/${container}?${passed}`,
    ...(signal ? { signal } : {}),
  })
  if (response.status >= 400) throw await errorOf(response)
  exchange.messageForm = 'bytes'
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: response.body }
}

const LOG_OPTIONS = [
  'follow',
  'previous',
  'sinceSeconds',
  'sinceTime',
  'timestamps',
  'tailLines',
  'limitBytes',
  'stream',
]

function checkLogOptions(query: URLSearchParams): void {
  const wrong = (field: string, value: string, why: string) =>
    new StatusError(
      'Invalid',
      `PodLogOptions "" is invalid: ${field}: Invalid value: ${value}: ${why}`,
    )
  for (const [field, least] of [
    ['tailLines', 0],
    ['limitBytes', 1],
    ['sinceSeconds', 1],
  ] as const) {
    const value = query.get(field)
    if (value === null) continue
    if (!/^-?\d{1,15}$/.test(value)) throw badRequest(`${field} must be a whole number`)
    if (Number(value) < least)
      throw wrong(field, value, `must be greater than or equal to ${least}`)
  }
  if (query.has('sinceSeconds') && query.has('sinceTime'))
    throw badRequest('at most one of `sinceTime` or `sinceSeconds` may be specified')
}

function containerNames({ spec }: Pod): { ordinary: string[]; init: string[]; all: string[] } {
  const names = (list: readonly { name: string }[] | undefined) =>
    (list ?? []).map(({ name }) => name)
  const ordinary = names(spec.containers)
  const init = names(spec.initContainers)
  return { ordinary, init, all: [...ordinary, ...init, ...names(spec.ephemeralContainers)] }
}

function containerOf(pod: Pod, asked: string | null): string {
  const { ordinary, init, all } = containerNames(pod)
  const { name } = pod.metadata
  if (asked) {
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`)
    return asked
  }
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container']
  const [only] = ordinary
  if (ordinary.length === 1 && only) return only
  if (preferred && ordinary.includes(preferred)) return preferred
  const others = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : ''
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${ordinary.join(' ')}]${others}`,
  )
}

/** Looks up everything that exec, attach and port-forward need, and leaves the joining to whoever carries the streams. */
export const podStream =
  (kind: StreamKind): SpecialHandler =>
  async (exchange, resource) => {
    await admitConnect(exchange, resource as StoredResource)
    const pod = await podOf(exchange, resource as StoredResource)
    const { query } = exchange.info
    const { namespace, name = '' } = pod.metadata
    if (!pod.spec.nodeName)
      throw kind === 'portforward'
        ? badRequest(`pod ${name} does not have a host assigned`)
        : badRequest(`pod ${name} does not have a host assigned`)
    if (kind !== 'portforward' && isOver(pod))
      throw badRequest(
        `cannot ${kind} into a container in a completed pod; current phase is ${pod.status.phase}`,
      )
    const transport = await nodeTransport(exchange, pod.spec.nodeName, PODS)
    if (!exchange.wantsStream) throw badRequest('Upgrade request required')
    const target =
      kind === 'portforward'
        ? `/portForward/${namespace}/${name}`
        : `/${kind}/${namespace}/${name}/${containerOf(pod, query.get('container'))}?${execQuery(kind, query)}`
    exchange.stream = {
      kind,
      dial: port => dial(transport, port === undefined ? target : `${target}?port=${port}`),
    }
    return { status: 101, headers: {}, body: { kind: 'empty' } }
  }

const isOver = ({ status }: Pod) => status.phase === 'Succeeded' || status.phase === 'Failed'

/** The kubelet's names for the streams that the client asked for. */
function execQuery(kind: StreamKind, query: URLSearchParams): URLSearchParams {
  const on = (name: string, by: boolean) => {
    const value = query.get(name)
    return value === null ? by : value === 'true' || value === '1'
  }
  const isTty = on('tty', false)
  const passed = new URLSearchParams()
  if (on('stdin', false)) passed.set('input', '1')
  if (on('stdout', kind === 'attach' || !query.has('stdout'))) passed.set('output', '1')
  // A terminal has one stream for both.
  if (on('stderr', !query.has('stderr')) && !isTty) passed.set('error', '1')
  if (isTty) passed.set('tty', '1')
  for (const word of query.getAll('command')) passed.append('command', word)
  if (kind === 'exec' && !passed.has('command'))
    throw badRequest('you must specify at least one command for the container')
  return passed
}

async function dial(transport: Transport, path: string): Promise<DuplexChannels> {
  if (!transport.connect)
    throw new StatusError('ServiceUnavailable', 'this node does not take streams')
  return transport.connect({ method: 'POST', path })
}

/** To upstream it is a pod that is missing, where the node of one is. */
const PODS = { group: '', resource: 'pods' }
const NODES = { group: '', resource: 'nodes' }

export async function nodeTransport(
  exchange: Exchange,
  nodeName: string,
  missing = NODES,
): Promise<Transport> {
  const { nodes, registry } = exchange.server
  const node = await registry.stored('', 'v1', 'nodes').storage.get('', nodeName)
  if (!node) throw notFound(missing, nodeName)
  if (!nodes) throw new StatusError('ServiceUnavailable', 'this server cannot reach nodes')
  return nodes.nodeConnection(nodeName)
}

/** What a kubelet answered instead, as the Status that it is or stands for. */
async function errorOf(response: ApiResponse): Promise<StatusError> {
  const text = await textOf(response.body)
  try {
    const status = JSON.parse(text)
    if (status?.kind === 'Status')
      return new StatusError(status.reason, status.message, status.details, status.code)
  } catch {
    // Plain text, as kubelets answer.
  }
  const message = text.trim() || `the kubelet answered with HTTP ${response.status}`
  if (response.status === 404) return new StatusError('NotFound', message)
  if (response.status === 400) return badRequest(message)
  if (response.status === 409) return conflict({ group: '', resource: 'pods' }, '', message)
  return new StatusError('InternalError', message)
}

async function textOf(body: ResponseBody): Promise<string> {
  if (body.kind === 'bytes') return Buffer.from(body.bytes).toString('utf8', 0, MAXIMUM_ERROR_BYTES)
  if (body.kind === 'object') return JSON.stringify(body.object)
  if (body.kind === 'chunks')
    return Buffer.concat(body.chunks).toString('utf8', 0, MAXIMUM_ERROR_BYTES)
  if (body.kind !== 'stream') return ''
  const { stream } = body
  return new Promise(resolve => {
    const chunks: Uint8Array[] = []
    let size = 0
    const finish = () => resolve(Buffer.concat(chunks).toString())
    const cancel = stream.subscribe({
      next(chunk) {
        chunks.push(chunk)
        size += chunk.length
        if (size <= MAXIMUM_ERROR_BYTES) return
        queueMicrotask(() => cancel())
        finish()
      },
      end: finish,
    })
  })
}
