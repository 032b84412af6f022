/**
 * Answers the dashboard's browser: its own files to everybody, and the API to who has a key. What is asked of the API is passed on as
 * it is, under the name of whoever started the dashboard; nothing is kept or understood here, so the pages know any cluster.
 */
import { createHash } from 'node:crypto'
import { stringifyJson } from '#api/machinery/exact-json.ts'
import { StatusError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { RequestHandler, ServedUpgrade } from '#client/serving/handler.ts'
import { statusAnswer } from '#client/serving/serve-request.ts'
import { channelPair } from '#client/streaming/bridge.ts'
import { errorChannel } from '#client/streaming/channels.ts'
import type {
  ApiRequest,
  ApiResponse,
  DuplexChannels,
  EventSource,
  ResponseBody,
  Transport,
} from '#client/transport.ts'
import { acceptOf, keyOf, type Sessions, strangeOrigin } from './gate.ts'
import { documentOf, ROOT, type Sources } from './sources.ts'

type Headers = Readonly<Record<string, string>>

/** What the pages ask for; the rest of the API server is not theirs. */
const API_PATH = /^\/(?:api|apis|openapi|version|livez|readyz)(?:\/|\?|$)/
const SESSION_PATH = '/session'
/** What of a request goes on to the API; whatever else a browser says is about the browser. */
const PASSED_ON = ['accept', 'content-type', 'if-none-match', 'if-modified-since']
/**
 * What of an answer goes on to the browser. Others are about the connection, about how somebody signed in who is not the browser, or orders to
 * it that a pod behind a proxy has no business to give: what to forget, whom else to let read along.
 */
const PASSED_BACK = new Set([
  'content-type',
  'content-encoding',
  'etag',
  'last-modified',
  'vary',
  'warning',
  'retry-after',
  'audit-id',
])
/** By it the pages tell our refusals from those of the API. */
export const REFUSED_HEADER = 'x-proa-dashboard'

export interface HandlerOptions {
  readonly transport: Transport
  readonly sources: () => Sources
  readonly sessions: Sessions
  /** Where the API server is, for the pages to show. */
  readonly server: string
}

export function createHandler(options: HandlerOptions): RequestHandler {
  const { transport, sessions } = options
  let files: { sources: Sources; page: ReturnType<typeof documentOf> } | undefined
  const filesOf = () => {
    if (files) return files
    const sources = options.sources()
    files = { sources, page: documentOf(sources) }
    return files
  }

  const refusal = (request: ApiRequest, needsKey: boolean, isNavigation = false) => {
    const headers = request.headers ?? {}
    const strange = strangeOrigin(headers, isNavigation)
    if (strange !== undefined) return refused(403, 'Forbidden', strange)
    if (needsKey && !sessions.isKnown(keyOf(headers)))
      return refused(
        401,
        'Unauthorized',
        'this browser is not known to the dashboard: open the address that it prints in its terminal',
      )
    return undefined
  }

  return {
    async handle(request) {
      const { method, path } = request
      const [place = ''] = path.split('?')
      if (place === SESSION_PATH) return refusal(request, method !== 'POST') ?? session(request)
      if (API_PATH.test(path)) return refusal(request, true) ?? passOn(request)
      const isPage = place === '/'
      const strange = refusal(request, false, isPage)
      if (strange) return strange
      if (method !== 'GET' && method !== 'HEAD')
        return refused(405, 'MethodNotAllowed', 'files can be read only')
      if (isPage) return pageAnswer(filesOf().page, request.headers ?? {})
      const asset = place.startsWith(ROOT) ? filesOf().sources.assets.get(place) : undefined
      if (!asset) return refused(404, 'NotFound', 'there is no such page')
      return answer(200, { 'content-type': asset.type, 'cache-control': 'no-cache' }, asset.bytes)
    },

    async upgrade(request): Promise<ServedUpgrade> {
      const denied = API_PATH.test(request.path)
        ? refusal(request, true)
        : refused(404, 'NotFound', 'there is no stream')
      if (denied) return { response: denied }
      if (/\/(?:exec|attach)(?:\?|$)/.test(request.path)) {
        const kind = /\/exec(?:\?|$)/.test(request.path) ? 'exec' : 'attach'
        return { stream: { kind, dial: () => dial(request) } }
      }
      return { messages: await messagesOf(request), form: 'bytes' }
    },
  }

  async function session({ method, body }: ApiRequest): Promise<ApiResponse> {
    if (method !== 'POST') return json(200, { server: options.server })
    const { token, key } = letterIn(body)
    if (!sessions.letIn(token, key))
      return refused(
        401,
        'Unauthorized',
        'this address was used before, or is of an earlier start: open the one that the dashboard printed last',
      )
    return json(200, {})
  }

  async function passOn(request: ApiRequest): Promise<ApiResponse> {
    try {
      const { status, headers, body } = await transport.request(forApi(request))
      const passed = Object.entries(headers).filter(([name]) => PASSED_BACK.has(name))
      return { status, headers: { ...Object.fromEntries(passed), ...INERT }, body: plain(body) }
    } catch (error) {
      return unreachable(error)
    }
  }

  /**
   * A watch or a log, as messages. Scripts cannot see why a web socket was not opened, so a refusal is an event of the watch; a log ends at once
   * then, and whoever reads it asks in the ordinary way.
   */
  async function messagesOf(request: ApiRequest): Promise<EventSource<Uint8Array>> {
    const { status, body } = await passOn(request)
    if (body.kind === 'stream' && status < 400) return body.stream
    const bytes = await wholeOf(body)
    if (status < 400) return once(bytes)
    const isWatch = /[?&]watch=(?:1|true)(?:&|$)/.test(request.path)
    if (!isWatch) return once(new Uint8Array())
    return once(
      Buffer.concat([Buffer.from('{"type":"ERROR","object":'), bytes, Buffer.from('}\n')]),
    )
  }

  /** Where it cannot be opened, who waits for the end of the command is told as of its end. */
  async function dial(request: ApiRequest): Promise<DuplexChannels> {
    try {
      if (!transport.connect) throw new Error('this way to the API opens no streams')
      return await transport.connect(forApi(request))
    } catch (error) {
      const [near, far] = channelPair()
      const status = error instanceof StatusError ? error.status : statusOf(messageOf(error))
      void far
        .write(errorChannel, Buffer.from(JSON.stringify(status)))
        .catch(() => {})
        .finally(() => far.close())
      return near
    }
  }
}

const statusOf = (message: string) => new StatusError('InternalError', message).status

function forApi({ method, path, headers = {}, body, signal }: ApiRequest): ApiRequest {
  const passed: Record<string, string> = { 'user-agent': 'proa-dashboard' }
  for (const name of PASSED_ON) {
    const value = headers[name]
    if (value !== undefined) passed[name] = value
  }
  const accept = acceptOf(headers)
  if (accept !== undefined && /^[\x20-\x7e]*$/.test(accept)) passed.accept = accept
  return {
    method,
    path,
    headers: passed,
    ...(body === undefined ? {} : { body }),
    ...(signal ? { signal } : {}),
  }
}

/** Whatever the API answers, an object's text or what a pod says through a proxy: it is never a page of this origin. */
const INERT = {
  'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
} as const

const hashOf = (script: string) =>
  `'sha256-${createHash('sha256').update(script).digest('base64')}'`

function pageAnswer({ html, inline }: ReturnType<typeof documentOf>, headers: Headers) {
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${inline.map(hashOf).join(' ')}`,
    "style-src 'self'",
    "img-src 'self'",
    // Not every browser takes web sockets for the page's own.
    `connect-src 'self' ws://${headers.host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // No text becomes HTML or code, whatever a script does with it.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
  return answer(
    200,
    {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
    },
    Buffer.from(html),
  )
}

function answer(status: number, headers: Headers, bytes: Uint8Array): ApiResponse {
  return {
    status,
    headers: {
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      ...headers,
    },
    body: { kind: 'bytes', bytes },
  }
}

const json = (status: number, value: unknown) =>
  answer(
    status,
    { 'content-type': 'application/json', ...INERT },
    Buffer.from(stringifyJson(value)),
  )

function refused(code: number, reason: string, message: string): ApiResponse {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' }
  const told = json(code, { ...status, message, reason, code })
  return { ...told, headers: { ...told.headers, [REFUSED_HEADER]: 'refused' } }
}

function unreachable(error: unknown): ApiResponse {
  if (error instanceof StatusError) {
    const response = statusAnswer(error)
    return { ...response, headers: { ...response.headers, ...INERT } }
  }
  const told = `the API server cannot be reached: ${messageOf(error)}`
  const response = statusAnswer(new StatusError('ServiceUnavailable', told, {}, 502))
  return {
    ...response,
    headers: { ...response.headers, ...INERT, [REFUSED_HEADER]: 'unreachable' },
  }
}

function letterIn(body: ApiRequest['body']): { token: string; key: string } {
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  try {
    const { token, key } = JSON.parse(Buffer.from(body as Uint8Array).toString())
    return { token: text(token), key: text(key) }
  } catch {
    return { token: '', key: '' }
  }
}

/** Events of a transport that hands over values, as the bytes that a browser gets. */
function plain(body: ResponseBody): ResponseBody {
  if (body.kind !== 'events') return body
  const { events } = body
  return {
    kind: 'stream',
    stream: {
      subscribe: sink =>
        events.subscribe({
          next: event => sink.next(Buffer.from(`${stringifyJson(event)}\n`)),
          end: error => sink.end(error),
        }),
    },
  }
}

function once(bytes: Uint8Array): EventSource<Uint8Array> {
  return {
    subscribe(sink) {
      let isOver = false
      queueMicrotask(() => {
        if (isOver) return
        sink.next(bytes)
        sink.end()
      })
      return () => {
        isOver = true
      }
    },
  }
}

/** Of an answer that is passed on instead of a stream: a Status. */
const MAXIMUM_STATUS_BYTES = 1024 * 1024

function wholeOf(body: ResponseBody): Promise<Uint8Array> {
  if (body.kind === 'bytes') return Promise.resolve(body.bytes)
  if (body.kind === 'chunks') return Promise.resolve(Buffer.concat(body.chunks))
  if (body.kind === 'object') return Promise.resolve(Buffer.from(stringifyJson(body.object)))
  if (body.kind !== 'stream') return Promise.resolve(new Uint8Array())
  const { stream } = body
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    stream.subscribe({
      next(chunk) {
        size += chunk.length
        if (size <= MAXIMUM_STATUS_BYTES) chunks.push(chunk)
      },
      end: error => (error ? reject(error) : resolve(Buffer.concat(chunks))),
    })
  })
}
