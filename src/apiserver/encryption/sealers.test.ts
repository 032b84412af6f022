import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testRandom } from '../testing.ts'
import { sealersOf } from './sealers.ts'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
/** The example of NaCl's own documentation and tests ("Cryptography in NaCl", section 10). */
const key = bytes('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389')
const nonce = bytes('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37')
const text = bytes(
  'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc' +
    'e5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31' +
    '0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde' +
    '048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864' +
    '5e0705',
)
const box = bytes(
  'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce' +
    '48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972' +
    '71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae' +
    '90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3' +
    '7973f622a43d14a6599b1f654cb45a74e355a5',
)

const sealer = () => {
  const random = { ...testRandom(), bytes: () => nonce }
  const [found] = sealersOf({ kind: 'secretbox', keys: [{ name: 'key', secret: key }] }, random)
  assert.ok(found)
  return found
}
const place = new Uint8Array()

test("a secretbox is NaCl's: nonce, tag, text", () => {
  const sealed = Buffer.concat([nonce, box])
  assert.deepEqual(Buffer.from(sealer().seal(text, place)), sealed)
  assert.deepEqual(Buffer.from(sealer().open(sealed, place).value), text)
})

test('boxes of every length come back; one with a bit turned, or cut off, does not', () => {
  for (let length = 0; length < 200; length++) {
    const value = Buffer.alloc(length, length)
    const sealed = Buffer.from(sealer().seal(value, place))
    assert.deepEqual(Buffer.from(sealer().open(sealed, place).value), value)
    const at = nonce.length + (length % (sealed.length - nonce.length))
    sealed[at] = (sealed[at] ?? 0) ^ 1
    assert.throws(() => sealer().open(sealed, place))
  }
  assert.throws(() => sealer().open(Buffer.alloc(30), place), /shorter than the required size/)
})

test('what is not sealed is read as it is, however short; what is sealed is not taken for it', () => {
  const [plain] = sealersOf({ kind: 'identity' }, testRandom())
  const short = new Uint8Array([123, 125])
  assert.equal(plain?.open(short, place).value, short)
  assert.throws(
    () => plain?.open(Buffer.from('k8s:enc:aescbc:v1:key:x'), place),
    /tried to read encrypted data/,
  )
})
