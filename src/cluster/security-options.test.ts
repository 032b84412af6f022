import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verifyingKeyOf } from '#apiserver/authentication/jwt.ts'
import { issueAuthority } from '#base/pki/certificate.ts'
import { parseCommandLine } from '#cli'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { memoryFiles } from './memory-files.ts'
import { ensurePki } from './pki/pki.ts'
import { securityOf, securityWantedBy, servingCertificateOf } from './security-options.ts'

const validity = { notBefore: 0, notAfter: 4e12 }
const one = issueAuthority('one', validity, systemRandom)
const two = issueAuthority('two', validity, systemRandom)
const files = memoryFiles()
for (const [path, text] of Object.entries({
  '/certs/apiserver.crt': one.certificate,
  '/certs/apiserver.key': one.key,
  'one.key': one.key,
  'two.crt': two.certificate,
  junk: 'junk',
}))
  files.writeNew(path, text, 0)
const wantedBy = (...words: string[]) => {
  const invocation = parseCommandLine(['apiserver', ...words])
  assert.ok(invocation?.name === 'apiserver')
  return securityWantedBy(invocation.values, files)
}
const pki = ensurePki({
  directory: '/pki',
  names: [],
  ips: [],
  clock: systemClock,
  random: systemRandom,
  files: memoryFiles(),
})

test('nothing said is the keys of the cluster', () => {
  const wanted = wantedBy()
  const { serviceAccountKeys, clientAuthorities, ...rest } = securityOf(pki, wanted)
  assert.deepEqual(clientAuthorities, [pki.authority])
  assert.deepEqual(
    serviceAccountKeys?.map(({ id }) => id),
    [verifyingKeyOf(pki.serviceAccountKey).id],
  )
  assert.deepEqual(rest, {})
  assert.equal(servingCertificateOf(pki, wanted).cert, pki.server().certificate)
})

test('the flags of envtest: its certificate, its CA beside our own, its keys of tokens', () => {
  const wanted = wantedBy(
    '--allow-privileged=true',
    '--authorization-mode=RBAC',
    '--cert-dir=/certs',
    '--client-ca-file=two.crt',
    '--disable-admission-plugins=ServiceAccount',
    '--service-account-issuer=https://127.0.0.1:1/',
    '--service-account-key-file=two.crt',
    '--service-account-signing-key-file=one.key',
  )
  const security = securityOf(pki, wanted)
  assert.deepEqual(security.clientAuthorities, [pki.authority, two.certificate.trim()])
  assert.deepEqual(
    security.serviceAccountKeys?.map(({ id }) => id),
    [verifyingKeyOf(one.key).id, verifyingKeyOf(two.certificate).id],
  )
  assert.equal(security.serviceAccountIssuer, 'https://127.0.0.1:1/')
  const shown = servingCertificateOf(pki, wanted)
  assert.deepEqual([shown.cert, shown.key], [one.certificate, one.key])
  assert.ok(shown.clientCa?.includes(two.certificate.trim()))
  // A directory without certificates is as good as none: envtest of old made it and left it empty.
  assert.equal(wantedBy('--cert-dir=/empty').serving, undefined)
})

for (const [words, complaint] of [
  [
    '--allow-privileged=false',
    '--allow-privileged=false is not supported: use Pod Security Standards, which forbid more than that',
  ],
  [
    '--tls-cert-file=two.crt',
    '--tls-cert-file and --tls-private-key-file belong together: give both or none',
  ],
  [
    '--tls-cert-file=two.crt --tls-private-key-file=one.key',
    'two.crt and one.key do not belong together',
  ],
  ['--client-ca-file=nope', 'there is no file nope'],
  ['--client-ca-file=junk', '--client-ca-file junk: there is no certificate'],
  ['--service-account-key-file=nope', 'there is no file nope'],
] as const)
  test(`${words} is refused`, () => {
    assert.throws(() => wantedBy(...words.split(' ')), { message: complaint })
  })

test('a key that cannot be read is named', () => {
  assert.throws(
    () => wantedBy('--service-account-signing-key-file=junk'),
    /^UserError: junk cannot be used: /,
  )
})
