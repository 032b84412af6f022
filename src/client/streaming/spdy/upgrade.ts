/** The HTTP request that turns a connection into SPDY, as a client, and the answer to it, as a server. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'

/** Long enough for a busy node, short enough that a person still waits. */
const upgradeTimeoutMs = 30_000
/** Of a refusal's body, to put into the error. */
const maxRefusalBytes = 4096

export const protocolHeader = 'x-stream-protocol-version'
export const spdyUpgrade = 'SPDY/3.1'

export interface UpgradedWire {
  readonly wire: Duplex
  readonly head: Uint8Array
  readonly protocol: string
}

/** Asks an `http://host:port/path` for SPDY. Rejects with what the server said where it refuses. */
export function upgradeToSpdy(
  url: string,
  protocols: readonly string[],
  clock: Clock,
): Promise<UpgradedWire> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      method: 'POST',
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: spdyUpgrade,
        [protocolHeader]: [...protocols],
        'content-length': 0,
      },
    })
    const cancelTimeout = clock.after(upgradeTimeoutMs, () => {
      request.destroy(new Error('the streaming server did not answer in time'))
    })
    request.on('upgrade', (response, socket, head) => {
      cancelTimeout()
      const protocol = String(response.headers[protocolHeader] ?? '')
      resolve({ wire: socket, head, protocol })
    })
    request.on('response', response => {
      cancelTimeout()
      refusal(request, response).then(reject, reject)
    })
    request.on('error', error => {
      cancelTimeout()
      reject(error)
    })
    request.end()
  })
}

async function refusal(request: ClientRequest, response: IncomingMessage): Promise<Error> {
  let text = ''
  for await (const chunk of response) {
    text += String(chunk)
    if (text.length > maxRefusalBytes) break
  }
  request.destroy()
  const said = text.trim().slice(0, maxRefusalBytes)
  return new Error(`the streaming server answered ${response.statusCode}: ${said}`)
}

/** Answers the request of a client that asked for SPDY. */
export function answerSpdyUpgrade(socket: Duplex, protocol: string | undefined): void {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    `Upgrade: ${spdyUpgrade}`,
    ...(protocol ? [`X-Stream-Protocol-Version: ${protocol}`] : []),
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
}
