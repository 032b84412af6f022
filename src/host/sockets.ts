/** UDP and TCP servers and single exchanges, as little of them as DNS needs. */
import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'

export interface Peer {
  readonly address: string
  readonly port: number
}

export interface Listening {
  readonly port: number
  close(): Promise<void>
}

/** Answers datagrams: `receive` gets each with a function that replies to its sender. */
export async function listenUdp(
  address: string,
  port: number,
  receive: (message: Uint8Array, reply: (answer: Uint8Array) => void) => void,
): Promise<Listening> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, () => {
      socket.off('error', reject)
      resolve()
    })
  })
  // A reply to a peer that is gone comes back as an ICMP error; the next datagram is not its business.
  socket.on('error', () => {})
  socket.on('message', (message, from) =>
    receive(message, answer => socket.send(answer, from.port, from.address, () => {})),
  )
  return {
    port: socket.address().port,
    close: () => new Promise(resolve => socket.close(() => resolve())),
  }
}

/** Accepts TCP connections; `accept` owns each socket. Closing ends them all. */
export async function listenTcp(
  address: string,
  port: number,
  accept: (socket: Socket) => void,
): Promise<Listening> {
  const open = new Set<Socket>()
  const server = createServer(socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    accept(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound ? bound.port : port,
    close: () => {
      for (const socket of open) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

/** Sends one datagram and resolves with the first answer that `accepts` takes. Rejects after `timeoutMs`. */
export function exchangeUdp(
  to: Peer,
  message: Uint8Array,
  timeoutMs: number,
  accepts: (answer: Uint8Array) => boolean,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: to.address.includes(':') ? 'udp6' : 'udp4' })
    const finish = (act: () => void) => {
      clearTimeout(timer)
      socket.close()
      act()
    }
    const timer = setTimeout(
      () => finish(() => reject(new Error(`no answer from ${to.address} within ${timeoutMs} ms`))),
      timeoutMs,
    )
    socket.on('error', error => finish(() => reject(error)))
    // A connected socket takes answers from that peer alone.
    socket.connect(to.port, to.address, () => socket.send(message))
    socket.on('message', answer => {
      if (accepts(answer)) finish(() => resolve(answer))
    })
  })
}

/** Sends bytes over a fresh TCP connection and resolves with all that comes back until `complete` is satisfied. Rejects after `timeoutMs`. */
export function exchangeTcp(
  to: Peer,
  message: Uint8Array,
  timeoutMs: number,
  complete: (received: Uint8Array) => boolean,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect(to.port, to.address)
    let received = Buffer.alloc(0)
    // As a whole: one byte now and then is no answer.
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer from ${to.address} within ${timeoutMs} ms`)),
      timeoutMs,
    )
    socket.on('error', reject)
    socket.on('close', () => clearTimeout(timer))
    socket.on('close', () => reject(new Error(`${to.address} closed the connection`)))
    socket.write(message)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (!complete(received)) return
      resolve(received)
      socket.destroy()
    })
  })
}
