/** DNS over TCP: each message follows its length in two bytes. What one client may hold is limited. */
import type { Socket } from 'node:net'

/** An idle client is let go after this. */
const IDLE_MS = 10_000
/** Of one address, so that nobody takes the places of others. */
const MAXIMUM_OF_ONE_CLIENT = 100
const MAXIMUM_CONNECTIONS = 1000
/** Questions of one connection that are not answered yet; more are not read before. */
const MAXIMUM_UNANSWERED = 32
/** Answers that a client has not fetched; no more questions are read before. */
const UNFETCHED_BYTES = 128 * 1024

export type AnswerFunction = (question: Uint8Array) => Promise<Uint8Array | undefined>

/** Serves connections until they end. */
export function tcpConnections(answer: AnswerFunction): (socket: Socket) => void {
  const open = new Map<string, number>()
  let count = 0
  return socket => {
    const client = socket.remoteAddress ?? ''
    const ofClient = open.get(client) ?? 0
    if (ofClient >= MAXIMUM_OF_ONE_CLIENT || count >= MAXIMUM_CONNECTIONS) {
      socket.destroy()
      return
    }
    count++
    open.set(client, ofClient + 1)
    socket.on('close', () => {
      count--
      const left = (open.get(client) ?? 1) - 1
      if (left > 0) open.set(client, left)
      else open.delete(client)
    })
    serve(socket, answer)
  }
}

function serve(socket: Socket, answer: AnswerFunction): void {
  let received = Buffer.alloc(0)
  let unanswered = 0
  socket.setTimeout(IDLE_MS, () => socket.destroy())
  const isFull = () => unanswered >= MAXIMUM_UNANSWERED || socket.writableLength > UNFETCHED_BYTES
  const read = () => {
    while (received.length >= 2 && received.length >= 2 + frameLength(received) && !isFull()) {
      const length = frameLength(received)
      const question = received.subarray(2, 2 + length)
      received = received.subarray(2 + length)
      unanswered++
      void answer(question)
        .then(bytes => bytes && socket.writable && socket.write(frame(bytes)))
        .finally(() => {
          unanswered--
          read()
        })
    }
    // What is not read stays with the client, whose own sending stops at last.
    if (isFull()) socket.pause()
    else socket.resume()
  }
  socket.on('drain', read)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    read()
  })
}

export function frameLength(bytes: Uint8Array): number {
  return (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
}

/** Of at most 65,535 bytes. */
export function frame(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])
}
