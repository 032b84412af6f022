import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { connect } from 'node:net'
import { test } from 'node:test'
import packet from 'dns-packet'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#host/random.ts'
import { exchangeTcp, exchangeUdp, listenUdp } from '#host/sockets.ts'
import type { Answer } from './answers.ts'
import { Forwarder } from './forward.ts'
import { encodeQuery } from './message.ts'
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

/** A server of names outside of the cluster, for which another one asks it. */
async function serveOutside() {
  const outside = await serveDns({
    listen: [{ address: '127.0.0.1', port: 0 }],
    zones: ['org'],
    upstreams: [],
    ...{ log: silentLog, random: systemRandom },
    resolve: name => names[name] ?? none,
  })
  const inside = await serve([{ address: '127.0.0.1', port: outside.ports[0] ?? 0 }])
  return { outside, ...inside }
}

test('asks upstream for other names, and says SERVFAIL where no upstream answers', async () => {
  const upstream = await serve([])
  names['example.org'] = {
    ...one,
    answers: [{ type: 'A', name: 'example.org', ttl: 5, data: '192.0.2.1' }],
  }
  const { outside, server, resolver } = await serveOutside()
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

test('a name outside of the cluster that a Service stands for is asked there', async () => {
  names['known.example.org'] = {
    ...one,
    answers: [{ type: 'A', name: 'known.example.org', ttl: 5, data: '192.0.2.7' }],
  }
  const alias = (name: string, data: string): Answer => ({
    ...one,
    answers: [{ type: 'CNAME', name, ttl: 5, data }],
  })
  names['out.cluster.local'] = alias('out.cluster.local', 'known.example.org')
  names['in.cluster.local'] = alias('in.cluster.local', 'one.cluster.local')
  names['loop.cluster.local'] = alias('loop.cluster.local', 'loop.cluster.local')
  const { outside, server, resolver } = await serveOutside()
  try {
    assert.deepEqual(await resolver.resolve4('out.cluster.local'), ['192.0.2.7'])
    assert.deepEqual(await resolver.resolve4('in.cluster.local'), ['10.0.0.1'])
    // It is answered at all.
    assert.deepEqual(await resolver.resolve4('loop.cluster.local'), [])
  } finally {
    await Promise.all([server.stop(), outside.stop()])
  }
})

test('a server that is dead costs its time once', async () => {
  const asked: number[] = []
  const listenFor = (number: number, answers: boolean) =>
    listenUdp('127.0.0.1', 0, (message, reply) => {
      asked.push(number)
      if (answers) reply(message)
    })
  const [dead, alive] = await Promise.all([listenFor(1, false), listenFor(2, true)])
  const forwarder = new Forwarder([dead, alive].map(({ port }) => ({ address: '127.0.0.1', port })))
  try {
    const question = encodeQuery(7, 'example.org', 'A')
    for (let round = 0; round < 3; round++) await forwarder.ask(question, 'udp')
    assert.deepEqual(asked, [1, 2, 2, 2])
  } finally {
    await Promise.all([dead.close(), alive.close()])
  }
})

test('addresses come in any order', async () => {
  const { server, resolver } = await serve([])
  try {
    const firsts = new Set<string | undefined>()
    for (let round = 0; round < 10; round++)
      firsts.add((await resolver.resolve4('many.cluster.local'))[0])
    assert.ok(firsts.size > 1)
  } finally {
    await server.stop()
  }
})

test('what is asked otherwise than by a query of the Internet is refused', async () => {
  const { server, port } = await serve([])
  const question = packet.encode({
    ...{ type: 'query', id: 7 },
    questions: [{ type: 'A', name: 'one.cluster.local' }],
  })
  const codeOf = async (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(question)
    change(bytes)
    const told = await exchangeUdp({ address: '127.0.0.1', port }, bytes, 30_000, () => true)
    return (told[3] ?? 0) & 15
  }
  try {
    assert.equal(await codeOf(() => {}), 0)
    assert.equal(await codeOf(bytes => bytes.writeUInt8(5 << 3, 2)), 4, 'an update')
    assert.equal(await codeOf(bytes => bytes.writeUInt8(3, bytes.length - 1)), 5, 'CHAOS')
    assert.equal(await codeOf(bytes => bytes.writeUInt8(2, 5)), 1, 'two questions')
  } finally {
    await server.stop()
  }
})

test('who asks and never fetches answers holds no more than a little memory', async () => {
  const { server, port, resolver } = await serve([])
  const question = packet.encode({
    ...{ type: 'query', id: 7 },
    questions: [{ type: 'A', name: 'many.cluster.local' }],
  })
  const framed = Buffer.concat([Buffer.from([0, question.length]), question])
  const greedy = connect(port, '127.0.0.1').pause()
  greedy.on('error', () => {})
  try {
    // As much as the server and the kernel take; of answers it would be eighty times as much.
    let taken = 0
    for (let round = 0; round < 200; round++) {
      const isTaken = greedy.write(Buffer.concat(Array(1000).fill(framed)))
      if (!isTaken) {
        const drained = new Promise(resolve => greedy.once('drain', () => resolve(true)))
        const late = new Promise(resolve => setTimeout(resolve, 500, false))
        if (!(await Promise.race([drained, late]))) break
      }
      taken = round
    }
    assert.ok(taken < 199, 'the server goes on reading')
    assert.deepEqual(await resolver.resolve4('one.cluster.local'), ['10.0.0.1'])
  } finally {
    greedy.destroy()
    await server.stop()
  }
})

test('one client has a limited number of connections', async () => {
  const { server, port } = await serve([])
  const sockets = Array.from({ length: 110 }, () => connect(port, '127.0.0.1'))
  try {
    let closed = 0
    for (const socket of sockets)
      socket
        .on('error', () => {})
        .on('close', () => closed++)
        .resume()
    for (let tries = 0; tries < 300 && closed < 10; tries++)
      await new Promise(resolve => setTimeout(resolve, 20))
    assert.equal(closed, 10)
  } finally {
    for (const socket of sockets) socket.destroy()
    await server.stop()
  }
})
