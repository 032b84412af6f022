import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { identityHeaders } from '../aggregation/identity.ts'
import { authentication } from './authentication.ts'
import type { Peer } from './authenticator.ts'
import { clientCertificateAuthenticator } from './client-certificates.ts'
import { frontProxyAuthenticator, type IdentityHeaders, privateHeaders } from './front-proxy.ts'

let now = Date.parse('2026-05-01T00:00:00Z')
const clock = { now: () => now, monotonicMs: () => now, after: () => () => {} }
const HOUR_MS = 3_600_000
const validity = { notBefore: now - HOUR_MS, notAfter: now + 24 * HOUR_MS }
const clients = issueAuthority('clients', validity, systemRandom)
const proxies = issueAuthority('front-proxy-ca', validity, systemRandom)

const peerOf = (commonName: string, by = proxies): Peer => {
  const subject = { commonName, organizations: ['staff'] }
  const { certificate } = issueLeaf({ subject, usages: ['client'], validity }, by, systemRandom)
  return { certificate: new X509Certificate(certificate).raw }
}
const who = (names: readonly string[] = ['front-proxy-client']) =>
  authentication({
    authenticators: [
      frontProxyAuthenticator({ authorities: [proxies.certificate], names, clock }),
      clientCertificateAuthenticator({ authorities: [clients.certificate], clock }),
    ],
  })
const get = (headers: Record<string, string> = {}) =>
  ({ method: 'GET', path: '/api', headers }) as const
const refused = (error: unknown) => isStatus(error, 'Unauthorized')
const JANE = get({ 'x-remote-user': 'jane' })

test('a front proxy says who asks, with all that is known of them', async () => {
  const headers = {
    'x-remote-user': 'jane',
    'x-remote-uid': '42',
    'x-remote-group': 'one, two\nthree',
    'x-remote-extra-example.com%2fscopes': 'a\nb',
  }
  assert.deepEqual(await who().authenticate(get(headers), peerOf('front-proxy-client')), {
    name: 'jane',
    uid: '42',
    groups: ['one, two', 'three', 'system:authenticated'],
    extra: { 'example.com/scopes': ['a', 'b'] },
  })
})

test('what this server tells those behind it, it would understand itself', async () => {
  const user = {
    name: 'jürgen',
    uid: 'u',
    groups: ['größe', 'b'],
    extra: { 'a/b c': ['ä', 'x'] },
  }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(identityHeaders(user)))
    headers[name] = typeof value === 'string' ? value : value.join('\n')
  assert.deepEqual(await who([]).authenticate(get(headers), peerOf('any')), {
    ...user,
    groups: [...user.groups, 'system:authenticated'],
  })
})

test('nobody else may: not another name, not another authority, not without a certificate', async () => {
  await assert.rejects(who().authenticate(JANE, peerOf('someone')), refused)
  const foreign = issueAuthority('front-proxy-ca', validity, systemRandom)
  await assert.rejects(who().authenticate(JANE, peerOf('front-proxy-client', foreign)), refused)
  assert.equal((await who().authenticate(JANE, {})).name, 'system:anonymous')
  // A client keeps its own name, whatever it writes.
  assert.equal((await who().authenticate(JANE, peerOf('ali', clients))).name, 'ali')
})

test('who asks is said in the headers that were agreed on, and in no others', async () => {
  const agreed: IdentityHeaders = {
    usernameHeaders: ['X-Who', 'X-Remote-User'],
    uidHeaders: [],
    groupHeaders: ['X-Team', 'X-Remote-Group'],
    extraPrefixes: ['X-About-', 'X-More-'],
  }
  const proxy = frontProxyAuthenticator({
    authorities: [proxies.certificate],
    names: [],
    clock,
    ...agreed,
  })
  const headers = {
    'x-who': 'jane',
    'x-remote-user': 'john',
    'x-remote-uid': '42',
    'x-team': 'red\nblue',
    'x-remote-group': 'green',
    'x-about-scopes': 'a',
    'x-more-scopes': 'b',
    'x-remote-extra-scopes': 'c',
  }
  assert.deepEqual(await proxy.authenticate(get(headers), peerOf('any')), {
    name: 'jane',
    groups: ['red', 'blue', 'green'],
    extra: { scopes: ['a', 'b'] },
  })
  const isPrivate = privateHeaders(agreed)
  assert.deepEqual(
    Object.keys(headers).filter(name => isPrivate?.(name)),
    ['x-who', 'x-team', 'x-about-scopes', 'x-more-scopes'],
  )
  assert.equal(privateHeaders({}), undefined)
})

test('a comma is a letter of a name, and nobody becomes somebody else by it', async () => {
  const proxy = frontProxyAuthenticator({
    authorities: [proxies.certificate],
    names: [],
    clock,
    usernameHeaders: ['X-Who', 'X-Remote-User'],
    groupHeaders: ['X-Team', 'X-Remote-Group'],
    extraPrefixes: ['X-About-'],
  })
  const headers = {
    'x-who': 'admin, from elsewhere',
    'x-team': 'staff, system:masters',
    'x-remote-group': 'cn=a, dc=b\n',
    'x-about-scopes': '',
  }
  assert.deepEqual(await proxy.authenticate(get(headers), peerOf('any')), {
    name: 'admin, from elsewhere',
    groups: ['staff, system:masters', 'cn=a, dc=b'],
    extra: { scopes: [''] },
  })
  // The first value of a header is its value, though it be nobody.
  const blank = await proxy.authenticate(get({ 'x-who': '\njohn' }), peerOf('any'))
  assert.equal(blank, undefined)
})

test('a proxy that says nothing is nobody, and one whose time is over is not believed', async () => {
  const proxy = peerOf('front-proxy-client')
  await assert.rejects(who().authenticate(get(), proxy), refused)
  assert.equal((await who().authenticate(JANE, proxy)).name, 'jane')
  now += 48 * HOUR_MS
  await assert.rejects(who().authenticate(JANE, proxy), refused)
})
