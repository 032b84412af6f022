/**
 * Asks other processes whether they are well: over HTTP, TCP and gRPC. Never rejects; what went
 * wrong is the answer's text.
 */
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { hostPort } from '#base/host-port.ts'

export interface Answer {
  readonly ok: boolean
  readonly output: string
  /** Success, of which something should be told. */
  readonly isDoubtful?: true
}

export interface HttpProbe {
  readonly scheme: 'HTTP' | 'HTTPS'
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

/** Redirects on the same host are followed so often; a redirect elsewhere is taken for an answer. */
const MAXIMUM_REDIRECTS = 10
/** More of a body is not read: only the status counts, and the beginning tells where a redirect leads. */
const BODY_LIMIT_BYTES = 10 * 1024
/** Node's own limit is a sixty-fourth of it: who answers with large cookies is not ill. */
const HEADER_LIMIT_BYTES = 1024 * 1024

export const machineNetwork = {
  async http(probe: HttpProbe, timeoutMs: number): Promise<Answer> {
    const scheme = probe.scheme.toLowerCase()
    const first = `${scheme}://${hostPort(probe.host, probe.port)}${probe.path}`
    const signal = AbortSignal.timeout(timeoutMs)
    let url = new URL(first)
    for (let hop = 0; hop <= MAXIMUM_REDIRECTS; hop++) {
      const answer = await getOnce(url, probe.headers, signal).catch((error: Error) => ({ error }))
      if ('error' in answer) return failure(`Get "${url}": ${reasonOf(answer.error, url)}`)
      const { status, location, body } = answer
      if (status < 200 || status >= 400)
        return failure(`HTTP probe failed with statuscode: ${status}`)
      if (!location || status < 300) return { ok: true, output: '' }
      const next = URL.parse(location, url)
      if (!next)
        return failure(`Get "${url}": failed to parse Location header ${JSON.stringify(location)}`)
      if (next.hostname !== url.hostname) {
        const output = `Probe terminated redirects, Response body: ${body}`
        return { ok: true, output, isDoubtful: true }
      }
      url = next
    }
    return failure(`Get "${first}": stopped after ${MAXIMUM_REDIRECTS} redirects`)
  },

  tcp(host: string, port: number, timeoutMs: number): Promise<Answer> {
    return new Promise(resolve => {
      const socket = connect({ host, port, timeout: timeoutMs })
      const end = (answer: Answer) => {
        socket.destroy()
        resolve(answer)
      }
      const where = `dial tcp ${hostPort(host, port)}`
      socket.once('connect', () => end({ ok: true, output: '' }))
      socket.once('timeout', () => end(failure(`${where}: i/o timeout`)))
      socket.on('error', error => end(failure(`${where}: ${systemReason(error)}`)))
    })
  },

  async grpc(host: string, port: number, service: string, timeoutMs: number): Promise<Answer> {
    const { askHealth } = await import('./grpc-health.ts')
    return askHealth(hostPort(host, port), service, timeoutMs)
  },
}

const failure = (output: string): Answer => ({ ok: false, output })

interface Got {
  readonly status: number
  readonly location: string | undefined
  readonly body: string
}

async function getOnce(url: URL, headers: HttpProbe['headers'], signal: AbortSignal): Promise<Got> {
  const { request } =
    url.protocol === 'https:' ? await import('node:https') : process.getBuiltinModule('node:http')
  const values: Record<string, string[]> = {}
  for (const { name, value } of headers) values[name] = [...(values[name] ?? []), value]
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      // Pods' certificates are their own affair: the probe asks whether they answer. One connection
      // a probe, as kubelets do.
      {
        ...{ headers: values, rejectUnauthorized: false, agent: false, signal },
        maxHeaderSize: HEADER_LIMIT_BYTES,
      },
      (response: IncomingMessage) => {
        let size = 0
        const pieces: Buffer[] = []
        const done = () => {
          response.destroy()
          const body = Buffer.concat(pieces).toString('utf8', 0, BODY_LIMIT_BYTES)
          resolve({ status: response.statusCode ?? 0, location: response.headers.location, body })
        }
        response.on('data', (piece: Buffer) => {
          size += piece.length
          pieces.push(piece)
          if (size > BODY_LIMIT_BYTES) done()
        })
        response.once('end', done)
        response.on('error', reject)
      },
    )
    // An answer as well, of which Node would say nothing.
    asked.once('upgrade', ({ statusCode = 0 }, socket) => {
      socket.destroy()
      resolve({ status: statusCode, location: undefined, body: '' })
    })
    asked.on('error', reject)
    asked.end()
  })
}

function reasonOf(error: Error, url: URL): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError')
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
  const port = url.port || (url.protocol === 'https:' ? 443 : 80)
  const { code } = error as NodeJS.ErrnoException
  return code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH'
    ? `dial tcp ${url.hostname}:${port}: ${systemReason(error)}`
    : error.message
}

function systemReason(error: Error): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ECONNREFUSED':
      return 'connect: connection refused'
    case 'EHOSTUNREACH':
      return 'connect: no route to host'
    case 'ENETUNREACH':
      return 'connect: network is unreachable'
    case 'ETIMEDOUT':
      return 'i/o timeout'
    default:
      return error.message
  }
}
