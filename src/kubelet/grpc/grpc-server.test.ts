import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Client, credentials, type ServiceError } from '@grpc/grpc-js'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { connectGrpc, GrpcError, grpcCode } from '../cri/grpc.ts'
import { serveGrpc } from './grpc-server.ts'
import { watchPeer } from './peer-watch.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-grpc-server-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const methods = {
  '/v1.Test/Echo': async (request: Uint8Array) => request,
  '/v1.Test/Nothing': async () => new Uint8Array(0),
  '/v1.Test/Refuse': async () => {
    throw new GrpcError(grpcCode.resourceExhausted, 'zu viel – too much %')
  },
  '/v1.Test/Break': async () => {
    throw new Error('broken')
  },
  '/v1.Test/Cut': async () => {
    throw new Error('cut \ud83d')
  },
}

test('answers a gRPC client of another make', async () => {
  const path = join(directory, 'a.sock')
  writeFileSync(path, 'left by somebody who was killed')
  const server = await serveGrpc(path, methods)
  const client = new Client(`unix://${path}`, credentials.createInsecure())
  const ask = (method: string, text: string) =>
    new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(
        method,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from(text),
        (error: ServiceError | null, answer?: Buffer) =>
          error ? reject(error) : resolve(answer ?? Buffer.alloc(0)),
      )
    })
  try {
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal((await ask('/v1.Test/Echo', 'x'.repeat(100_000))).length, 100_000)
    assert.equal((await ask('/v1.Test/Nothing', '')).length, 0)
    await assert.rejects(ask('/v1.Test/Refuse', ''), {
      code: grpcCode.resourceExhausted,
      details: 'zu viel – too much %',
    })
    await assert.rejects(ask('/v1.Test/Break', ''), { code: grpcCode.unknown, details: 'broken' })
    await assert.rejects(ask('/v1.Test/Cut', ''), { details: 'cut \ufffd' })
    await assert.rejects(ask('/v1.Test/Other', ''), { code: grpcCode.unimplemented })
  } finally {
    client.close()
    await server.close()
  }
  assert.equal(existsSync(path), false, 'plugins see by it that the kubelet went')
})

test('answers our own client, and says where a path is too long for a socket', async () => {
  const path = join(directory, 'b.sock')
  const server = await serveGrpc(path, methods)
  const grpc = connectGrpc({ socketPath: path, clock: createManualClock() })
  const answer = await grpc.call({
    ...{ path: '/v1.Test/Echo', request: Buffer.from('hello'), timeoutMs: 1_000 },
  })
  assert.equal(Buffer.from(answer).toString(), 'hello')
  grpc.close()
  await server.close()
  await assert.rejects(serveGrpc(`/${'x'.repeat(120)}`, methods), /is too long for a socket/)
  await assert.rejects(serveGrpc(join(directory, 'none', 'c.sock'), methods), /listen E/)
})

test('a peer is seen to come, to go and to come again', async () => {
  const path = join(directory, 'd.sock')
  const clock = createManualClock()
  const seen: boolean[] = []
  let hear = () => {}
  const next = () =>
    new Promise<void>(resolve => {
      hear = resolve
    })
  let told = next()
  const end = watchPeer(path, clock, isThere => {
    seen.push(isThere)
    hear()
  })
  await told
  told = next()
  const first = await serveGrpc(path, methods)
  await clock.advance(2_000)
  await told
  told = next()
  await first.close()
  await told
  told = next()
  const second = await serveGrpc(path, methods)
  await clock.advance(2_000)
  await told
  end()
  await second.close()
  assert.deepEqual(seen, [false, true, false, true])
})
