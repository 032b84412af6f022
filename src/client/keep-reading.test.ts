import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { keepReading } from './keep-reading.ts'

/** A server that hears a word, says its last one and is gone, and a client that goes on sending before it has read that. */
async function conversation(wrap: (socket: ReturnType<typeof connect>) => void) {
  const server = createServer(socket => {
    socket.once('data', () => {
      socket.write('the last word')
      socket.resetAndDestroy()
      client.write('more')
      client.write('and more')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  wrap(client)
  let heard = ''
  client.on('data', bytes => {
    heard += bytes
  })
  const codes: (string | undefined)[] = []
  client.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code))
  const closed = new Promise(resolve => client.once('close', resolve))
  client.write('a word')
  await closed
  server.close()
  return { heard, codes }
}

test('what a peer said before it went is read, although a write finds it gone', async () => {
  const { heard } = await conversation(keepReading)
  assert.equal(heard, 'the last word')
})

test('a socket of Node’s alone loses it', async () => {
  const { heard, codes } = await conversation(() => {})
  assert.equal(heard, '')
  assert.match(codes.join(), /EPIPE|ECONNRESET/)
})
