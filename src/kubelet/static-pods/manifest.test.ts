import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readManifest } from './manifest.ts'

const source = { path: '/etc/manifests/web.yaml', nodeName: 'n1', nowMs: Date.UTC(2026, 0, 1) }
const read = (text: string, more: Partial<typeof source> = {}) =>
  readManifest(Buffer.from(text), { ...source, ...more })

const web = (spec = '') => `apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: { app: web }
spec:
  containers: [{ name: c, image: 'nginx:1' }]
${spec}`

test('a pod is named after its node, bound to it, and known by its manifest', () => {
  const { pod, mirror } = read(web())
  const { metadata, spec } = pod
  assert.equal(metadata.name, 'web-n1')
  assert.equal(metadata.namespace, 'default')
  assert.match(metadata.uid ?? '', /^[0-9a-f]{32}$/)
  assert.deepEqual(metadata.annotations, {
    'kubernetes.io/config.hash': metadata.uid,
    'kubernetes.io/config.seen': '2026-01-01T00:00:00.000000Z',
    'kubernetes.io/config.source': 'file',
  })
  assert.equal(spec?.nodeName, 'n1')
  assert.deepEqual(spec?.tolerations, [{ operator: 'Exists', effect: 'NoExecute' }])
  assert.equal(spec?.restartPolicy, 'Always', 'defaults are filled in')
  assert.equal(spec?.priority, 2_000_001_000)

  assert.equal(mirror.metadata.annotations?.['kubernetes.io/config.mirror'], metadata.uid)
  assert.equal(mirror.metadata.uid, undefined)
  assert.deepEqual(mirror.metadata.labels, { app: 'web' })
  assert.equal(mirror.spec?.priority, undefined, 'which the API would refuse')
})

test('another text, file or node is another pod, the same the same', () => {
  const uidOf = (...args: Parameters<typeof read>) => read(...args).pod.metadata.uid
  const first = uidOf(web())
  assert.equal(uidOf(web(), { nowMs: source.nowMs + 5 }), first)
  assert.notEqual(uidOf(web('  restartPolicy: Never')), first)
  assert.notEqual(uidOf(web(), { path: '/etc/manifests/other.yaml' }), first)
  assert.notEqual(uidOf(web(), { nodeName: 'n2' }), first)
})

test('what is no pod, and what needs the API, is refused in a sentence', () => {
  const cases: readonly [text: string, message: RegExp][] = [
    ['kind: [', /./],
    ['', /invalid pod: apiVersion undefined, kind undefined instead of v1 and Pod/],
    ['apiVersion: v1\nkind: Service\nmetadata: { name: a }', /kind Service instead of v1 and Pod/],
    ['apiVersion: v1\nkind: Pod\nspec: {}', /invalid pod: name is needed for the pod/],
    ['apiVersion: v1\nkind: Pod\nmetadata: { name: a }', /invalid pod: spec.containers: Required/],
    ['apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: 3', /cannot be handled as a Pod/],
    [web('  serviceAccountName: robot'), /may not reference serviceaccounts/],
    [web('  imagePullSecrets: [{ name: s }]'), /may not reference secrets/],
    [web('  volumes: [{ name: v, secret: { secretName: s } }]'), /may not reference secrets/],
    [web('  volumes: [{ name: v, configMap: { name: s } }]'), /may not reference configmaps/],
    [
      web('  volumes: [{ name: v, projected: { sources: [{ configMap: { name: s } }] } }]'),
      /may not reference configmaps/,
    ],
    [
      web('  volumes: [{ name: v, persistentVolumeClaim: { claimName: s } }]'),
      /may not reference persistentvolumeclaims/,
    ],
    [
      web().replace("image: 'nginx:1'", 'image: a, envFrom: [{ secretRef: { name: s } }]'),
      /may not reference secrets/,
    ],
    [
      web().replace(
        "image: 'nginx:1'",
        'image: a, env: [{ name: E, valueFrom: { configMapKeyRef: { name: s, key: k } } }]',
      ),
      /may not reference configmaps/,
    ],
  ]
  for (const [text, message] of cases) assert.throws(() => read(text), message, text)
})
