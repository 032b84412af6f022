/** The HTTP request that turns a connection into SPDY, as a client, and the answer to it, as a server. */
import type { Duplex } from 'node:stream'
import { nodeHttp } from '../../node-http.ts'
import { refusalOf, type StreamTarget, upgradeTimeoutMs } from '../target.ts'

export const protocolHeader = 'x-stream-protocol-version'
export const spdyUpgrade = 'SPDY/3.1'

export interface UpgradedWire {
  readonly wire: Duplex
  readonly head: Uint8Array
  readonly protocol: string
}

/** Asks for SPDY. Rejects with UpgradeRefused where the server refuses. */
export async function upgradeToSpdy(
  target: StreamTarget,
  protocols: readonly string[],
): Promise<UpgradedWire> {
  const connection = await target.dial()
  return new Promise((resolve, reject) => {
    const request = nodeHttp().request({
      method: 'POST',
      host: target.host,
      path: target.path,
      createConnection: () => connection,
      headers: {
        ...target.headers,
        host: target.host,
        connection: 'Upgrade',
        upgrade: spdyUpgrade,
        [protocolHeader]: [...protocols],
        'content-length': 0,
      },
    })
    const cancelTimeout = target.clock.after(upgradeTimeoutMs, () => {
      request.destroy(new Error('the streaming server did not answer in time'))
    })
    const fail = (error: unknown) => {
      cancelTimeout()
      connection.destroy()
      reject(error)
    }
    request.on('upgrade', (response, socket, head) => {
      cancelTimeout()
      const protocol = String(response.headers[protocolHeader] ?? '')
      resolve({ wire: socket, head, protocol })
    })
    request.on('response', response => {
      refusalOf(response).then(fail, fail)
    })
    request.on('error', fail)
    request.end()
  })
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
