/** Requests of HTTP/1.1 to the letter: no client in between has an opinion on names, repetitions and targets. */
import { connect } from 'node:tls'

export interface RawRequest {
  readonly method: string
  readonly target: string
  /** In this order, as often as they stand here. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body?: string
}

export interface RawAnswer {
  readonly status: number
  readonly text: string
}

export interface Pair {
  readonly certificate: string
  readonly key: string
}

/** A watch has no end of its own. */
const PATIENCE_MS = 3_000

/** `status` is 0 where the connection ends without an answer. */
export function askRaw(url: string, request: RawRequest, pair?: Pair): Promise<RawAnswer> {
  const { hostname: host, port } = new URL(url)
  const { method, target, headers, body } = request
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}:${port}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined
      ? []
      : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
    'Connection: close',
  ]
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port),
      rejectUnauthorized: false,
      ...(pair ? { cert: pair.certificate, key: pair.key } : {}),
    })
    const parts: Buffer[] = []
    socket.on('data', (part: Buffer) => parts.push(part))
    socket.on('error', error =>
      (error as { code?: string }).code === 'ECONNRESET' ? undefined : reject(error),
    )
    const enough = setTimeout(() => socket.destroy(), PATIENCE_MS)
    socket.on('close', () => {
      clearTimeout(enough)
      resolve(answerIn(Buffer.concat(parts).toString()))
    })
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
  })
}

function answerIn(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [, status = '0'] = /^HTTP\/1\.1 (\d+)/.exec(text) ?? []
  const head = text.slice(0, end)
  const body = text.slice(end + 4)
  return {
    status: Number(status),
    text: /transfer-encoding: chunked/i.test(head) ? unchunked(body) : body,
  }
}

function unchunked(text: string): string {
  let rest = text
  let whole = ''
  for (;;) {
    const [line = ''] = rest.split('\r\n', 1)
    const size = Number.parseInt(line, 16)
    if (!(size > 0)) return whole
    whole += rest.slice(line.length + 2, line.length + 2 + size)
    rest = rest.slice(line.length + size + 4)
  }
}
