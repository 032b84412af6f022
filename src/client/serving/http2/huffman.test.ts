import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { huffmanCodes, huffmanEncoded } from '../../testing/huffman.ts'
import { ConnectionError, ErrorCode } from './frames.ts'
import { decodeHuffman } from './huffman.ts'

const decoded = (bytes: Uint8Array) => decodeHuffman(bytes, 0, bytes.length)
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const wrong = { name: 'ConnectionError', code: ErrorCode.compression }

test('the table of the tests is that of the RFC', () => {
  // Of appendix B, written as `code/length` in hexadecimal and decimal, a line for each symbol.
  const lines = huffmanCodes.map(({ code, length }) => `${code.toString(16)}/${length}`)
  assert.equal(
    createHash('sha256').update(lines.join('\n')).digest('hex'),
    '919537cbdefa9e263a4906853f103fe763d52f5f0dda7ff593fe570507eabcf9',
  )
})

test('the texts of the RFC’s examples', () => {
  for (const [bytes, text] of [
    ['f1e3 c2e5 f23a 6ba0 ab90 f4ff', 'www.example.com'],
    ['a8eb 1064 9cbf', 'no-cache'],
    ['25a8 49e9 5ba9 7d7f', 'custom-key'],
    ['6402', '302'],
    ['640e ff', '307'],
    ['9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3', 'https://www.example.com'],
    ['d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
  ] as const)
    assert.equal(decoded(hex(bytes)), text)
})

test('every symbol, after and before every other length of code', () => {
  for (let symbol = 0; symbol < 256; symbol++)
    for (const other of ['', '0', 'X', '~', '\x00', '\x16']) {
      const text = `${other}${String.fromCharCode(symbol)}${other}`
      assert.equal(decoded(huffmanEncoded(text)), text, `${symbol} beside ${JSON.stringify(other)}`)
    }
})

test('any bytes come back, wherever in a block they stand', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(9), fc.nat(9), (bytes, before, after) => {
      const text = Buffer.from(bytes).toString('latin1')
      const packed = huffmanEncoded(text)
      const block = Buffer.concat([Buffer.alloc(before, 0xa5), packed, Buffer.alloc(after)])
      assert.equal(decodeHuffman(block, before, before + packed.length), text)
    }),
  )
})

test('a text that is longer than any before', () => {
  const text = '0a1'.repeat(50_000)
  assert.equal(decoded(huffmanEncoded(text)), text)
  assert.equal(decoded(huffmanEncoded('~')), '~')
})

test('what is left of the last byte must be ones, and less than a byte', () => {
  // `0` has five bits, all zero, so three are left.
  assert.equal(decoded(Buffer.of(0b00000111)), '0')
  for (const bad of [0b00000110, 0b00000011, 0b00000000])
    assert.throws(() => decoded(Buffer.of(bad)), wrong)
  // Eight ones are a byte too many, also where they follow a code that ends with its byte.
  assert.throws(() => decoded(Buffer.of(0xff)), wrong)
  assert.throws(() => decoded(Buffer.of(0b00000111, 0xff)), wrong)
  assert.throws(() => decoded(Buffer.of(0b11111000, 0xff)), wrong)
  assert.equal(decoded(Buffer.of(0b11111000)), '&')
  assert.equal(decoded(Buffer.alloc(0)), '')
})

test('the code that ends texts must not be there', () => {
  assert.throws(() => decoded(Buffer.of(0xff, 0xff, 0xff, 0xff)), wrong)
  assert.throws(() => decoded(Buffer.of(0xff, 0xff, 0xff, 0xfc, 0x07)), wrong)
  assert.throws(() => decoded(Buffer.of(0b00000111, 0xff, 0xff, 0xff, 0xe0)), wrong)
})

test('a code that is cut off is refused, at every place', () => {
  const packed = huffmanEncoded('\x0a')
  for (let length = 1; length < packed.length; length++)
    assert.throws(() => decoded(packed.subarray(0, length)), wrong)
})

test('whatever bytes give a text, they are its code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
      let text: string
      try {
        text = decoded(bytes)
      } catch (error) {
        assert.ok(error instanceof ConnectionError)
        return
      }
      assert.deepEqual(huffmanEncoded(text), Buffer.from(bytes))
    }),
    { numRuns: 3000 },
  )
})
