import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { silentLog as log } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import { createInformers } from '#client/informers.ts'
import type { Running } from '#client/role.ts'
import { systemClock as clock } from '#host/clock.ts'
import { systemRandom as random } from '#host/random.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { identities } from './identities.ts'
import { serveNames } from './serve-names.ts'

test('where another server has the port it answers on a free one, and says so', async () => {
  const store = createMemoryStore({ clock, log })
  const serviceClusterIpRange = '10.98.0.0/16'
  const server = createApiServer({ store, kinds, clock, random, log, serviceClusterIpRange })
  await server.ready()
  await server.advertise({ address: '10.0.0.1', port: 6443 })
  const client = createClient(server.transportFor(identities.admin))
  const informers = createInformers(client, { clock, log, random })
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const running: Running[] = []
  const moves: number[] = []
  const serve = () =>
    serveNames(
      { client, informers, clock, random, log },
      {
        ...{ clusterDomain: 'cluster.local', upstreams: [], address: '127.0.0.1', port },
        signal: new AbortController().signal,
        started: async server => void running.push(server),
        moved: async port => void moves.push(port),
      },
    )
  try {
    await serve()
    assert.equal(moves.length, 1)
    assert.notEqual(moves[0], port)
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${moves[0]}`])
    const name = 'kubernetes.default.svc.cluster.local'
    assert.deepEqual(await resolver.resolve4(name), ['10.98.0.1'])

    await new Promise(resolve => other.close(resolve))
    await serve()
    assert.equal(moves.length, 1, 'it has the port that it wants')
  } finally {
    other.close()
    for (const each of running) await each.stop()
    informers.stop()
    await server.stop()
    await store.close()
  }
})
