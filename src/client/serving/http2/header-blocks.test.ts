import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frame } from '../../testing/http2-peer.ts'
import { ErrorCode, Flag, FrameType } from './frames.ts'
import { HeaderBlocks } from './header-blocks.ts'

const head = (flags: number, bytes: Uint8Array) => frame(FrameType.headers, flags, 3, bytes)
const more = (flags: number, bytes: Uint8Array) => frame(FrameType.continuation, flags, 3, bytes)
const abc = Buffer.from('abc')

test('a block in one frame, with padding and a priority around it', () => {
  const blocks = new HeaderBlocks(100)
  const flags = Flag.padded | Flag.priority | Flag.endHeaders | Flag.endStream
  const block = blocks.take(head(flags, Buffer.of(2, 0, 0, 0, 1, 16, 97, 98, 0, 0)))
  assert.equal(Buffer.from(block?.bytes ?? []).toString(), 'ab')
  assert.deepEqual([block?.stream, block?.isLast, block?.isOfItself], [3, true, false])
  assert.equal(blocks.unfinished, undefined)
})

test('a block in several frames is whole with the last, and the next starts anew', () => {
  const blocks = new HeaderBlocks(10)
  for (let round = 0; round < 3; round++) {
    assert.equal(blocks.take(head(Flag.endStream, abc)), undefined)
    assert.equal(blocks.unfinished, 3)
    // Their flags mean something else than those of the first.
    assert.equal(blocks.take(more(Flag.padded, abc)), undefined)
    const block = blocks.take(more(Flag.endHeaders, Buffer.from('d')))
    assert.equal(Buffer.from(block?.bytes ?? []).toString(), 'abcabcd')
    assert.ok(block?.isLast)
    assert.equal(blocks.unfinished, undefined)
  }
  assert.equal(blocks.take(head(0, abc)), undefined)
  assert.equal(blocks.take(more(Flag.endHeaders, abc))?.isLast, false)
})

test('what is too long is given up', () => {
  const blocks = new HeaderBlocks(10)
  for (let i = 0; i < 3; i++) blocks.take(i === 0 ? head(0, abc) : more(0, abc))
  assert.throws(() => blocks.take(more(Flag.endHeaders, abc)), { code: ErrorCode.enhanceYourCalm })
})

test('a priority names another stream, and is there in whole', () => {
  const flags = Flag.priority | Flag.endHeaders
  const ofItself = head(flags, Buffer.of(0x80, 0, 0, 3, 16, 97))
  assert.ok(new HeaderBlocks(100).take(ofItself)?.isOfItself)
  assert.throws(() => new HeaderBlocks(100).take(head(flags, Buffer.alloc(4))), {
    code: ErrorCode.frameSize,
  })
})
