import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { type Log, silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { encryptedStore } from '../apiserver/encryption/encrypted-store.ts'
import { KeyPlugin } from '../apiserver/encryption/kms/testing/key-plugin.ts'
import { startTestServer } from '../apiserver/testing.ts'
import { openEncryption } from './open-encryption.ts'
import { openEtcd } from './open-etcd.ts'

const SECRETS = '/api/v1/namespaces/default/secrets'
const KEY = '/registry/secrets/default/x'
const secret = { metadata: { name: 'x' }, stringData: { a: 'canary' } }
const canary = Buffer.from('canary').toString('base64')
let plugin: KeyPlugin

before(async () => {
  plugin = await KeyPlugin.start()
})
after(() => plugin.remove())
const running = new Set<() => Promise<void>>()
/** Also of a test that failed. */
afterEach(async () => {
  for (const stop of running) await stop()
})
beforeEach(async () => {
  plugin.away()
  plugin.calls.decrypt = 0
  await plugin.serve()
})

const kms = (more: object = {}) => ({
  kms: { apiVersion: 'v2', name: 'one', endpoint: plugin.endpoint, timeout: '1500ms', ...more },
})
const aescbc = { aescbc: { keys: [{ name: 'key1', secret: Buffer.alloc(32).toString('base64') }] } }
const configuration = (...providers: object[]) =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: ['secrets'], providers }],
  })

/** A server over `raw`. Its time is moved by `offsetMs`, but for that on the wall, by which calls end. */
async function start(raw: ReturnType<typeof createMemoryStore>, file: { text: string }) {
  const told: string[] = []
  const log: Log = { ...silentLog, error: message => void told.push(message) }
  const clock = { ...systemClock, offsetMs: 0 }
  const moved = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + clock.offsetMs,
  }
  const opened = await openEncryption(
    { configFile: 'at-rest.json', automaticReload: true },
    {
      files: { read: () => Buffer.from(file.text) },
      clock: moved,
      random: systemRandom,
      log,
    },
  )
  const store = encryptedStore(raw, opened.encryption)
  const { server, ask } = await startTestServer({ store, healthChecks: opened.healthChecks })
  const stop = async () => {
    running.delete(stop)
    await server.stop()
    opened.close()
  }
  running.add(stop)
  return { ask, clock, told, stop }
}

const marks = async (raw: ReturnType<typeof createMemoryStore>) =>
  /^k8s:enc:\w+:\w+:\w+:/.exec(Buffer.from((await raw.get(KEY))?.value ?? []).toString())?.[0]

test('a server reads what another one sealed, with one call to the plugin before the first request', async () => {
  const raw = createMemoryStore()
  const file = { text: configuration(kms()) }
  const first = await start(raw, file)
  assert.equal((await first.ask('POST', SECRETS, secret)).status, 201)
  for (const name of ['y', 'z']) await first.ask('POST', SECRETS, { ...secret, metadata: { name } })
  await first.stop()
  assert.equal(await marks(raw), 'k8s:enc:kms:v2:one:')
  const second = await start(raw, file)
  assert.equal(plugin.calls.decrypt, 1)
  plugin.away()
  assert.equal((await second.ask('GET', `${SECRETS}/x`)).body.data.a, canary)
  assert.equal((await second.ask('GET', SECRETS)).body.items.length, 3)
  await second.stop()
  await raw.close()
})

test('a plugin that is away: 500 in its words, not ready but alive; all goes on when it is back', async () => {
  const raw = createMemoryStore()
  const file = { text: configuration(kms()) }
  const first = await start(raw, file)
  await first.ask('POST', SECRETS, secret)
  await first.stop()
  plugin.away()
  const server = await start(raw, file)
  const refused = await server.ask('POST', SECRETS, { ...secret, metadata: { name: 'y' } })
  assert.equal(refused.status, 500)
  assert.equal(refused.body.message, 'got unexpected nil transformer')
  const unread = await server.ask('GET', `${SECRETS}/x`)
  assert.equal(unread.status, 500)
  assert.match(unread.body.message, /got unexpected nil transformer/)
  assert.equal((await server.ask('GET', '/livez')).status, 200)
  assert.match((await server.ask('GET', '/healthz')).text, /^\[-\]kms-providers failed: reason/m)
  const ready = await server.ask('GET', '/readyz/kms-providers')
  assert.equal(ready.status, 500)
  assert.match(
    ready.text,
    /^internal server error: kms-provider-0: failed to perform status section of the healthz check for KMS Provider one, error: rpc error: code = DeadlineExceeded/,
  )
  assert.equal((await server.ask('GET', '/livez/kms-providers')).status, 404)

  await plugin.serve()
  server.clock.offsetMs += 4_000
  await eventually(async () => (await server.ask('GET', '/readyz/kms-providers')).status === 200)
  // The key of the value was never asked for: whoever reads it waits for it.
  const read = await server.ask('GET', `${SECRETS}/x`)
  assert.equal(read.body.data?.a, canary, read.body.message)
  assert.match((await server.ask('GET', '/readyz?verbose')).text, /^\[\+\]kms-providers ok/m)
  await server.stop()
  await raw.close()
})

