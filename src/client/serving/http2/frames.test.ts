import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { frame } from '../../testing/http2-peer.ts'
import { ErrorCode, type Frame, FrameReader, joinFrames, unpadded } from './frames.ts'

const frames = fc.array(
  fc.record<Frame>(
    {
      type: fc.nat(255),
      flags: fc.nat(255),
      stream: fc.nat(0x7fff_ffff),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom(16_383, 16_384).map(size => new Uint8Array(size).fill(7)),
      ),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 8 },
)

test('frames come out as they went in, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(50_000), { maxLength: 12 }), (sent, cuts) => {
      const bytes = joinFrames(sent)
      const read: Frame[] = []
      const reader = new FrameReader(each => read.push(each))
      const ends = [...cuts.map(cut => cut % (bytes.length + 1)), bytes.length]
      let from = 0
      for (const to of ends.sort((a, b) => a - b)) {
        reader.push(bytes.subarray(from, to))
        from = to
      }
      assert.deepEqual(
        read.map(each => ({ ...each, payload: new Uint8Array(each.payload) })),
        sent,
      )
    }),
  )
})

test('byte by byte', () => {
  const sent = [frame(0, 1, 3, Buffer.from('abc')), frame(6, 0, 0, Buffer.alloc(8))]
  const read: Frame[] = []
  const reader = new FrameReader(each => read.push(each))
  for (const byte of joinFrames(sent)) reader.push(Buffer.of(byte))
  assert.deepEqual(
    read.map(each => each.payload.length),
    [3, 8],
  )
})

test('the bit before a stream’s number is nobody’s', () => {
  const bytes = joinFrames([frame(0, 0, 5, Buffer.alloc(0))])
  bytes[5] = 0x80
  new FrameReader(({ stream }) => assert.equal(stream, 5)).push(bytes)
})

test('a frame that is too large is refused by its head alone', () => {
  const take = () => assert.fail()
  assert.throws(() => new FrameReader(take).push(Buffer.from('004001000000000001', 'hex')), {
    code: ErrorCode.frameSize,
  })
  new FrameReader(take).push(Buffer.from('004000000000000001', 'hex'))
})

test('padding is taken off, and may be all there is but not more', () => {
  const padded = (...bytes: number[]) => frame(0, 8, 1, Uint8Array.from(bytes))
  assert.deepEqual([...unpadded(padded(2, 65, 66, 0, 0))], [65, 66])
  assert.deepEqual([...unpadded(padded(0, 65))], [65])
  assert.deepEqual([...unpadded(padded(2, 0, 0))], [])
  assert.deepEqual([...unpadded(frame(0, 0, 1, Uint8Array.of(2, 0, 0)))], [2, 0, 0])
  assert.throws(() => unpadded(padded(3, 0, 0)), { code: ErrorCode.protocol })
  assert.throws(() => unpadded(padded()), { code: ErrorCode.frameSize })
})
