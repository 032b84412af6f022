import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEncryptionConfiguration } from './configuration.ts'

const parse = (resources: unknown, more: object = {}) =>
  parseEncryptionConfiguration(
    Buffer.from(
      JSON.stringify({
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'EncryptionConfiguration',
        resources,
        ...more,
      }),
    ),
    'at-rest.yaml',
  )
const key = (length: number) => ({
  name: 'key1',
  secret: Buffer.alloc(length, 7).toString('base64'),
})
const one = (resources: string[], providers: object[] = [{ identity: {} }]) => [
  { resources, providers },
]
const told = (resources: unknown) => {
  try {
    parse(resources)
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

test('what upstream takes is taken', () => {
  const { resources } = parse(
    one(
      ['secrets', 'ships.example.com', '*.apps'],
      [{ aescbc: { keys: [key(32)] } }, { identity: {} }],
    ),
  )
  assert.deepEqual(
    resources[0]?.providers.map(({ kind }) => kind),
    ['aescbc', 'identity'],
  )
  const yaml = `
kind: EncryptionConfiguration
apiVersion: apiserver.config.k8s.io/v1
resources:
- resources: [secrets]
  providers:
  - secretbox: {keys: [{name: a, secret: ${key(32).secret}}]}`
  assert.equal(parseEncryptionConfiguration(Buffer.from(yaml), 'x').resources.length, 1)
})

test('what upstream refuses is refused in its words', () => {
  for (const [resources, words] of [
    [[], /resources: Required value: at least one resources is required$/],
    [
      one([]),
      /resources\[0\]\.resources: Required value: at least one resources\[0\]\.resources is/,
    ],
    [one(['secrets'], []), /resources\[0\]\.providers: Required value: at least one resources/],
    [one(['secrets'], [{}]), /does not contain any of the expected providers: KMS, AESGCM, AESCBC/],
    [
      one(['secrets'], [{ identity: {}, aescbc: { keys: [key(32)] } }]),
      /more than one provider spe/,
    ],
    [
      one(['secrets'], [{ aescbc: { keys: [] } }]),
      /aescbc\.keys: Required value: at least one keys/,
    ],
    [
      one(['secrets'], [{ aesgcm: { keys: [key(17)] } }]),
      /aesgcm\.keys\[0\]\.secret: Invalid value: "REDACTED": secret is not of the expected length, got 17, expected one of \[16 24 32\]$/,
    ],
    [one(['secrets'], [{ secretbox: { keys: [key(16)] } }]), /got 16, expected one of \[32\]$/],
    [
      one(['secrets'], [{ aescbc: { keys: [{ name: '', secret: 'no base64' }] } }]),
      /^error while parsing file: \[.*keys\[0\]\.name: Required value: name is a mandatory field for a key, .*secrets must be base64 encoded\]$/,
    ],
    [one(['secrets', 'secrets']), /the same resource cannot be specified multiple times$/],
    [one(['secrets', '*.']), /using overlapping resources such as 'secrets' and '\*\.'/],
    [one(['*.*', 'ships.example.com']), /using overlapping resources/],
    [one(['Secrets']), /resource name should not contain capital letters/],
    [one(['*']), /use '\*\.' to encrypt all the resources from core API group/],
    [one(['events.events.k8s.io']), /Use 'events' instead in the config file/],
    [one(['ingresses.extensions']), /'extensions' group has been removed/],
    [one(['secrets.*']), /encrypting the same resource across groups is not supported/],
    [one(['serviceipallocations']), /resources which do not have REST API\/s cannot be encrypted/],
    [
      [...one(['*.']), ...one(['secrets'])],
      /^error while building transformers: resource "secrets" is masked by earlier rule "\*\."$/,
    ],
    [one(['secrets'], [{ kms: { name: 'a' } }]), /key management services are not supported/],
  ] as const)
    assert.match(told(resources), words)
})

test('secrets do not get into messages, and what is not known is refused', () => {
  const provider = { aescbc: { keys: [key(32)] }, secretbox: { keys: [key(32)] } }
  assert.doesNotMatch(told(one(['secrets'], [provider])), new RegExp(key(32).secret.slice(0, 10)))
  assert.throws(
    () => parse(one(['secrets'], [{ aescbc: { keys: [key(32)], extra: 1 } }])),
    /strict decoding error: unknown field "resources\[0\]\.providers\[0\]\.aescbc\.extra"$/,
  )
  assert.throws(() => parse(one(['secrets']), { kind: 'Pod' }), /no kind "Pod" is registered/)
  assert.throws(() => parse('secrets'), /wrong type/)
  assert.throws(
    () => parseEncryptionConfiguration(Buffer.alloc(0), 'at-rest.yaml'),
    /encryption provider configuration file "at-rest.yaml" is empty$/,
  )
})
