import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KnownSpecs } from './known-specs.ts'
import type { Pod, PodSpec } from './schema.ts'
import { validatePod } from './validation.ts'

const token = (letters: string) => `kube-api-access-${letters}`
const specOf = (volume: string, more: object = {}): PodSpec =>
  ({
    serviceAccountName: 'default',
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    containers: [
      {
        name: 'web',
        image: 'web:1',
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePolicy: 'File',
        resources: { requests: { cpu: '1m' } },
        volumeMounts: [{ name: volume, mountPath: '/token' }],
      },
    ],
    volumes: [{ name: volume, emptyDir: {} }],
    ...more,
  }) as unknown as PodSpec
const found = (spec: PodSpec) =>
  validatePod({ metadata: {}, spec } as Pod).map(({ field }) => field)

test('a spec is known again by what it says, whatever the volume with its token is called', () => {
  const known = new KnownSpecs()
  known.add(specOf(token('aaaaa')))
  assert.ok(known.has(specOf(token('aaaaa'))))
  assert.ok(known.has(specOf(token('bbbbb'))))
  for (const other of ['kube-api-access-BBBBB', 'kube-api-access-bbbbbb', 'other'])
    assert.ok(!known.has(specOf(other)), other)
})

test('any other value, field or item makes another spec', () => {
  const known = new KnownSpecs()
  known.add(specOf('v', { hostAliases: [{ ip: '1.1.1.1', hostnames: ['a', 'b'] }] }))
  const others: object[] = [
    { hostAliases: [{ ip: '1.1.1.1', hostnames: ['a'] }] },
    { hostAliases: [{ ip: '1.1.1.1', hostnames: ['a', 'b', 'c'] }] },
    { hostAliases: [{ ip: '1.1.1.1', hostnames: ['b', 'a'] }] },
    { hostAliases: [{ ip: '1.1.1.1', hostnames: { 0: 'a', 1: 'b' } }] },
    { hostAliases: [{ ip: '1.1.1.1', hostnames: ['a', 'b'], more: 'x' }] },
    { hostAliases: [{ ip: '1.1.1.1' }] },
    { hostAliases: [] },
    { hostAliases: null },
    { hostAliases: undefined },
  ]
  for (const other of others) assert.ok(!known.has(specOf('v', other)), JSON.stringify(other))
  assert.ok(known.has(specOf('v', { hostAliases: [{ ip: '1.1.1.1', hostnames: ['a', 'b'] }] })))
})

test('two volumes with a token are not taken for one, nor one for two', () => {
  const [a, b] = [token('aaaaa'), token('bbbbb')]
  const volumes = (...names: string[]) => ({
    volumes: names.map(name => ({ name, emptyDir: {} })),
  })
  assert.deepEqual(found(specOf(a, volumes(a, b))), [])
  assert.deepEqual(found(specOf(a, volumes(a, a))), ['spec.volumes[1].name'])
  assert.deepEqual(found(specOf(b, volumes(b, b))), ['spec.volumes[1].name'])
  assert.deepEqual(found(specOf(a)), [])
  assert.deepEqual(found(specOf(a, volumes(b))), ['spec.containers[0].volumeMounts[0].name'])
  assert.deepEqual(found(specOf(b, volumes(a))), ['spec.containers[0].volumeMounts[0].name'])
})

test('what is changed in a spec that passed is looked at', () => {
  const spec = specOf('v')
  assert.deepEqual(found(spec), [])
  const [container] = spec.containers
  assert.ok(container)
  container.name = 'No'
  assert.deepEqual(found(spec), ['spec.containers[0].name'])
  container.name = 'web'
  assert.deepEqual(found(spec), [])
})

test('few specs are kept, and no large ones', () => {
  const known = new KnownSpecs()
  for (const name of ['a', 'b', 'c', 'd', 'e']) known.add(specOf(name))
  assert.ok(!known.has(specOf('a')))
  assert.ok(known.has(specOf('b')))
  const large = specOf('large', { hostname: 'x'.repeat(40_000) })
  known.add(large)
  assert.ok(!known.has(large))
  const many = specOf('many', { hostAliases: new Array(40_000).fill(null) })
  known.add(many)
  assert.ok(!known.has(many))
})
