import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { test } from 'node:test'
import packet from 'dns-packet'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#host/random.ts'
import { exchangeTcp, exchangeUdp } from '#host/sockets.ts'
import type { Answer } from './answers.ts'
import { serveDns } from './server.ts'

const many: Answer = {
  exists: true,
  additionals: [],
  answers: Array.from(
    { length: 200 },
    (_, i) => ({ type: 'A', name: 'many.cluster.local', ttl: 5, data: `10.0.0.${i}` }) as const,
  ),
}
const one: Answer = {
  exists: true,
  additionals: [],
  answers: [{ type: 'A', name: 'one.cluster.local', ttl: 5, data: '10.0.0.1' }],
}
const none: Answer = { exists: false, answers: [], additionals: [] }
const names: Record<string, Answer> = { 'many.cluster.local': many, 'one.cluster.local': one }

async function serve(upstreams: { address: string; port: number }[]) {
  const server = await serveDns({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones: ['cluster.local'],
    upstreams,
    ...{ log: silentLog, random: systemRandom },
    resolve: name => (name.endsWith('cluster.local') ? (names[name] ?? none) : undefined),
  })
  const port = server.ports[0] ?? 0
  const resolver = new Resolver({ timeout: 30_000, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  return { server, port, resolver }
}

test('answers own names, cuts long answers for UDP and gives them whole over TCP', async () => {
  const { server, port, resolver } = await serve([])
  try {
    assert.deepEqual(await resolver.resolve4('one.cluster.local'), ['10.0.0.1'])
    assert.equal((await resolver.resolve4('many.cluster.local')).length, 200)
    await assert.rejects(resolver.resolve4('gone.cluster.local'), { code: 'ENOTFOUND' })
    const question = packet.encode({
      type: 'query',
      id: 7,
      questions: [{ type: 'A', name: 'many.cluster.local' }],
    })
    const cut = await exchangeUdp({ address: '127.0.0.1', port }, question, 30_000, () => true)
    assert.equal(packet.decode(Buffer.from(cut)).flag_tc, true)
  } finally {
    await server.stop()
  }
})

test('asks upstream for other names, and says SERVFAIL where no upstream answers', async () => {
  const upstream = await serve([])
  names['example.org'] = {
    ...one,
    answers: [{ type: 'A', name: 'example.org', ttl: 5, data: '192.0.2.1' }],
  }
  const outside = await serveDns({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones: ['org'],
    upstreams: [],
    ...{ log: silentLog, random: systemRandom },
    resolve: name => names[name] ?? none,
  })
  const { server, resolver } = await serve([{ address: '127.0.0.1', port: outside.ports[0] ?? 0 }])
  try {
    assert.deepEqual(await resolver.resolve4('example.org'), ['192.0.2.1'])
    await outside.stop()
    await assert.rejects(resolver.resolve4('example.org'), { code: 'ESERVFAIL' })
    await assert.rejects(upstream.resolver.resolve4('example.org'), { code: 'EREFUSED' })
  } finally {
    await Promise.all([server.stop(), upstream.server.stop()])
  }
})

test('rubbish gets no answer and does no harm', async () => {
  const { server, port, resolver } = await serve([])
  try {
    await assert.rejects(
      exchangeUdp({ address: '127.0.0.1', port }, Buffer.from('rubbish'), 100, () => true),
      /no answer/,
    )
    await assert.rejects(
      exchangeTcp({ address: '127.0.0.1', port }, Buffer.alloc(200_000, 255), 1000, () => true),
    )
    assert.deepEqual(await resolver.resolve4('one.cluster.local'), ['10.0.0.1'])
  } finally {
    await server.stop()
  }
})
