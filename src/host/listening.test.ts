import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { listeningPorts } from './listening.ts'

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue\n'
const tables: Record<string, string> = {
  '/proc/net/tcp': `${HEAD}   0: 00000000:0016 00000000:0000 0A 00000000:00000000
   1: 0100007F:192B 00000000:0000 0A 00000000:00000000
   2: 0200000A:0050 00000000:0000 0A 00000000:00000000
   3: 0200000A:0016 0300000A:E000 01 00000000:00000000\n`,
  '/proc/net/tcp6': `${HEAD}   0: 00000000000000000000000000000000:01BB 0000:0000 0A 0:0\n`,
  '/proc/net/udp': `${HEAD}   0: 0300000A:0035 00000000:0000 07 00000000:00000000\n`,
}

test('of an address of IPv6, whose bytes stand in words', () => {
  const own = 'B80D0120000000000000000001000000'
  const read = (path: string) =>
    path === '/proc/net/tcp6'
      ? `${HEAD}   0: ${own}:0050 0:0 0A 0:0\n   1: ${'0'.repeat(32)}:0051 0:0 0A 0:0\n`
      : (tables[path] ?? '')
  assert.deepEqual([...listeningPorts('2001:db8::1', read)].sort(), ['80/TCP', '81/TCP'])
  assert.deepEqual([...listeningPorts('2001:db8::2', read)], ['81/TCP'])
})

test('what is listened on at an address, there alone or everywhere', () => {
  const ports = (address: string) => [...listeningPorts(address, path => tables[path] ?? '')].sort()
  assert.deepEqual(ports('10.0.0.2'), ['22/TCP', '443/TCP', '80/TCP'])
  assert.deepEqual(ports('10.0.0.3'), ['22/TCP', '443/TCP', '53/UDP'])
})

const skip = process.platform === 'linux' ? false : 'only Linux tells who listens'

test('a server of this machine is found', { skip }, async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  assert.ok(listeningPorts('127.0.0.1').has(`${port}/TCP`))
  await new Promise(resolve => server.close(resolve))
  assert.ok(!listeningPorts('127.0.0.1').has(`${port}/TCP`))
})
