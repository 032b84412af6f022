import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { type StoreEvent, UnreadableValueError } from '#store'
import { createMemoryStore } from '../../store/memory/memory-store.ts'
import { startTestServer, TestClock, testRandom } from '../testing.ts'
import type {
  EncryptionConfiguration,
  KeyedProvider,
  ProviderConfiguration,
} from './configuration.ts'
import { encryptedForm } from './encrypted-form.ts'
import { encryptedStore } from './encrypted-store.ts'
import { Encryption } from './encryption.ts'
import { KeyAwayError, type Sealer } from './sealers.ts'

const provider = (kind: KeyedProvider, ...names: string[]): ProviderConfiguration => ({
  kind,
  keys: names.map(name => ({ name, secret: Buffer.alloc(32, name) })),
})
const identity: ProviderConfiguration = { kind: 'identity' }
const of = (
  resources: string[],
  ...providers: ProviderConfiguration[]
): EncryptionConfiguration => ({
  resources: [{ resources, providers }],
})
const encryptionOf = (configuration: EncryptionConfiguration) =>
  new Encryption({ configuration }, { random: testRandom() })
const KEY = '/registry/secrets/default/x'
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('latin1')

test('every provider brings back what it sealed, and marks it as upstream does', () => {
  const value = Buffer.from('{"kind":"Secret"}')
  for (const kind of ['aescbc', 'aesgcm', 'secretbox'] as const) {
    const encryption = encryptionOf(of(['secrets'], provider(kind, 'one', 'two')))
    const sealed = encryption.seal(KEY, value)
    assert.ok(text(sealed).startsWith(`k8s:enc:${kind}:v1:one:`))
    assert.ok(!text(sealed).includes('Secret'))
    assert.equal(text(encryption.open(KEY, sealed)), text(value))
    const turned = encryptionOf(of(['secrets'], provider(kind, 'two', 'one')))
    const opened = turned.open(KEY, sealed)
    assert.equal(text(opened), text(value))
    assert.equal(turned.isStale(KEY, opened), true)
    assert.equal(encryption.isStale(KEY, encryption.open(KEY, sealed)), false)
    assert.throws(
      () => encryptionOf(of(['secrets'], provider(kind, 'two'))).open(KEY, sealed),
      /no matching prefix/,
    )
    assert.throws(
      () => encryptionOf(of(['secrets'], identity)).open(KEY, sealed),
      /cannot be decrypted/,
    )
  }
})

test('a value that was moved to another key is not believed where the cipher binds its place', () => {
  const encryption = encryptionOf(of(['secrets'], provider('aesgcm', 'one')))
  const sealed = encryption.seal(KEY, Buffer.from('{}'))
  assert.throws(() => encryption.open('/registry/secrets/default/y', sealed), /cannot be decrypted/)
})

test('the most particular rule counts; what has no API is never sealed', () => {
  const encryption = encryptionOf({
    resources: [
      { resources: ['events'], providers: [identity] },
      { resources: ['secrets'], providers: [provider('aescbc', 'secrets')] },
      { resources: ['*.'], providers: [provider('aescbc', 'core')] },
      { resources: ['*.apps'], providers: [provider('aescbc', 'apps')] },
      { resources: ['*.*'], providers: [provider('aescbc', 'all')] },
    ],
  })
  const sealedBy = (key: string) => {
    const sealed = text(encryption.seal(key, Buffer.from('{}')))
    return /^k8s:enc:aescbc:v1:(\w+):/.exec(sealed)?.[1]
  }
  for (const [key, name] of [
    [KEY, 'secrets'],
    ['/registry/events/default/x', undefined],
    ['/registry/services/specs/default/x', 'core'],
    ['/registry/deployments/default/x', 'apps'],
    ['/registry/leases/default/x', 'all'],
    ['/registry/example.com/ships/default/x', 'all'],
    ['/registry/apiextensions.k8s.io/customresourcedefinitions/x', 'all'],
    ['/registry/masterleases/10.0.0.1', undefined],
    ['/registry/ranges/servicenodeports', undefined],
  ] as const)
    assert.equal(sealedBy(key), name, key)
})

test('a store under encryption shows what it was given, and holds none of it in the clear', async () => {
  const clock = new TestClock()
  const raw = createMemoryStore({ clock })
  const store = encryptedStore(raw, encryptionOf(of(['secrets'], provider('aescbc', 'one'))))
  const events: StoreEvent[] = []
  const cancel = store.watch('/registry/', 0, { events: all => void events.push(...all), end() {} })
  const value = Buffer.from('{"a":"plain"}')
  await store.commit([{ key: KEY, expected: 0, value }])
  await store.commit([
    { key: '/registry/configmaps/default/x', value: Buffer.from('{"b":"plain"}') },
  ])
  assert.equal(text((await store.get(KEY))?.value), text(value))
  assert.equal((await store.get(KEY))?.value, (await store.latest(KEY))?.value, 'opened once')
  assert.match(text((await raw.get(KEY))?.value), /^k8s:enc:aescbc:v1:one:/)
  assert.match(text((await raw.get('/registry/configmaps/default/x'))?.value), /plain/)
  const conflict = await store.commit([{ key: KEY, expected: 0, value }])
  assert.ok(!conflict.ok)
  assert.equal(text(conflict.current?.value), text(value))
  await store.commit([{ key: KEY, value: null }])
  const last = events.at(-1)
  assert.equal(last?.type, 'delete')
  assert.equal(text(last?.previous?.value), text(value))
  cancel()
  await store.close()
})

