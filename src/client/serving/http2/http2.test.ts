/** The whole of it over TLS, with node's client at the other end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { frame, headersFrame, PREFACE, requestBlock } from '../../testing/http2-peer.ts'
import { ask2, pushed, rawConnection, serve, text, trust, until } from '../../testing/serving.ts'
import { ErrorCode, type Frame, FrameReader, FrameType, joinFrames, uint32 } from './frames.ts'

test('250 requests at a time on one connection, with bodies both ways', async () => {
  let most = 0
  let open = 0
  await using server = await serve(async ({ body, path }) => {
    most = Math.max(most, ++open)
    while (most < 250) await delay(5)
    open--
    return text(200, Buffer.concat([Buffer.from(path), Buffer.from((body ?? []) as Uint8Array)]))
  })
  const session = connect(server.url, trust)
  session.setMaxListeners(0)
  const answers = await Promise.all(
    Array.from({ length: 250 }, (_, i) =>
      ask2(session, { method: 'POST', path: `/${i}`, body: Buffer.alloc(5000, i) }),
    ),
  )
  for (const [i, { body }] of answers.entries())
    assert.deepEqual(body, Buffer.concat([Buffer.from(`/${i}`), Buffer.alloc(5000, i)]))
  session.destroy()
})

test('50 MB for a client that reads slowly, while it is asked other things', async () => {
  const piece = Buffer.alloc(1024 * 1024, 'abcdefghijk')
  await using server = await serve(async ({ path }) =>
    path === '/large'
      ? {
          status: 200,
          headers: {},
          body: { kind: 'chunks', chunks: Array.from({ length: 50 }, () => piece) },
        }
      : text(200, 'small'),
  )
  const session = connect(server.url, trust)
  session.setMaxListeners(0)
  const large = session.request({ ':path': '/large' })
  let bytes = 0
  let asked = 0
  for await (const chunk of large) {
    const { length } = chunk as Buffer
    assert.equal(chunk[0], piece[bytes % piece.length])
    bytes += length
    if (bytes < asked * 5_000_000) continue
    asked++
    assert.equal((await ask2(session)).body.toString(), 'small')
  }
  assert.equal(bytes, 50 * piece.length)
  assert.ok(asked >= 10)
  session.destroy()
})

test('200 watches on one connection hear every event, and each ends on its own', async () => {
  const sources = Array.from({ length: 200 }, pushed)
  await using server = await serve(
    async ({ path }) => sources[Number(path.slice(1))]?.response ?? assert.fail(),
  )
  const session = connect(server.url, trust)
  session.setMaxListeners(0)
  const heard = sources.map(() => '')
  const streams = sources.map((_, i) => {
    const stream = session.request({ ':path': `/${i}` })
    stream.on('error', () => {})
    stream.on('data', chunk => {
      heard[i] = `${heard[i]}${chunk}`
    })
    return stream
  })
  await until(() => sources.every(({ state }) => state.subscribed))
  for (let round = 0; round < 20; round++) {
    for (const [i, source] of sources.entries()) source.next(`${i}-${round};`)
    if (round % 5 === 0) await delay(1)
  }
  const wanted = sources.map((_, i) => Array.from({ length: 20 }, (_, r) => `${i}-${r};`).join(''))
  await until(() => heard.every((text, i) => text === wanted[i]))
  for (const stream of streams.slice(0, 100)) stream.close(ErrorCode.cancel)
  await until(() => sources.slice(0, 100).every(({ state }) => state.cancelled))
  assert.ok(sources.slice(100).every(({ state }) => !state.cancelled))
  for (const source of sources.slice(100)) source.end()
  await Promise.all(streams.slice(100).map(stream => stream.closed || once(stream, 'close')))
  session.destroy()
})

test('work that its client makes worthless, by whatever frame, is counted until it ends', async () => {
  // The client breaks off its own streams by mistakes, so that it never resets one.
  const mistakes: Record<string, (id: number) => Frame> = {
    'a window that grows by nothing': id => frame(FrameType.windowUpdate, 0, id, uint32(0)),
    'a window that is too large': id => frame(FrameType.windowUpdate, 0, id, uint32(0x7fff_ffff)),
    'a priority of the wrong size': id => frame(FrameType.priority, 0, id, new Uint8Array(4)),
  }
  for (const [what, mistake] of Object.entries(mistakes)) {
    let working = 0
    await using server = await serve(
      () => {
        working++
        return new Promise(() => {})
      },
      { limits: { stopMs: 50 } },
    )
    const socket = await rawConnection(server, { ALPNProtocols: ['h2'] })
    let farewell: number | undefined
    const reader = new FrameReader(({ type, payload }) => {
      if (type === FrameType.goAway) farewell = Buffer.from(payload).readUInt32BE(4)
    })
    socket.on('data', chunk => reader.push(chunk as Buffer)).on('error', () => {})
    socket.write(PREFACE)
    socket.write(joinFrames([frame(FrameType.settings, 0, 0, new Uint8Array())]))
    for (let id = 1; id < 4000 && farewell === undefined; id += 40) {
      const ids = Array.from({ length: 20 }, (_, i) => id + i * 2)
      const before = working
      socket.write(joinFrames(ids.map(each => headersFrame(each, requestBlock()))))
      // What is broken off in the same breath is not begun.
      await until(() => working === before + ids.length || farewell !== undefined)
      socket.write(joinFrames(ids.map(mistake)))
      await delay(1)
    }
    await until(() => farewell !== undefined)
    assert.ok(working > 400 && working <= 500, `${what}: ${working} were worked on`)
    socket.destroy()
  }
})
