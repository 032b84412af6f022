import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
} from 'node:zlib'
import type { ApiResponse, EventSource } from '#client/transport.ts'
import { systemClock } from '#host/clock.ts'
import { htmlThrough } from './html.ts'

const place = {
  hosts: ['10.1.2.3:8080', 'api:6443'],
  prefix: '/api/v1/namespaces/n/pods/p/proxy',
  clock: systemClock,
}
const PAGE = '<a href="/x">é</a>'
const THROUGH = `<a href="${place.prefix}/x">é</a>`

/** A body that comes in these pieces, and waits where it is asked to. */
function pieces(chunks: readonly (Uint8Array | string)[], error?: Error) {
  const seen = { given: 0, isCancelled: false }
  const stream: EventSource<Uint8Array> = {
    subscribe(sink) {
      const send = async () => {
        for (const chunk of chunks) {
          await undefined
          if (seen.isCancelled) return
          seen.given++
          await sink.next(Buffer.from(chunk as string))
        }
        if (!seen.isCancelled) sink.end(error)
      }
      void send()
      return () => {
        seen.isCancelled = true
      }
    },
  }
  return { seen, stream }
}

const answer = (
  stream: EventSource<Uint8Array>,
  headers: Record<string, string> = {},
  status = 200,
): ApiResponse => ({
  status,
  headers: { 'content-type': 'text/html', 'content-length': '1', ...headers },
  body: { kind: 'stream', stream },
})

const read = ({ body }: ApiResponse): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    if (body.kind !== 'stream') return reject(new Error(body.kind))
    body.stream.subscribe({
      next: chunk => void chunks.push(chunk),
      end: error => (error ? reject(error) : resolve(Buffer.concat(chunks))),
    })
  })

const through = (response: ApiResponse) => htmlThrough(response, 'GET', place)

test('a page is gathered, changed, and has its new length', async () => {
  const changed = await through(answer(pieces(['<a hr', 'ef="/', 'x">é</a>']).stream))
  assert.equal((await read(changed)).toString(), THROUGH)
  assert.equal(changed.headers['content-length'], String(Buffer.byteLength(THROUGH)))
  const empty = await through(answer(pieces([]).stream))
  assert.equal((await read(empty)).length, 0)
  assert.equal(empty.headers['content-length'], '0')
})

test('bytes that are no UTF-8 stay as they are', async () => {
  const page = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0xe9]), Buffer.from('<a href=/x>')])
  const changed = await read(await through(answer(pieces([page]).stream)))
  assert.deepEqual(changed.subarray(0, 4), page.subarray(0, 4))
  assert.equal(changed.subarray(4).toString(), `<a href=${place.prefix}/x>`)
  const wide = Buffer.from('<a href="/x">', 'utf16le')
  assert.deepEqual(await read(await through(answer(pieces([wide]).stream))), wide)
})

test('a packed page is unpacked and packed again in the same way, others pass', async () => {
  const ways = [
    ['gzip', gzipSync, gunzipSync],
    ['GZIP', gzipSync, gunzipSync],
    ['deflate', deflateRawSync, inflateRawSync],
    ['deflate', deflateSync, inflateSync],
  ] as const
  for (const [coding, pack, unpack] of ways) {
    const packed = answer(pieces([pack(PAGE)]).stream, { 'content-encoding': coding })
    const changed = await through(packed)
    const bytes = await read(changed)
    assert.equal(unpack(bytes).toString(), THROUGH)
    assert.equal(changed.headers['content-length'], String(bytes.length))
    assert.equal(changed.headers['content-encoding'], coding)
  }
  for (const [coding, bytes] of [
    ['br', brotliCompressSync(PAGE)],
    ['gzip', Buffer.from('not packed at all: <a href="/x">')],
    ['gzip', gzipSync(PAGE).subarray(0, 30)],
    // 8 MiB in 40 KB.
    ['gzip', gzipSync(Buffer.alloc(8 << 20, PAGE))],
  ] as const) {
    const packed = answer(pieces([bytes]).stream, { 'content-encoding': coding })
    assert.deepEqual(await read(await through(packed)), bytes, coding)
  }
})

test('a page that is too large passes as it came, at its receiver’s pace', async () => {
  const chunk = Buffer.alloc(1 << 20, 'text ')
  const { stream, seen } = pieces(Array.from({ length: 8 }, () => chunk))
  const large = await through(answer(stream, { 'content-length': String(8 << 20) }))
  assert.equal(large.headers['content-length'], String(8 << 20))
  assert.equal(seen.given, 3, 'it waits for somebody to take it')
  assert.deepEqual(await read(large), Buffer.concat(Array.from({ length: 8 }, () => chunk)))
})

test('a page that breaks off does so for its receiver, too', async () => {
  const broken = await through(answer(pieces(['<a href="/x">'], new Error('gone')).stream))
  await assert.rejects(read(broken), /gone/)
})

test('whoever goes away ends what comes', async () => {
  const { stream, seen } = pieces(Array.from({ length: 8 }, () => Buffer.alloc(1 << 20)))
  const { body } = await through(answer(stream))
  assert.equal(body.kind, 'stream')
  if (body.kind === 'stream') body.stream.subscribe({ next() {}, end: assert.fail })()
  assert.equal(seen.isCancelled, true)
})

test('pages that nobody takes fill no more than the common limit, and make way when they are gone', async () => {
  const page = Buffer.alloc(2 << 20, 'text ')
  const take = () => through(answer(pieces([page]).stream))
  const isChanged = ({ headers }: ApiResponse) => headers['content-length'] !== '1'
  const taken: ApiResponse[] = []
  for (let count = 0; count < 40; count++) taken.push(await take())
  assert.equal(taken.filter(isChanged).length, 32)
  for (const each of taken) {
    if (each.body.kind !== 'stream') continue
    const gone = each.body.stream.subscribe({ next() {}, end() {} })
    gone()
    gone()
  }
  const again = await take()
  assert.equal(isChanged(again), true)
  await read(again)
})

test('what has no page in whole has none to change', async () => {
  const head = await htmlThrough(answer(pieces([]).stream), 'HEAD', place)
  assert.equal(head.headers['content-length'], undefined)
  const same = await through(answer(pieces([]).stream, {}, 304))
  assert.equal(same.headers['content-length'], undefined)
  const part = answer(pieces(['<a href="/x">']).stream, {}, 206)
  assert.equal(await through(part), part)
})
