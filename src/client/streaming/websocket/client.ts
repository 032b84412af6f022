/** Opens exec and attach on an API server or kubelet over a web socket, v5 where it can and v4 otherwise. */
import type { DuplexChannels } from '../../transport.ts'
import { refusalOf, type StreamTarget, upgradeTimeoutMs } from '../target.ts'
import { binaryCodec } from './message.ts'
import { channelsOverSocket, maxMessageBytes } from './socket.ts'

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']

export async function connectSocket(target: StreamTarget): Promise<DuplexChannels> {
  const [{ WebSocket }, wire] = await Promise.all([import('ws'), target.dial()])
  const socket = new WebSocket(`ws://${target.host}${target.path}`, protocols, {
    createConnection: () => wire as never,
    headers: { ...target.headers },
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handshakeTimeout: upgradeTimeoutMs,
  })
  // Before it is open nothing can be lost: the listeners are set in the same turn as `open`.
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
    socket.once('unexpected-response', (request, response) => {
      refusalOf(response)
        .then(reject, reject)
        .finally(() => request.destroy())
    })
  })
  return channelsOverSocket({
    socket,
    codec: binaryCodec,
    clock: target.clock,
    ...(socket.protocol === protocols[0] && { closes: 'says' }),
  })
}
