import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { headerBlock } from '../../testing/http2-peer.ts'
import { huffmanEncoded } from '../../testing/huffman.ts'
import { ConnectionError, ErrorCode } from './frames.ts'
import { HeaderDecoder } from './header-decoder.ts'
import { staticTable } from './header-tables.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
const wrong = { name: 'ConnectionError', code: ErrorCode.compression }

function linesOf(decoder: HeaderDecoder, block: Uint8Array): string[] {
  const lines: string[] = []
  decoder.decode(block, ({ name, value }) => lines.push(`${name}: ${value}`))
  return lines
}

const GET = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']
const CUSTOM = [
  ':method: GET',
  ':scheme: https',
  ':path: /index.html',
  ':authority: www.example.com',
  'custom-key: custom-value',
]
const DATED = 'date: Mon, 21 Oct 2013 20:13:21 GMT'
const PRIVATE = ['cache-control: private', DATED, 'location: https://www.example.com']
const COOKIE = 'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const LAST = [
  ':status: 200',
  'cache-control: private',
  DATED.replace('13:21', '13:22'),
  'location: https://www.example.com',
  'content-encoding: gzip',
  COOKIE,
]

/** Appendix C of RFC 7541: blocks of one connection after another, and what they say. */
const examples: Record<string, readonly (readonly [block: string, lines: string[]])[]> = {
  'C.2 fields alone': [
    [
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      ['custom-key: custom-header'],
    ],
    ['040c 2f73 616d 706c 652f 7061 7468', [':path: /sample/path']],
    ['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password: secret']],
    ['82', [':method: GET']],
  ],
  'C.3 requests': [
    ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', GET],
    ['8286 84be 5808 6e6f 2d63 6163 6865', [...GET, 'cache-control: no-cache']],
    ['8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65', CUSTOM],
  ],
  'C.4 requests in Huffman': [
    ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', GET],
    ['8286 84be 5886 a8eb 1064 9cbf', [...GET, 'cache-control: no-cache']],
    ['8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf', CUSTOM],
  ],
  // The table of these has 256 bytes, so they push each other out; here it is made as small first.
  'C.5 answers': [
    [
      `3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032
      303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      [':status: 302', ...PRIVATE],
    ],
    ['4803 3330 37c1 c0bf', [':status: 307', ...PRIVATE]],
    [
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04
      677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49
      553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
      LAST,
    ],
  ],
  'C.6 answers in Huffman': [
    [
      `3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b
      ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      [':status: 302', ...PRIVATE],
    ],
    ['4883 640e ffc1 c0bf', [':status: 307', ...PRIVATE]],
    [
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7
      821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed
      4ee5 b106 3d50 07`,
      LAST,
    ],
  ],
}

describe('the examples of the RFC', () => {
  for (const [name, blocks] of Object.entries(examples))
    test(name, () => {
      const decoder = new HeaderDecoder()
      for (const [block, lines] of blocks) assert.deepEqual(linesOf(decoder, hex(block)), lines)
    })
})

test('the static table has 61 fields, and begins, goes on and ends as it should', () => {
  const decoder = new HeaderDecoder()
  const all = linesOf(decoder, Buffer.from(staticTable.map((_, index) => 0x80 | (index + 1))))
  assert.equal(all.length, 61)
  for (const [index, line] of [
    [1, ':authority: '],
    [5, ':path: /index.html'],
    [14, ':status: 500'],
    [16, 'accept-encoding: gzip, deflate'],
    [32, 'cookie: '],
    [55, 'set-cookie: '],
    [61, 'www-authenticate: '],
  ] as const)
    assert.equal(all[index - 1], line)
})

test('an index that nothing has', () => {
  for (const block of ['80', 'be', 'ff00', 'ffff01', '7e0161', '0f2f0161'])
    assert.throws(() => linesOf(new HeaderDecoder(), hex(block)), wrong, block)
  const decoder = new HeaderDecoder()
  linesOf(decoder, headerBlock([['a', 'b']], true))
  assert.deepEqual(linesOf(decoder, hex('be')), ['a: b'])
  assert.throws(() => linesOf(decoder, hex('bf')), wrong)
})

test('fields push out the oldest, by their texts and 32 bytes each', () => {
  const decoder = new HeaderDecoder()
  // Ten of 409 bytes are 4090; a table holds 4096.
  const fields = Array.from({ length: 10 }, (_, i) => [`n${i}`, 'v'.repeat(375)] as const)
  linesOf(decoder, headerBlock(fields, true))
  assert.match(String(linesOf(decoder, Buffer.of(0x80 | 71))), /^n0: /)
  linesOf(decoder, headerBlock([['x', 'y']], true))
  assert.match(String(linesOf(decoder, Buffer.of(0x80 | 71))), /^n1: /)
  assert.throws(() => linesOf(decoder, Buffer.of(0x80 | 72)), wrong)
  // What is larger than the table empties it, and is not kept itself.
  linesOf(decoder, headerBlock([['x', 'y'.repeat(4096)]], true))
  assert.throws(() => linesOf(decoder, hex('be')), wrong)
})

test('the table becomes smaller and larger as it is told, at the beginning of a block only', () => {
  const decoder = new HeaderDecoder()
  linesOf(decoder, headerBlock([['a', 'b']], true))
  assert.deepEqual(linesOf(decoder, hex('3f03 be')), ['a: b'])
  assert.throws(() => linesOf(decoder, hex('3f02 be')), wrong)
  assert.throws(() => linesOf(decoder, hex('3fe21f')), wrong, '4097 bytes')
  assert.deepEqual(linesOf(decoder, hex('20 3fe11f')), [])
  linesOf(decoder, headerBlock([['c', 'd']], true))
  assert.deepEqual(linesOf(decoder, hex('be')), ['c: d'])
  assert.throws(() => linesOf(decoder, hex('be 20')), wrong)
})

test('numbers that are too large, or do not end', () => {
  for (const block of [
    'ff ffffffff0f',
    'ff 8080808080808001',
    '00 7fffffffff7f 61',
    '3f ffffffff7f',
    'ff',
    '7f',
    '00 7f',
  ])
    assert.throws(() => linesOf(new HeaderDecoder(), hex(block)), wrong, block)
  // As long as a number here may be: it is read, and then has no field.
  assert.throws(() => linesOf(new HeaderDecoder(), hex('ff80808000')), /index 127/)
})

test('a block that is cut off is refused at every place that is not between fields', () => {
  const parts = [headerBlock([['name', 'value']]), hex('82'), hex('0f 0e 03 616263')]
  const whole = Buffer.concat(parts)
  const between = new Set([0, parts[0]?.length, (parts[0]?.length ?? 0) + 1])
  assert.equal(linesOf(new HeaderDecoder(), whole).at(-1), 'content-location: abc')
  for (let length = 0; length < whole.length; length++) {
    const decode = () => linesOf(new HeaderDecoder(), whole.subarray(0, length))
    if (between.has(length)) decode()
    else assert.throws(decode, wrong, `after ${length} bytes`)
  }
})

test('texts of all bytes, plain and in Huffman', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const value = Buffer.from(bytes).toString('latin1')
      assert.deepEqual(linesOf(new HeaderDecoder(), headerBlock([['n', value]])), [`n: ${value}`])
      const packed = huffmanEncoded(value)
      if (packed.length >= 127) return
      const block = Buffer.concat([hex('00 01 6e'), Buffer.of(0x80 | packed.length), packed])
      assert.deepEqual(linesOf(new HeaderDecoder(), block), [`n: ${value}`])
    }),
  )
})

test('whatever comes is read or refused, and nothing of one block is left for the next', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
      const decoder = new HeaderDecoder()
      try {
        linesOf(decoder, bytes)
      } catch (error) {
        assert.ok(error instanceof ConnectionError, String(error))
      }
      assert.deepEqual(linesOf(decoder, hex('82')), [':method: GET'])
    }),
    { numRuns: 3000 },
  )
})
