import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemRandom } from '#host/random.ts'
import { issueAuthority, newPrivateKey } from './certificate.ts'
import { requestIn, requestInPem } from './certificate-request.ts'
import { element, oid, sequence, set, utf8String } from './der.ts'
import { requestDer, requestPem } from './make-request.ts'
import { signRequest } from './sign-request.ts'
import { subjectOf } from './subject.ts'
import { requestDer as requestWith } from './testing.ts'

const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 }
const authority = issueAuthority('the authority', validity, systemRandom)
const key = createPrivateKey(newPrivateKey())
const sign = (der: Uint8Array, usages: readonly string[] = ['client auth']) =>
  signRequest(requestIn(der), { validity, usages }, authority, systemRandom)

/** What openssl says of a file; it must be there, as it is the second opinion. */
function openssl(args: (at: string) => string[], files: Record<string, string> = {}): string {
  const at = mkdtempSync(join(tmpdir(), 'proa-pki-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(at, name), text)
    return execFileSync('openssl', args(at), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } finally {
    rmSync(at, { recursive: true })
  }
}

test('a certificate has the subject, key and names of its request', () => {
  const names = ['web.example', '10.0.0.1', '2001:db8::1']
  const subject = { commonName: 'ann', organizations: ['dev', 'ops'] }
  const pem = sign(requestDer({ subject, names }, key), ['server auth', 'client auth', 'signing'])
  const certificate = new X509Certificate(pem)
  assert.deepEqual(subjectOf(certificate.raw), subject)
  assert.ok(certificate.checkPrivateKey(key))
  assert.ok(certificate.verify(new X509Certificate(authority.certificate).publicKey))
  assert.equal(
    certificate.subjectAltName,
    'DNS:web.example, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1',
  )
  assert.equal(certificate.ca, false)
  const text = openssl(at => ['x509', '-noout', '-text', '-in', join(at, 'crt')], { crt: pem })
  assert.match(text, /Key Usage: critical\n\s+Digital Signature\n/)
  assert.match(text, /Extended Key Usage: ?\n\s+TLS Web Server Authentication, TLS Web Client/)
  const files = { crt: pem, ca: authority.certificate }
  assert.match(
    openssl(at => ['verify', '-x509_strict', '-CAfile', join(at, 'ca'), join(at, 'crt')], files),
    /: OK/,
  )
})

test('a request that openssl made is answered, with all sorts of names', () => {
  const at = mkdtempSync(join(tmpdir(), 'proa-pki-'))
  try {
    const names = 'DNS:a.example,email:a@a.example,URI:https://a.example/x,IP:10.1.2.3'
    const subject = '/C=DE/O=one/OU=two/CN=ann/L=Ulm/ST=BW'
    const made = ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const out = ['-keyout', join(at, 'key'), '-out', join(at, 'csr'), '-subj', subject]
    execFileSync('openssl', [...made, ...out, '-addext', `subjectAltName=${names}`], {
      stdio: 'ignore',
    })
    const request = requestInPem(readFileSync(join(at, 'csr'), 'utf8'))
    assert.deepEqual(
      Object.values(request.names).map(all => all.length),
      [1, 1, 1, 1],
    )
    const pem = signRequest(request, { validity, usages: ['server auth'] }, authority, systemRandom)
    const certificate = new X509Certificate(pem)
    assert.equal(certificate.subject, 'C=DE\nST=BW\nL=Ulm\nO=one\nOU=two\nCN=ann')
    assert.equal(
      certificate.subjectAltName,
      'DNS:a.example, email:a@a.example, IP Address:10.1.2.3, URI:https://a.example/x',
    )
    assert.ok(certificate.checkPrivateKey(createPrivateKey(readFileSync(join(at, 'key')))))
  } finally {
    rmSync(at, { recursive: true })
  }
})

test('openssl reads our requests', () => {
  const csr = requestPem({ subject: { commonName: 'ann' }, names: ['a.example'] }, key)
  const text = openssl(at => ['req', '-verify', '-noout', '-text', '-in', join(at, 'csr')], { csr })
  assert.match(text, /Subject: CN ?= ?ann\n/)
  assert.match(text, /DNS:a\.example\n/)
})

test('nobody gets a UID by asking for one: other attributes of the subject are left out', () => {
  const attribute = (id: string, value: string) => set(sequence(oid(id), utf8String(value)))
  const name = sequence(attribute('2.5.4.3', 'ann'), attribute('1.3.6.1.4.1.57683.2', 'uid-of-bob'))
  const request = { ...requestIn(requestDer({ subject: { commonName: 'x' } }, key)) }
  const forged = { ...request, subjectName: { tag: 0x30, content: name.subarray(2) } }
  assert.deepEqual(element(0x30, forged.subjectName.content), name)
  const pem = signRequest(forged, { validity, usages: [] }, authority, systemRandom)
  assert.deepEqual(subjectOf(new X509Certificate(pem).raw), {
    commonName: 'ann',
    organizations: [],
  })
})

test('what must not be signed is not', () => {
  assert.throws(
    () => sign(requestWith({ signed: Buffer.from('other') })),
    /^Error: unable to verify certificate request signature: x509: ECDSA verification failure$/,
  )
  assert.throws(
    () => sign(requestDer({ subject: { commonName: 'a' } }, key), ['juggling', 'any', 'x']),
    /^Error: unrecognized usage values: \["juggling" "x"\]$/,
  )
})

test('every set of key usages is written as openssl reads it', () => {
  const words: Record<string, string> = {
    'digital signature': 'Digital Signature',
    'content commitment': 'Non Repudiation',
    'key encipherment': 'Key Encipherment',
    'data encipherment': 'Data Encipherment',
    'key agreement': 'Key Agreement',
    'cert sign': 'Certificate Sign',
    'crl sign': 'CRL Sign',
    'encipher only': 'Encipher Only',
    'decipher only': 'Decipher Only',
  }
  const sets = fc.subarray(Object.keys(words), { minLength: 1 })
  fc.assert(
    fc.property(sets, usages => {
      const crt = sign(requestDer({ subject: { commonName: 'a' } }, key), usages)
      const text = openssl(at => ['x509', '-noout', '-text', '-in', join(at, 'crt')], { crt })
      const [, found = ''] = /Key Usage: critical\n\s+(.*)\n/.exec(text) ?? []
      assert.deepEqual(
        found.split(', '),
        usages.map(usage => words[usage]),
      )
    }),
    { numRuns: 12 },
  )
})
