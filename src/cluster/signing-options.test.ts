import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issueAuthority } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { signingOptionsOf } from './signing-options.ts'

const validity = { notBefore: 0, notAfter: 4e12 }
const pairs = new Map(
  ['one', 'two'].map(name => [name, issueAuthority(name, validity, systemRandom)]),
)
const content = new Map(
  [...pairs].flatMap(([name, { certificate, key }]) => [
    [`${name}.crt`, certificate],
    [`${name}.key`, key],
  ]),
)
content.set('junk', 'junk')
const files = {
  read: (path: string) => {
    const text = content.get(path)
    return text === undefined ? undefined : Buffer.from(text)
  },
}
const none = {
  clusterSigningCertFile: undefined,
  clusterSigningKeyFile: undefined,
  clusterSigningKubeletServingCertFile: undefined,
  clusterSigningKubeletServingKeyFile: undefined,
  clusterSigningKubeletClientCertFile: undefined,
  clusterSigningKubeletClientKeyFile: undefined,
  clusterSigningKubeApiserverClientCertFile: undefined,
  clusterSigningKubeApiserverClientKeyFile: undefined,
  clusterSigningLegacyUnknownCertFile: undefined,
  clusterSigningLegacyUnknownKeyFile: undefined,
  clusterSigningDurationMs: 1000,
}
const one = { clusterSigningCertFile: 'one.crt', clusterSigningKeyFile: 'one.key' }

test('one authority signs for all, or each signer has its own', () => {
  assert.equal(signingOptionsOf(none, files), undefined)
  const shared = signingOptionsOf({ ...none, ...one }, files)
  assert.equal(shared?.durationMs, 1000)
  assert.equal(Object.keys(shared?.authorities ?? {}).length, 4)
  const client = {
    clusterSigningKubeApiserverClientCertFile: 'two.crt',
    clusterSigningKubeApiserverClientKeyFile: 'two.key',
  }
  const own = signingOptionsOf({ ...none, ...client }, files)?.authorities ?? {}
  assert.deepEqual(Object.keys(own), ['kubernetes.io/kube-apiserver-client'])
  assert.deepEqual(own['kubernetes.io/kube-apiserver-client']?.(), pairs.get('two'))
})

test('files that are replaced count from then on', () => {
  const authority = signingOptionsOf({ ...none, ...one }, files)?.authorities[
    'kubernetes.io/legacy-unknown'
  ]
  const two = pairs.get('two')
  content.set('one.crt', two?.certificate ?? '').set('one.key', two?.key ?? '')
  assert.deepEqual(authority?.(), two)
  content.set('one.crt', pairs.get('one')?.certificate ?? '')
  assert.throws(() => authority?.(), /one.crt and one.key do not belong together/)
  content.set('one.key', pairs.get('one')?.key ?? '')
})

test('what cannot be used is said at the start', () => {
  const start = (values: object) => () => signingOptionsOf({ ...none, ...values }, files)
  assert.throws(
    start({ ...one, clusterSigningLegacyUnknownKeyFile: 'two.key' }),
    /cannot specify --cluster-signing-\{cert,key\}-file and other/,
  )
  assert.throws(start({ clusterSigningCertFile: 'one.crt' }), /cannot specify cert without key/)
  assert.throws(start({ clusterSigningKeyFile: 'one.key' }), /cannot specify key without cert/)
  assert.throws(start({ ...one, clusterSigningCertFile: 'gone' }), /there is no file gone/)
  assert.throws(start({ ...one, clusterSigningCertFile: 'junk' }), /cannot be read/)
})
