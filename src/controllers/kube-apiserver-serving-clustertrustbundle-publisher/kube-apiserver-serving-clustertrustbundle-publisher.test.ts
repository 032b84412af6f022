import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import { kinds } from '#api/kinds.ts'
import { issueAuthority } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { startTestCluster } from '../testing/test-cluster.ts'

const enabled = 'kube-apiserver-serving-clustertrustbundle-publisher-controller'
const validity = { notBefore: 0, notAfter: 4e12 }
const [authority, former] = ['now', 'before'].map(
  name => issueAuthority(name, validity, systemRandom).certificate,
)
const signerName = 'kubernetes.io/kube-apiserver-serving'
const bundleOf = (name: string, trustBundle = '', signer = signerName) =>
  ({ metadata: { name }, spec: { signerName: signer, trustBundle } }) as never

test('one bundle says by what the server is known; others of its signer go', async () => {
  const options = { enabled, certificateAuthority: authority ?? '', kinds: () => kinds }
  await using cluster = await startTestCluster({ controllers: options, scheduler: false })
  const { client } = cluster
  const bundles = async () => (await client.list(clusterTrustBundle)).items
  await cluster.until('the bundle', async () => (await bundles()).length === 1)
  const [made] = await bundles()
  assert.match(made?.metadata.name ?? '', /^kubernetes.io:kube-apiserver-serving:[0-9a-f]{24}$/)
  assert.deepEqual(made?.spec, { signerName, trustBundle: authority })

  await client.create(clusterTrustBundle, bundleOf('of-nobody', former, ''))
  await client.create(
    clusterTrustBundle,
    bundleOf('kubernetes.io:kube-apiserver-serving:old', former),
  )
  await cluster.until('the old one to go', async () => (await bundles()).length === 2)
  await client.update(clusterTrustBundle, {
    ...made,
    spec: { signerName, trustBundle: former },
  } as never)
  await cluster.until('the repair', async () =>
    (await bundles()).some(
      ({ spec }) => spec.signerName === signerName && spec.trustBundle === authority,
    ),
  )
  await client.delete(clusterTrustBundle, { name: made?.metadata.name ?? '' })
  await cluster.until('another one', async () => (await bundles()).length === 2)
})

test('where bundles are not served, nobody publishes any', async () => {
  const options = { enabled, certificateAuthority: authority ?? '' }
  await using cluster = await startTestCluster({ controllers: options, scheduler: false })
  assert.deepEqual(cluster.controllers.controllers, [])
})