test('an object is sealed anew by an update that changes nothing, once', async () => {
  const clock = new TestClock()
  const raw = createMemoryStore({ clock })
  const serverOver = (configuration: EncryptionConfiguration) =>
    startTestServer({ clock, store: encryptedStore(raw, encryptionOf(configuration)) })
  const at = '/api/v1/namespaces/default/secrets'
  const first = await serverOver(of(['secrets'], identity))
  await first.ask('POST', at, { metadata: { name: 'x' }, stringData: { a: 'canary' } })
  await first.server.stop()
  const sealed = async () => text((await raw.get(KEY))?.value)
  assert.match(await sealed(), /^\{/)

  const second = await serverOver(of(['secrets'], provider('secretbox', 'one'), identity))
  const { body } = await second.ask('GET', `${at}/x`)
  assert.equal(body.data.a, Buffer.from('canary').toString('base64'))
  const put = await second.ask('PUT', `${at}/x`, body)
  assert.match(await sealed(), /^k8s:enc:secretbox:v1:one:/)
  assert.notEqual(put.body.metadata.resourceVersion, body.metadata.resourceVersion)
  const again = await second.ask('PUT', `${at}/x`, put.body)
  assert.equal(again.body.metadata.resourceVersion, put.body.metadata.resourceVersion)
  await second.server.stop()

  const third = await serverOver(of(['secrets'], provider('secretbox', 'other')))
  const lost = await third.ask('GET', `${at}/x`)
  assert.equal(lost.status, 500)
  assert.match(lost.body.message, /^Internal error occurred: .*cannot be decrypted/)
  await third.server.stop()
  await raw.close()
})

test('another configuration counts from its first use on', () => {
  let next: EncryptionConfiguration | undefined
  const encryption = new Encryption(
    { configuration: of(['secrets'], provider('aescbc', 'one')) },
    {
      random: testRandom(),
      renewed() {
        const now = next
        next = undefined
        return now && { configuration: now }
      },
    },
  )
  const sealed = encryption.seal(KEY, Buffer.from('{}'))
  next = of(['secrets'], provider('aesgcm', 'two'), provider('aescbc', 'one'))
  const opened = encryption.open(KEY, sealed)
  assert.equal(encryption.isStale(KEY, opened), true)
  assert.match(text(encryption.seal(KEY, Buffer.from('{}'))), /^k8s:enc:aesgcm:v1:two:/)
})

test('in etcd the form is sealed, and whoever asks for what cannot be opened is told', () => {
  const form = {
    toEtcd: (_key: string, value: Uint8Array) => Buffer.from(`proto ${text(value)}`),
    fromEtcd: (_key: string, stored: Uint8Array) =>
      Buffer.from(text(stored).slice('proto '.length)),
  }
  const over = (...providers: ProviderConfiguration[]) =>
    encryptedForm(form, encryptionOf(of(['secrets'], ...providers)), silentLog)
  const one = over(provider('aescbc', 'one'))
  const value = Buffer.from('value')
  const sealed = one.toEtcd(KEY, value)
  assert.equal(one.isStale?.(KEY, value), false)
  const back = over(provider('aesgcm', 'two'), provider('aescbc', 'one'))
  const opened = back.fromEtcd(KEY, sealed)
  assert.equal(text(opened), 'value')
  assert.equal(back.isStale?.(KEY, opened), true)
  assert.throws(() => over(identity).fromEtcd(KEY, sealed), UnreadableValueError)
})

const PREFIX = 'k8s:enc:kms:v2:one:'
const kms = { kind: 'kms', name: 'one', path: '/nowhere', timeoutMs: 1 } as const

/** Of a plugin that is asked for a key of its own for each value. */
function pluginSealer(asked: (sealed: string) => void = () => {}): Sealer {
  const keys = new Set<string>()
  return {
    id: PREFIX,
    prefix: Buffer.from(PREFIX),
    marks: [PREFIX],
    seal: value => value,
    open(sealed) {
      if (keys.has(text(sealed))) return { value: Buffer.from('{}'), id: PREFIX }
      throw new KeyAwayError('not here', Promise.resolve())
    },
    async prepare(sealed) {
      asked(text(sealed))
      await Promise.resolve()
      keys.add(text(sealed))
    },
  }
}

/** Over a store that another server wrote. */
async function found(
  values: readonly string[],
  plugin: Sealer,
  { providers = [kms, identity] as readonly ProviderConfiguration[], turn = async () => {} } = {},
) {
  const raw = createMemoryStore({ clock: new TestClock() })
  for (const [at, value] of values.entries())
    await raw.commit([{ key: `${KEY}${at}`, value: Buffer.from(value) }])
  const configuration = of(['secrets'], ...providers)
  const rules = { configuration, plugins: new Map([['one', plugin]]) }
  return encryptedStore(raw, new Encryption(rules, { random: testRandom() }), { turn })
}

test('keys are fetched before values are read also where values are not to be sealed any more', async () => {
  for (const providers of [
    [kms, identity],
    [identity, kms],
  ]) {
    const values = [`${PREFIX}a`, '{"plain":1}', `${PREFIX}b`]
    const store = await found(values, pluginSealer(), { providers })
    const { entries } = await store.list('/registry/secrets/')
    assert.deepEqual(
      entries.map(({ value }) => text(value)),
      ['{}', '{"plain":1}', '{}'],
    )
    await store.close()
  }
})

test('others have their turn while the keys of a long list are looked for', async () => {
  let inOneGo = 0
  let most = 0
  const plugin = pluginSealer(() => {
    most = Math.max(most, ++inOneGo)
  })
  const values = Array.from({ length: 1000 }, (_, at) => `${PREFIX}${at}`)
  const turn = async () => {
    inOneGo = 0
  }
  const store = await found(values, plugin, { turn })
  const { entries } = await store.list('/registry/secrets/')
  assert.ok(entries.every(({ value }) => text(value) === '{}'))
  assert.ok(most <= 200, `${most} in one go`)
  await store.close()
})
