import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { toldSpans } from '#client/testing/told-spans.ts'
import { systemClock } from '#host/clock.ts'
import { type CriOptions, connectCri } from './cri.ts'
import * as messages from './messages.ts'

const EXITED = 2
const NOW = Date.UTC(2026, 0, 1)
/** What is news stays news, however slow the machine. */
const clock = { ...systemClock, now: () => NOW }

/** A runtime that says one thing of a container after the other; the last for ever. */
async function runtimeSaying(...reasons: readonly string[]) {
  return runtimeWith({}, ...reasons)
}

async function runtimeWith(more: Partial<CriOptions>, ...reasons: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'proa-cri-'))
  const socketPath = join(directory, 'cri.sock')
  let asked = 0
  let agoMs = 0
  const traceparents: unknown[] = []
  const server = createServer()
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    traceparents.push(headers.traceparent)
    const finishedAt = (clock.now() - agoMs) * 1_000_000
    const reason = reasons[Math.min(asked++, reasons.length - 1)] ?? ''
    const message = messages.containerStatusResponse.encode({
      status: { id: 'c', state: EXITED, exitCode: 137, reason, finishedAt },
    })
    const head = Buffer.alloc(5)
    head.writeUInt32BE(message.length, 1)
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(Buffer.concat([head, message]))
  })
  await new Promise<void>(resolve => void server.listen(socketPath, resolve))
  const runtime = connectCri({ socketPath, clock, log: silentLog, ...more })
  return {
    reason: async () => (await runtime.containerStatus('c'))?.reason,
    asked: () => asked,
    ...{ runtime, traceparents, socketPath },
    endedLongAgo: () => {
      agoMs = 60_000
    },
    async [Symbol.asyncDispose]() {
      await runtime.close?.()
      await new Promise(resolve => server.close(resolve))
      rmSync(directory, { recursive: true })
    },
  }
}

test('a container that was killed just now is asked for once more: that memory ran out is told later', async () => {
  await using late = await runtimeSaying('Error', 'OOMKilled')
  assert.equal(await late.reason(), 'OOMKilled')
  assert.equal(late.asked(), 2)
  assert.equal(await late.reason(), 'OOMKilled')
  assert.equal(late.asked(), 3, 'what is known is not asked for again')
})

test('who asks while the news is awaited waits for it, too', async () => {
  await using late = await runtimeSaying('Error', 'Error', 'OOMKilled')
  assert.deepEqual(await Promise.all([late.reason(), late.reason()]), ['OOMKilled', 'OOMKilled'])
})

test('one that somebody else killed is doubted once, one that was killed long ago never', async () => {
  await using killed = await runtimeSaying('Error')
  assert.equal(await killed.reason(), 'Error')
  assert.equal(await killed.reason(), 'Error')
  assert.equal(killed.asked(), 3)
  await using old = await runtimeSaying('Error')
  old.endedLongAgo()
  assert.equal(await old.reason(), 'Error')
  assert.equal(old.asked(), 1)
})

test('calls are parts of what they are for, and the runtime may go on with the trace', async () => {
  const { scope, spans, tree, attributesOf } = toldSpans()
  await using traced = await runtimeWith({ spans: scope }, 'Error')
  traced.endedLongAgo()
  await scope.run('syncPod', async () => {
    await traced.runtime.containerStatus('c')
  })
  const name = 'runtime.v1.RuntimeService/ContainerStatus'
  assert.deepEqual(tree(), [`${name} < syncPod`, 'syncPod < -'])
  assert.deepEqual(attributesOf(name), {
    'rpc.method': name,
    'rpc.system.name': 'grpc',
    'server.address': traced.socketPath,
    'rpc.response.status_code': 'OK',
  })
  const [{ traceId = '', spanId = '' } = {}] = spans.map(({ context }) => context)
  assert.deepEqual(traced.traceparents, [`00-${traceId}-${spanId}-01`])
  await using silent = await runtimeSaying('Error')
  silent.endedLongAgo()
  await silent.runtime.containerStatus('c')
  assert.deepEqual(silent.traceparents, [undefined])
})
