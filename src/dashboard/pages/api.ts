/** The way from the pages to the API: requests with the key of this browser, and streams over web sockets, of which browsers allow more at a time. */
import { parseExactText, stringifyJson } from '#api/machinery/exact-json.ts'
import type { Status } from '#api/machinery/status.ts'
import { createLineReader } from '../model/lines.ts'
import { after, ask } from './browser.ts'

const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.'
/** How a header is said where none can be set. */
const ACCEPT_PROTOCOL = 'base64url.accept.dashboard.proa.dev.'
/** Of a log as well as of a watch. */
const BYTES_PROTOCOL = 'binary.k8s.io'
/** How the dashboard's own server marks what it says itself. */
const OWN_HEADER = 'x-proa-dashboard'

const MAXIMUM_TRIES = 4
const TRY_AGAIN_MS = 150

export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP's; 0 where nobody answered. */
  readonly code: number
  readonly status: Partial<Status>

  constructor(code: number, status: Partial<Status>) {
    super(status.message || `the server answered ${code}`)
    this.code = code
    this.status = status
  }

  /** Nobody is there: the same may be asked again. */
  get isAway(): boolean {
    return this.code === 0 || this.code === 502 || this.code === 503 || this.code === 504
  }
}

export interface AskOptions {
  readonly accept?: string
  readonly contentType?: string
  readonly signal?: AbortSignal
  /** Hears of the server's warnings, such as of deprecated versions. */
  readonly onWarning?: (text: string) => void
}

export interface StreamOptions {
  readonly signal: AbortSignal
  readonly accept?: string
}

export interface StreamSink {
  onOpen?(): void
  onBytes(bytes: Uint8Array): void
}

export class Api {
  readonly #key: string
  readonly #onRefused: () => void

  /** `onRefused` is called where the dashboard does not know this browser any more. */
  constructor(key: string, onRefused: () => void) {
    this.#key = key
    this.#onRefused = onRefused
  }

  async json<T>(
    method: string,
    path: string,
    body?: unknown,
    options: AskOptions = {},
  ): Promise<T> {
    const response = await this.#ask(method, path, body, options)
    // Whole numbers beyond 2^53 stay what they are.
    return parseExactText(await this.#read(() => response.text())) as T
  }

  async text(path: string, options: AskOptions = {}): Promise<string> {
    const response = await this.#ask('GET', path, undefined, { accept: '*/*', ...options })
    return this.#read(() => response.text())
  }

  async #ask(method: string, path: string, body: unknown, options: AskOptions): Promise<Response> {
    const { accept = 'application/json', contentType = 'application/json', signal } = options
    const response = await this.#answer(path, signal, {
      method,
      headers: {
        accept,
        authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : stringifyJson(body) }),
      ...(signal ? { signal } : {}),
      redirect: 'error',
      cache: 'no-store',
    })
    const warning = response.headers.get('warning')
    if (warning) for (const text of warningTexts(warning)) options.onWarning?.(text)
    if (response.ok) return response
    if (response.status === 401 && response.headers.get(OWN_HEADER) === 'refused') this.#onRefused()
    throw new ApiError(response.status, await statusIn(response))
  }

  /** What only reads is asked again where a browser broke it off, as it does when a network comes or goes. */
  async #answer(
    path: string,
    signal: AbortSignal | undefined,
    options: RequestInit,
  ): Promise<Response> {
    for (let tries = 1; ; tries++)
      try {
        return await ask(path, options)
      } catch (error) {
        if (signal?.aborted) throw error
        if (options.method !== 'GET' || tries >= MAXIMUM_TRIES)
          throw new ApiError(0, {
            message: 'The dashboard’s server does not answer. Is it still running?',
          })
        await new Promise<void>(resolve => void after(TRY_AGAIN_MS * tries, resolve))
      }
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw new ApiError(0, { message: 'The answer broke off.' })
    }
  }

  /** A web socket at a path of the API, with what the server needs to know this browser. */
  socket(path: string, protocol: string, accept?: string): WebSocket {
    const url = new URL(path, location.href)
    url.protocol = url.protocol.replace('http', 'ws')
    url.hash = ''
    const socket = new WebSocket(url, [
      protocol,
      TOKEN_PROTOCOL + this.#key,
      ...(accept === undefined ? [] : [ACCEPT_PROTOCOL + base64Url(accept)]),
    ])
    socket.binaryType = 'arraybuffer'
    return socket
  }

  /** Reads until the stream ends, or the signal aborts. Rejects where it could not be opened. */
  stream(path: string, sink: StreamSink, { signal, accept }: StreamOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve()
      const socket = this.socket(path, BYTES_PROTOCOL, accept)
      let isOpen = false
      const end = () => socket.close()
      signal.addEventListener('abort', end, { once: true })
      socket.onopen = () => {
        isOpen = true
        sink.onOpen?.()
      }
      socket.onmessage = ({ data }) => {
        if (!signal.aborted && data instanceof ArrayBuffer && data.byteLength > 0)
          sink.onBytes(new Uint8Array(data))
      }
      socket.onclose = () => {
        signal.removeEventListener('abort', end)
        if (isOpen || signal.aborted) return resolve()
        // A script is not told why: the server may not know us any more.
        this.json('GET', '/session').then(
          () => reject(new ApiError(0, { message: 'The stream could not be opened.' })),
          reject,
        )
      }
    })
  }

  /** Lines of JSON, each given to `onEvent`. Rejects with the error that a watch says at its end. */
  async watch<E extends { readonly type: string; readonly object: unknown }>(
    path: string,
    onEvent: (event: E) => void,
    { onOpen, ...options }: StreamOptions & { readonly onOpen?: () => void },
  ): Promise<void> {
    const reader = createLineReader(64 * 1024 * 1024)
    let failure: ApiError | undefined
    const take = (line: string) => {
      if (line === '' || failure) return
      const event = parseExactText(line) as E
      if (event.type !== 'ERROR') return onEvent(event)
      const status = event.object as Partial<Status>
      failure = new ApiError(status.code ?? 500, status)
    }
    const sink: StreamSink = {
      onBytes: bytes => {
        for (const line of reader.push(bytes)) take(line)
      },
      ...(onOpen ? { onOpen } : {}),
    }
    await this.stream(path, sink, options)
    take(reader.rest())
    if (failure) throw failure
  }
}

const base64Url = (text: string): string =>
  btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

async function statusIn(response: Response): Promise<Partial<Status>> {
  const text = await response.text().catch(() => '')
  try {
    const status = JSON.parse(text) as Partial<Status>
    if (status.kind === 'Status') return status
  } catch {
    // Somebody between us and the API answered.
  }
  return { message: text.slice(0, 1000) || `the server answered ${response.status}` }
}

/** `299 - "one", 299 - "two"`. */
function warningTexts(header: string): string[] {
  return [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replace(/\\(.)/g, '$1'),
  )
}

/** What went wrong, for people. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'AbortError'
