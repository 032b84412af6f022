import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresText } from '#base/figures.ts'
import { TestClock, testRandom } from '../testing.ts'
import type { ProviderConfiguration } from './configuration.ts'
import { Encryption } from './encryption.ts'
import { KeyServiceError } from './kms/key-service.ts'
import { KeyAwayError, type Sealer } from './sealers.ts'
import { transformationFigures } from './transformation-figures.ts'

const KEY = '/registry/deployments/default/x'
const value = Buffer.from('{}')
const keyed = (name: string): ProviderConfiguration => ({
  kind: 'aescbc',
  keys: [{ name, secret: Buffer.alloc(32, name) }],
})
const kms = { kind: 'kms', name: 'one', path: '/nowhere', timeoutMs: 1 } as const
const identity = { kind: 'identity' } as const

function counted(providers: readonly ProviderConfiguration[], plugin?: Sealer) {
  const figures = transformationFigures(new TestClock())
  const configuration = { resources: [{ resources: ['deployments.apps'], providers }] }
  const rules = { configuration, ...(plugin ? { plugins: new Map([['one', plugin]]) } : {}) }
  const encryption = new Encryption(rules, { random: testRandom(), figures })
  const shown = () =>
    [...figuresText([figures.source]).matchAll(/_operations_total\{(.*)\} (\d+)/g)]
      .map(([, labels = '', count]) => {
        const values = [...labels.matchAll(/"(.*?)"/g)].map(([, text]) => text)
        return [...values, count].join(' ')
      })
      .sort()
  return { encryption, figures, shown }
}

test('what is sealed and opened is counted by resource, mark of provider and of key, and how it ended', () => {
  const { encryption, figures, shown } = counted([keyed('key1'), identity])
  const sealed = encryption.seal(KEY, value)
  encryption.open(KEY, sealed)
  encryption.open(KEY, value)
  sealed.set([sealed.at(-1) === 0 ? 1 : 0], sealed.length - 1)
  assert.throws(() => encryption.open('/registry/deployments/default/y', sealed.subarray(0, -1)))
  assert.throws(() => encryption.open(KEY, Buffer.from('k8s:enc:secretbox:v1:key1:')))
  assert.deepEqual(shown(), [
    'deployments.apps from_storage identity OK 1',
    'deployments.apps from_storage k8s:enc:aescbc:v1: OK 1',
    'deployments.apps from_storage k8s:enc:aescbc:v1: unknown-non-grpc 1',
    'deployments.apps from_storage key1: OK 1',
    'deployments.apps from_storage key1: unknown-non-grpc 1',
    'deployments.apps from_storage unknown unknown-non-grpc 1',
    'deployments.apps to_storage k8s:enc:aescbc:v1: OK 1',
    'deployments.apps to_storage key1: OK 1',
  ])
  assert.match(
    figuresText([figures.source]),
    /^apiserver_storage_transformation_duration_seconds_bucket\{transformation_type="from_storage",transformer_prefix="key1:",le="5e-06"} 1$/m,
  )
})

test('a key that is yet to come is not counted, one that the plugin refuses is counted by its code', () => {
  let cause: ErrorOptions | undefined
  const plugin: Sealer = {
    id: 'one',
    prefix: Buffer.from('k8s:enc:kms:v2:one:'),
    marks: ['k8s:enc:kms:v2:one:'],
    seal() {
      throw new KeyServiceError('Unavailable', 'away')
    },
    open() {
      throw new KeyAwayError('not here', Promise.resolve(), cause)
    },
  }
  const { encryption, shown } = counted([kms], plugin)
  const stored = Buffer.from('k8s:enc:kms:v2:one:sealed')
  assert.throws(() => encryption.open(KEY, stored))
  assert.deepEqual(shown(), [])
  cause = { cause: new KeyServiceError('FailedPrecondition', 'no such key') }
  assert.throws(() => encryption.open(KEY, stored))
  assert.throws(() => encryption.seal(KEY, value))
  assert.deepEqual(shown(), [
    'deployments.apps from_storage k8s:enc:kms:v2:one: FailedPrecondition 1',
    'deployments.apps to_storage k8s:enc:kms:v2:one: Unavailable 1',
  ])
})

test('what is not sealed is counted as upstream counts it: without a mark when written', () => {
  const { encryption, shown } = counted([identity, keyed('key1')])
  encryption.open(KEY, encryption.seal(KEY, value))
  assert.deepEqual(shown(), [
    'deployments.apps from_storage identity OK 1',
    'deployments.apps to_storage  OK 1',
  ])
})
