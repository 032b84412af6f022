/** What commands say that ask a cluster in vain. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { StatusError } from '#api/machinery/status.ts'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { askedInVain, remoteContext } from './remote-context.ts'

test('a cluster that does not run is one sentence, and no stack', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  const connection = { server: `https://127.0.0.1:${port}`, namespace: 'default' }
  const remote = remoteContext(connection, silentLog)
  const error = await remote.context.client.list(configMap).catch(error => error)
  await remote.stop()
  const told = askedInVain(error, connection)
  assert.ok(told instanceof UserError, String(told))
  assert.equal(
    told.message,
    `the API server at https://127.0.0.1:${port} cannot be asked: dial tcp 127.0.0.1:${port}: connect: connection refused; does it run?`,
  )
})

test('an answer is told in its own words, and a bug keeps its stack', () => {
  const connection = { server: 'https://[::1]:6443' }
  const refused = new StatusError('Forbidden', 'secrets is forbidden')
  assert.equal((askedInVain(refused, connection) as Error).message, 'secrets is forbidden')
  for (const error of [
    new UserError('there is no token abcdef'),
    new TypeError('x is not a function'),
    'odd',
  ])
    assert.equal(askedInVain(error, connection), error)
})
