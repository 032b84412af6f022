/** What is kept of headers says what reading them anew would, whatever came before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { headerBlock } from '../../testing/http2-peer.ts'
import { HeaderDecoder } from './header-decoder.ts'
import { RequestHead } from './request-head.ts'
import { RequestHeads } from './request-heads.ts'

const PSEUDO = [
  [':method', 'GET'],
  [':scheme', 'https'],
] as const
const LIMIT = 64 * 1024

/** Blocks with few different names and values, so that they come again; some change the table, some ask it. */
const block = fc.oneof(
  fc
    .record({
      path: fc.constantFrom('/a', '/b'),
      value: fc.constantFrom('1', '2'),
      isKept: fc.boolean(),
    })
    .map(({ path, value, isKept }) =>
      headerBlock([...PSEUDO, [':path', path], ['x', value]], isKept),
    ),
  // The newest fields of the table, whatever they are by now.
  fc
    .constantFrom([62], [63, 62], [64, 65, 66, 67])
    .map(indexes => Buffer.from(indexes.map(each => 0x80 | each))),
  // A table that is emptied, and made large again.
  fc.constant(
    Buffer.concat([Buffer.of(0x20, 0x3f, 0xe1, 0x1f), headerBlock([...PSEUDO, [':path', '/c']])]),
  ),
)

const shown = (head: RequestHead) => [
  head.method,
  head.path,
  { ...head.headers },
  head.isWhole,
  head.isTrailer,
]

function attempt<T>(act: () => T): T | string {
  try {
    return act()
  } catch (error) {
    return String(error)
  }
}

test('whatever comes again, and whatever comes between, is read as anew', () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 40 }), blocks => {
      const heads = new RequestHeads(LIMIT)
      const decoder = new HeaderDecoder()
      for (const bytes of blocks) {
        const anew = attempt(() => {
          const head = new RequestHead(LIMIT)
          decoder.decode(bytes, head.take)
          return shown(head)
        })
        assert.deepEqual(
          attempt(() => shown(heads.read(bytes))),
          anew,
        )
        // After a mistake a connection ends.
        if (typeof anew === 'string') return
      }
    }),
    { numRuns: 500 },
  )
})

test('headers that come again are the same frozen value, but for what is large or changes the table', () => {
  const heads = new RequestHeads(LIMIT)
  const request = (value: string, isKept = false) =>
    headerBlock([...PSEUDO, [':path', '/'], ['x', value]], isKept)
  const first = heads.read(request('1'))
  assert.equal(heads.read(request('1')), first)
  assert.ok(Object.isFrozen(first.headers))
  const large = request('x'.repeat(600))
  assert.notEqual(heads.read(large), heads.read(large))
  assert.notEqual(heads.read(request('2', true)), heads.read(request('2', true)))
  assert.notEqual(heads.read(request('1')), first, 'the table changed since')
  const again = heads.read(request('1'))
  for (let at = 0; at < 8; at++) heads.read(request(`${at} other`))
  assert.notEqual(heads.read(request('1')), again, 'no more than a few are kept')
})
