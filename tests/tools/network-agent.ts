/** A program for a network namespace: it answers on some ports, and tries to reach others when it is told to. One program instead of one for each connection. */

import { createSocket } from 'node:dgram'
import { connect, createServer, isIPv6, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

export interface Attempt {
  readonly id: number
  readonly protocol: 'tcp' | 'udp'
  readonly host: string
  readonly port: number
  /** Keeps the connection of this name, or says something over it again. */
  readonly kept?: string
}

const [name = '', ports = '', timeout = '1500'] = process.argv.slice(2)
const kept = new Map<string, Socket>()

for (const port of ports.split(',').map(Number)) {
  createServer(socket => {
    socket.on('error', () => {}).on('data', () => socket.write(name))
  }).listen(port, '::')
  const udp = createSocket('udp6').bind(port, '::')
  udp.on('message', (_, from) => udp.send(name, from.port, from.address))
}

createInterface({ input: process.stdin }).on('line', line => {
  const attempt: Attempt = JSON.parse(line)
  const socket = attempt.protocol === 'tcp' ? overTcp(attempt) : overUdp(attempt)
  let answered = false
  const answer = (heard: string) => {
    if (answered) return
    answered = true
    if (!attempt.kept) socket.end()
    process.stdout.write(`${JSON.stringify({ id: attempt.id, heard })}\n`)
  }
  socket.hear(answer)
  setTimeout(() => answer(''), Number(timeout))
})
process.stdin.on('end', () => process.exit())
process.stdout.write(`${JSON.stringify({ id: 0, heard: 'ready' })}\n`)

function overTcp({ host, port, kept: key }: Attempt) {
  const socket = (key && kept.get(key)) || connect({ host, port })
  if (key) kept.set(key, socket)
  socket.removeAllListeners('data').on('error', () => {})
  socket.write('?')
  return {
    hear: (answer: (heard: string) => void) => void socket.on('data', text => answer(`${text}`)),
    end: () => socket.destroy(),
  }
}

function overUdp({ host, port }: Attempt) {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  socket.on('error', () => {})
  socket.send('?', port, host, () => {})
  return {
    hear: (answer: (heard: string) => void) => void socket.on('message', text => answer(`${text}`)),
    end: () => socket.close(),
  }
}
