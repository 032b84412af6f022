import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaulted } from '../testing.ts'
import { pod } from './pod.ts'

const warningsOf = (...volumes: object[]) =>
  pod.warnings(
    defaulted(pod, { spec: { containers: [{ name: 'c', image: 'i' }], volumes } }),
    undefined,
  )
const items = (...paths: string[]) => paths.map((path, at) => ({ key: `k${at}`, path }))
const projected = (...sources: object[]) => ({ name: 'v', projected: { sources } })

test('files of one volume that take the place of others are told', () => {
  const told = (kind: string, ...pairs: [string, string][]) =>
    pairs.map(([one, other]) => `volume "v" (${kind}): overlapping paths: "${one}" with "${other}"`)
  const configMap = { name: 'm', items: items('a', 'a', 'a/b', 'c/', 'c', 'ab') }
  assert.deepEqual(
    warningsOf({ name: 'v', configMap }),
    told('ConfigMap "m"', ['a', 'a'], ['a/b', 'a'], ['c', 'c']),
  )
  const secret = { secretName: 's', items: items('a/b', 'a', 'b', 'b/c/d') }
  assert.deepEqual(
    warningsOf({ name: 'v', secret }),
    told('Secret "s"', ['a', 'a/b'], ['b/c/d', 'b']),
  )
  const fieldRef = { fieldPath: 'metadata.name' }
  const downwardAPI = { items: items('a', 'a/b').map(({ path }) => ({ path, fieldRef })) }
  assert.deepEqual(warningsOf({ name: 'v', downwardAPI }), told('DownwardAPI', ['a/b', 'a']))
})

test('so are those of sources of one projected volume, and sources that are none', () => {
  const signed = { signerName: 'x.example/y', path: 'z/t' }
  const certificate = { certificateChainPath: 'p/c', keyPath: 'p', credentialBundlePath: 'p/c/b' }
  const fieldRef = { fieldPath: 'metadata.name' }
  assert.deepEqual(
    warningsOf(
      projected(
        { secret: { name: 's', items: items('a') } },
        {},
        { secret: { name: 'all' } },
        { configMap: { name: 'm', items: items('a/b', 'b') } },
        {},
        { downwardAPI: { items: [{ path: 'b/c', fieldRef }] } },
        { serviceAccountToken: { path: 'z' } },
        { clusterTrustBundle: signed },
        { clusterTrustBundle: { name: 'n', path: 'z/t/u' } },
        { podCertificate: { signerName: 'x.example/y', keyType: 'ED25519', ...certificate } },
      ),
    ),
    [
      'volume "v" (Projected) has no sources provided',
      ...[
        '"a/b" (ConfigMap "m") with "a" (Secret "s")',
        '"b/c" (DownwardAPI) with "b" (ConfigMap "m")',
        '"z/t" (ClusterTrustBundle "x.example/y") with "z" (ServiceAccountToken)',
        '"z/t/u" (ClusterTrustBundle "n") with "z" (ServiceAccountToken)',
        '"z/t/u" (ClusterTrustBundle "n") with "z/t" (ClusterTrustBundle "x.example/y")',
        '"p" (PodCertificate key) with "p/c" (PodCertificate chain)',
        '"p/c/b" (PodCertificate credential bundle) with "p/c" (PodCertificate chain)',
        '"p/c/b" (PodCertificate credential bundle) with "p" (PodCertificate key)',
      ].map(pair => `volume "v" (Projected): overlapping paths: ${pair}`),
    ],
  )
  assert.deepEqual(warningsOf(projected()), [])
})

test('a volume of thousands of files is judged in a moment', () => {
  const many = Array.from({ length: 20_000 }, (_, at) => `a/${at}`)
  const begun = process.cpuUsage()
  warningsOf({ name: 'v', configMap: { name: 'm', items: items('a', ...many) } })
  const { user, system } = process.cpuUsage(begun)
  assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`)
})
