/** Joins a client's connection to a proxied target's, which answered 101: from here on nobody looks at the bytes. */
import type { Tunnel } from '../forwarding/forwarder.ts'
import type { Connection } from './connections.ts'
import { headLines } from './http1-headers.ts'
import type { Upgrade } from './upgrade.ts'

export function tunnelThrough(
  { socket, head }: Upgrade,
  tunnel: Tunnel,
  connection: Connection,
): void {
  const far = tunnel.socket
  far.on('error', () => {}) // `close` follows.
  const end = () => {
    far.destroy()
    socket.destroy()
  }
  if (socket.destroyed || far.destroyed) {
    end()
    return
  }
  connection.retire = end
  const lines = ['HTTP/1.1 101 Switching Protocols', ...headLines(tunnel.headers)]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  if (tunnel.head.length > 0) socket.write(tunnel.head)
  if (head.length > 0) far.write(head)
  socket.pipe(far).pipe(socket)
  socket.once('close', end)
  far.once('close', end)
}
