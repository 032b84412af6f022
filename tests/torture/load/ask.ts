/** One request on a connection that may break, or of which its sender loses patience. */
import type { ClientHttp2Session } from 'node:http2'

export interface Request {
  readonly method: string
  readonly path: string
  readonly type?: string
  readonly body?: object
  /** The sender gives up after so long. */
  readonly patienceMs?: number
}

export interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: whoever asked knows what comes
  readonly json: any
}

/** Undefined where no answer came. */
export function ask(
  session: ClientHttp2Session,
  { method, path, type = 'application/json', body, patienceMs }: Request,
): Promise<Reply | undefined> {
  return new Promise(resolve => {
    if (session.destroyed || session.closed) return resolve(undefined)
    const headers = { ':method': method, ':path': path, ...(body ? { 'content-type': type } : {}) }
    const stream = session.request(headers, { endStream: body === undefined })
    const timer =
      patienceMs === undefined ? undefined : setTimeout(() => stream.close(8), patienceMs)
    const chunks: Buffer[] = []
    let status = 0
    let isWhole = false
    stream.on('response', answered => {
      status = Number(answered[':status'])
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      isWhole = true
    })
    stream.on('error', () => {})
    stream.on('close', () => {
      clearTimeout(timer)
      const json = isWhole && status > 0 ? parse(Buffer.concat(chunks)) : undefined
      resolve(json === undefined ? undefined : { status, json })
    })
    if (body !== undefined) stream.end(JSON.stringify(body))
  })
}

/** An answer that was cut off is none. */
function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
