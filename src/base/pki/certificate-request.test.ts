import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { cpuMs } from '../testing/cpu-time.ts'
import { requestIn, requestInPem } from './certificate-request.ts'
import { bitString, context, element, oid, readElements, sequence } from './der.ts'
import { pemBlocks } from './pem.ts'
import { requestDer } from './testing.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const keys = {
  rsa,
  ec: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  ed25519: generateKeyPairSync('ed25519').privateKey,
}
const pem = (label: string, body = 'AAAA') =>
  `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`

test('a request says whom it is for, and that its key signed it', () => {
  for (const [type, key] of Object.entries(keys)) {
    const der = requestDer({ key, commonName: 'ann', organizations: ['dev', 'ops'] })
    const { subject, publicKey, signatureProblem } = requestIn(der)
    assert.deepEqual(subject, { commonName: 'ann', organizations: ['dev', 'ops'] })
    assert.equal(publicKey.asymmetricKeyType, type)
    assert.equal(signatureProblem, '')
  }
})

test('a request that another key or text was signed for is seen', () => {
  const problems = Object.values(keys).map(
    key => requestIn(requestDer({ key, signed: Buffer.from('other') })).signatureProblem,
  )
  assert.deepEqual(problems, [
    'crypto/rsa: verification error',
    'x509: ECDSA verification failure',
    'x509: Ed25519 verification failure',
  ])
})

/** The same request with another algorithm named, and signed by `signer`. */
function withAlgorithm(algorithm: Buffer, signer: (info: Uint8Array) => Buffer): Buffer {
  const [whole] = readElements(requestDer({ key: rsa }))
  const [info] = readElements(whole?.content ?? new Uint8Array())
  const bytes = element(info?.tag ?? 0, info?.content ?? new Uint8Array())
  return sequence(bytes, algorithm, bitString(signer(bytes)))
}

test('signatures with RSASSA-PSS are understood, unknown ones are not', () => {
  const sha256 = sequence(oid('2.16.840.1.101.3.4.2.1'))
  const pss = sequence(oid('1.2.840.113549.1.1.10'), sequence(context(0, sha256)))
  const padding = constants.RSA_PKCS1_PSS_PADDING
  const good = withAlgorithm(pss, info => sign('sha256', info, { key: rsa, padding }))
  assert.equal(requestIn(good).signatureProblem, '')
  const bad = withAlgorithm(pss, info => sign('sha256', info, rsa))
  assert.equal(requestIn(bad).signatureProblem, 'crypto/rsa: verification error')
  const sha1 = withAlgorithm(sequence(oid('1.2.840.113549.1.1.5')), info => sign('sha1', info, rsa))
  const unknown = 'x509: cannot verify signature: algorithm unimplemented'
  assert.equal(requestIn(sha1).signatureProblem, unknown)
  const noHash = sequence(oid('1.2.840.113549.1.1.10'))
  assert.equal(
    requestIn(withAlgorithm(noHash, info => sign('sha1', info, rsa))).signatureProblem,
    unknown,
  )
  const ofOtherKey = withAlgorithm(sequence(oid('1.3.101.112')), info => sign('sha256', info, rsa))
  assert.match(requestIn(ofOtherKey).signatureProblem, /another type of key/)
})

test('only a request is taken for one', () => {
  const message = { message: 'PEM block type must be CERTIFICATE REQUEST' }
  for (const text of ['', 'x', pem('CERTIFICATE'), '-----BEGIN CERTIFICATE REQUEST-----\n'])
    assert.throws(() => requestInPem(text), message)
  assert.throws(() => requestInPem(pem('CERTIFICATE REQUEST')), /asn1|DER/)
  assert.throws(
    () => requestIn(Buffer.concat([requestDer(), Buffer.from([5, 0])])),
    /trailing data/,
  )
})

test('whatever the bytes, reading ends with a request or an Error', () => {
  const good = requestDer()
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const bad = Uint8Array.from(good)
      bad[at] = byte
      try {
        requestIn(bad)
      } catch (thrown) {
        assert.ok(thrown instanceof Error)
      }
    }),
  )
})

test('blocks are found among other text, with and without headers', () => {
  const text = `hello\n${pem('A', 'AQ==')}between\n${pem('B', 'Key: value\n\nAg\n==')}${pem('C', '')}`
  assert.deepEqual(
    pemBlocks(text.replaceAll('\n', '\r\n')).map(({ label, hasHeaders, bytes }) => [
      label,
      hasHeaders,
      [...bytes],
    ]),
    [
      ['A', false, [1]],
      ['B', true, [2]],
      ['C', false, []],
    ],
  )
})

test('a text of beginnings is read as fast as any other', () => {
  const started = cpuMs()
  assert.deepEqual(pemBlocks('-----BEGIN A-----\n'.repeat(60_000)), [])
  assert.deepEqual(pemBlocks(`-----BEGIN ${'-----BEGIN '.repeat(100_000)}`), [])
  assert.ok(cpuMs() - started < 1000)
})

test('what is no block is passed over', () => {
  for (const text of [
    '-----BEGIN A-----',
    '-----BEGIN A-----\nAQ==\n-----END B-----\n',
    `x${pem('A')}`,
    pem('A', '!!!!'),
    pem('A', 'AAA'),
  ])
    assert.deepEqual(pemBlocks(text), [], text)
  assert.deepEqual(
    pemBlocks(`-----BEGIN A-----\n${pem('B')}`).map(({ label }) => label),
    ['B'],
  )
})

/** A request with one name, of which the tag is exchanged. */
function named(text: string, tag: number): Buffer {
  const der = requestDer({ names: [text] })
  der[der.indexOf(text, 0, 'latin1') - 2] = tag
  return der
}

test('names that Go could not read in a certificate are refused, others of all sorts are not', () => {
  const [email, dns, uri] = [0x81, 0x82, 0x86]
  assert.throws(() => requestIn(named('müller', dns)), /^Error: x509: SAN dNSName is malformed$/)
  assert.throws(() => requestIn(named('mü@b.example', email)), /SAN rfc822Name is malformed/)
  assert.throws(
    () => requestIn(named('spiffe://mü', uri)),
    /uniformResourceIdentifier is malformed/,
  )
  for (const text of ['not%%a.uri', 'spiffe://a..b/c', 'a://.b', ':a', 'a:\tb'])
    assert.throws(() => requestIn(named(text, uri)), /x509: cannot parse URI/, text)
  for (const text of ['spiffe://a.b/ns%20c', 'urn:a:b', 'https://u@[::1]:80/', '/a', 'a b'])
    assert.equal(requestIn(named(text, uri)).names.uri.length, 1, text)
  assert.equal(requestIn(named('a@b.example', email)).names.email.length, 1)
})
