import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import fc from 'fast-check'
import { systemRandom } from '#host/random.ts'
import { addressBytes } from './address.ts'
import { issueAuthority, issueLeaf, newPrivateKey } from './certificate.ts'
import { integer, oid, readElements, readOid, time } from './der.ts'
import { subjectOf } from './subject.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 }
const authority = issueAuthority('proa-ca', validity, systemRandom)

test('a private key is in the form that clients on Java take for elliptic curves', () => {
  assert.match(newPrivateKey(), /^-----BEGIN EC PRIVATE KEY-----\n/)
})

test('an authority is self-signed, may sign, and its key belongs to it', () => {
  const certificate = new X509Certificate(authority.certificate)
  assert.equal(certificate.ca, true)
  assert.equal(certificate.checkPrivateKey(createPrivateKey(authority.key)), true)
  assert.equal(certificate.verify(certificate.publicKey), true)
  assert.equal(certificate.subject, 'CN=proa-ca')
})

test('a leaf carries its subject, names, addresses and usages, and cannot sign', () => {
  const leaf = issueLeaf(
    {
      subject: { commonName: 'kubernetes-admin', organizations: ['system:masters', 'b'] },
      usages: ['server', 'client'],
      names: ['localhost', 'kubernetes.default', '127.0.0.1', '::1', 'fd00::ffff:1.2.3.4'],
      validity,
    },
    authority,
    systemRandom,
  )
  const certificate = new X509Certificate(leaf.certificate)
  const issuer = new X509Certificate(authority.certificate)
  assert.equal(certificate.ca, false)
  assert.equal(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey), true)
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  assert.equal(
    certificate.subjectAltName,
    'DNS:localhost, DNS:kubernetes.default, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, ' +
      'IP Address:FD00:0:0:0:0:FFFF:102:304',
  )
  const subject = subjectOf(certificate.raw)
  assert.equal(subject.commonName, 'kubernetes-admin')
  assert.deepEqual([...subject.organizations].sort(), ['b', 'system:masters'])
})

test('a real TLS handshake accepts both ends and refuses another authority', async () => {
  const server = issueLeaf(
    { subject: { commonName: 'server' }, usages: ['server'], names: ['localhost'], validity },
    authority,
    systemRandom,
  )
  const client = issueLeaf(
    { subject: { commonName: 'client' }, usages: ['client'], validity },
    authority,
    systemRandom,
  )
  const listener = createServer(
    {
      cert: server.certificate,
      key: server.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    },
    socket => socket.end(socket.getPeerCertificate().subject.CN?.toString() ?? ''),
  )
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  try {
    const options = { port, host: '127.0.0.1', servername: 'localhost' }
    const socket: TLSSocket = connect({
      ...options,
      ca: authority.certificate,
      cert: client.certificate,
      key: client.key,
    })
    const [said] = await once(socket, 'data')
    assert.equal(said.toString(), 'client')
    socket.destroy()
    const foreign = issueAuthority('other', validity, systemRandom)
    const refused = connect({ ...options, ca: foreign.certificate })
    await assert.rejects(once(refused, 'secureConnect'), /unable to verify|self-signed/)
  } finally {
    listener.close()
  }
})

test('names survive whatever they hold, prototype names and separators included', () => {
  for (const name of [
    '__proto__',
    'constructor',
    'a,O=system:masters',
    'a\nO=x',
    'ü/+"',
    'a+O=b',
  ]) {
    const leaf = issueLeaf(
      { subject: { commonName: name, organizations: [name] }, usages: ['client'], validity },
      authority,
      systemRandom,
    )
    const subject = subjectOf(new X509Certificate(leaf.certificate).raw)
    assert.deepEqual(subject, { commonName: name, organizations: [name] })
  }
})

test('object identifiers, integers and times are written as DER wants them', () => {
  for (const id of ['2.5.4.3', '1.2.840.10045.4.3.2', '1.3.6.1.4.1.57683.2', '2.100.3'])
    assert.equal(readOid(readElements(oid(id))[0]?.content ?? new Uint8Array()), id)
  assert.equal(integer(Buffer.from([0, 0, 0x80])).toString('hex'), '02020080')
  assert.equal(time(now).toString('latin1').slice(2), '260101000000Z')
  assert.equal(
    time(Date.parse('2050-01-01T00:00:00Z')).toString('latin1').slice(2),
    '20500101000000Z',
  )
  assert.equal(addressBytes('10.96.0.1').join('.'), '10.96.0.1')
})

test('reading never does anything but answer or throw a RangeError', () => {
  const good = new X509Certificate(authority.certificate).raw
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const bad = Uint8Array.from(good)
      bad[at] = byte
      try {
        subjectOf(bad)
      } catch (error) {
        assert.ok(error instanceof RangeError)
      }
    }),
  )
})
