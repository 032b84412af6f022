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

const kms = (more: object = {}) => ({
  kms: { apiVersion: 'v2', name: 'a', endpoint: 'unix:///run/kms.sock', ...more },
})

test('a plugin has a socket and three seconds for each call', () => {
  const of = (more: object) => parse(one(['secrets'], [kms(more)])).resources[0]?.providers[0]
  assert.deepEqual(of({}), { kind: 'kms', name: 'a', path: '/run/kms.sock', timeoutMs: 3_000 })
  assert.deepEqual(of({ endpoint: 'unix:///@kms', timeout: '250ms' }), {
    kind: 'kms',
    name: 'a',
    path: '@kms',
    timeoutMs: 250,
  })
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
    [
      one(['secrets'], [{ kms: { name: 'a' } }]),
      /providers\[0\]\.kms\.endpoint: Invalid value: "": endpoint is a mandatory field for a kms$/,
    ],
    [
      one(['secrets'], [{ kms: { name: 'a', endpoint: 'unix:///a' } }]),
      /^error while building transformers: KMSv1 is deprecated .*Set --feature-gates=KMSv1=true to use/,
    ],
    [
      one(['secrets'], [kms({ name: '', endpoint: 'tcp://a', timeout: '-1s', cachesize: 1 })]),
      /\[.*kms\.name: Required value: name is a mandatory field for a provider, .*kms\.timeout: Invalid value: "-1s": timeout should be a positive value, .*kms\.endpoint: Invalid value: "tcp:\/\/a": unsupported scheme "tcp" for KMS provider, only unix is supported, .*kms\.cachesize: Invalid value: 1: cachesize is not supported in v2\]$/,
    ],
    [one(['secrets'], [kms({ name: 'a:b' })]), /invalid KMS provider name a:b, must not contain/],
    [
      [...one(['secrets'], [kms()]), ...one(['pods'], [kms()])],
      /resources\[1\].*duplicate KMS provider name a, names must be unique$/,
    ],
    [
      one(['secrets'], [kms({ apiVersion: 'v3' })]),
      /unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported$/,
    ],
    [one(['secrets'], [kms({ timeout: 'soon' })]), /wrong type$/],
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