test('a write that meets a key which could not be had just before waits for it, too', async () => {
  const raw = createMemoryStore()
  const file = { text: configuration(kms()) }
  const first = await start(raw, file)
  for (const name of ['x', 'y', 'z'])
    await first.ask('POST', SECRETS, { ...secret, metadata: { name } })
  await first.stop()
  plugin.turn('key-2')
  for (const [method, name, body] of [
    ['PATCH', 'x', { data: { b: canary } }],
    ['PUT', 'y', { ...secret, metadata: { name: 'y' } }],
    ['DELETE', 'z', undefined],
  ] as const) {
    plugin.known.delete('key-1')
    const server = await start(raw, file)
    const headers = {
      'content-type': `application/${method === 'PATCH' ? 'merge-patch+' : ''}json`,
    }
    const refused = await server.ask(method, `${SECRETS}/${name}`, body, { headers })
    assert.equal(refused.status, 500)
    assert.match(refused.body.message, /no key key-1/)
    plugin.known.add('key-1')
    const done = await server.ask(method, `${SECRETS}/${name}`, body, { headers })
    assert.equal(done.status, 200, done.body.message)
    await server.stop()
  }
  await raw.close()
})

test('where the server needs a plugin for what it writes at its start, it waits for it', async () => {
  const raw = createMemoryStore()
  plugin.away()
  const text = configuration(kms({ timeout: '100ms' })).replace('"secrets"', '"*.*"')
  const starting = start(raw, { text })
  await new Promise(resolve => setTimeout(resolve, 300))
  await plugin.serve()
  const server = await starting
  assert.equal((await server.ask('POST', SECRETS, secret)).status, 201)
  const { value } = (await raw.get('/registry/namespaces/default')) ?? {}
  assert.match(Buffer.from(value ?? []).toString(), /^k8s:enc:kms:v2:one:/)
  await server.stop()
  await raw.close()
})

test('plugins come and go with the file, once they are well; what others sealed stays readable', async () => {
  const raw = createMemoryStore()
  const file = { text: configuration(aescbc) }
  const server = await start(raw, file)
  assert.match((await server.ask('GET', '/readyz?verbose')).text, /^\[\+\]kms-providers ok/m)
  await server.ask('POST', SECRETS, secret)
  const rewrite = async () => {
    const { body } = await server.ask('GET', `${SECRETS}/x`)
    assert.equal(body.data.a, canary)
    await server.ask('PUT', `${SECRETS}/x`, body)
    return marks(raw)
  }
  file.text = configuration(kms({ endpoint: 'unix:///nowhere', timeout: '10ms' }), aescbc)
  server.clock.offsetMs += 60_001
  assert.equal(await rewrite(), 'k8s:enc:aescbc:v1:key1:')
  await eventually(async () => {
    server.clock.offsetMs += 1_000
    return server.told.length > 0
  })
  assert.deepEqual(server.told, ['the encryption configuration could not be read anew'])
  assert.equal(await rewrite(), 'k8s:enc:aescbc:v1:key1:')

  file.text = configuration(kms(), aescbc)
  server.clock.offsetMs += 60_001
  await eventually(async () => (await rewrite()) === 'k8s:enc:kms:v2:one:')
  const { body } = await server.ask('GET', `${SECRETS}/x`)
  const same = await server.ask('PUT', `${SECRETS}/x`, body)
  assert.equal(same.body.metadata.resourceVersion, body.metadata.resourceVersion)

  file.text = configuration(aescbc, kms({ timeout: '1600ms' }))
  server.clock.offsetMs += 60_001
  await eventually(async () => (await rewrite()) === 'k8s:enc:aescbc:v1:key1:')
  file.text = configuration({ identity: {} }, aescbc)
  server.clock.offsetMs += 60_001
  assert.equal(await rewrite(), undefined)
  await server.stop()
  await raw.close()
})

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await isSo()) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  assert.fail('it never came to be')
}

test('where no store is opened nobody goes on asking the plugin', async () => {
  const configFile = join(plugin.directory, 'at-rest.json')
  writeFileSync(configFile, configuration(kms()))
  const timers = new Set<object>()
  const clock = {
    ...systemClock,
    after(delayMs: number, callback: () => void) {
      const timer = {}
      timers.add(timer)
      const cancel = systemClock.after(delayMs, () => {
        timers.delete(timer)
        callback()
      })
      return () => {
        timers.delete(timer)
        cancel()
      }
    },
  }
  const etcd = { servers: ['ftp://127.0.0.1'] }
  const surroundings = { clock, random: systemRandom, log: silentLog, encryption: { configFile } }
  const { status } = plugin.calls
  await assert.rejects(openEtcd(etcd, surroundings), /no way to an etcd/)
  assert.equal(plugin.calls.status, status + 1)
  assert.equal(timers.size, 0)
})
