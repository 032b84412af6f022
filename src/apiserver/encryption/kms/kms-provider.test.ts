import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { figuresText } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '../../../host/clock.ts'
import { systemRandom } from '../../../host/random.ts'
import { TestClock } from '../../testing.ts'
import { KeyAwayError } from '../sealers.ts'
import { encryptedObject } from './encrypted-object.ts'
import { grpcKeyService } from './grpc-key-service.ts'
import { kmsFigures } from './kms-figures.ts'
import { KmsProvider } from './kms-provider.ts'
import { KeyPlugin } from './testing/key-plugin.ts'

const place = Buffer.from('/registry/secrets/default/x')
const value = Buffer.from('canary')
const hash = /sha256:[0-9a-f]{64}/.source
let plugin: KeyPlugin
const providers: KmsProvider[] = []

beforeEach(async () => {
  plugin = await KeyPlugin.start()
})
afterEach(() => {
  for (const provider of providers.splice(0)) provider.close()
  plugin.remove()
})

/** Its own time is moved by hand; calls take real time. */
async function start(timeoutMs = 3_000) {
  const clock = new TestClock()
  const figures = kmsFigures(clock, 'apiserver-x')
  const service = grpcKeyService({
    path: plugin.path,
    timeoutMs,
    clock: systemClock,
    watch: (method, seconds, error) => figures.called('one', method, seconds, error),
  })
  const provider = new KmsProvider({
    name: 'one',
    service,
    clock,
    random: systemRandom,
    log: silentLog,
    figures,
  })
  providers.push(provider)
  await provider.start()
  const { sealer } = provider
  const stored = () => sealer.seal(value, place)
  const read = (sealed: Uint8Array) => Buffer.from(sealer.open(sealed, place).value).toString()
  return { clock, figures, provider, sealer, stored, read }
}

/** Opened after the key was waited for. */
async function readSoon({ read }: { read(sealed: Uint8Array): string }, sealed: Uint8Array) {
  try {
    return read(sealed)
  } catch (error) {
    if (!(error instanceof KeyAwayError)) throw error
    await error.fetched
    return read(sealed)
  }
}

test('a value comes back, also in another server, which asks the plugin once for each data key', async () => {
  const one = await start()
  const [first, second] = [one.stored(), one.stored()]
  assert.equal(Buffer.from(one.sealer.prefix).toString(), 'k8s:enc:kms:v2:one:')
  assert.equal(one.read(first), 'canary')
  assert.deepEqual(plugin.calls, { status: 1, encrypt: 1, decrypt: 0 })
  const object = encryptedObject.decode(first)
  assert.equal(object.keyId, 'key-1')
  assert.equal(object.encryptedDekSourceType, 1)
  assert.equal(object.encryptedDekSource.length, 32)
  // 32 bytes of which the key is made, 12 of nonce, 16 of tag.
  assert.equal(object.encryptedData.length, value.length + 60)
  assert.equal(Buffer.from(first).includes('canary'), false)

  const other = await start()
  assert.equal(await readSoon(other, first), 'canary')
  await other.sealer.prepare?.(second)
  assert.equal(other.read(second), 'canary')
  assert.equal(plugin.calls.decrypt, 1)
  assert.throws(() => other.sealer.open(first, Buffer.from('/elsewhere')))
  assert.equal(other.sealer.open(first, place).id, other.sealer.id)
})

test('another key of the plugin is followed within a minute, and what the last one sealed is stale', async () => {
  const one = await start()
  const first = one.stored()
  plugin.turn('key-2')
  one.clock.advance(60_000)
  assert.equal(await one.provider.failure(), undefined)
  const second = one.stored()
  assert.equal(encryptedObject.decode(second).keyId, 'key-2')
  assert.equal(one.read(first), 'canary')
  assert.notEqual(one.sealer.open(first, place).id, one.sealer.id)
  assert.equal(one.sealer.open(second, place).id, one.sealer.id)
})

test('while the plugin is away writes go on for three minutes, reads for ever, and both come back', async () => {
  const one = await start(1_000)
  const first = one.stored()
  plugin.away()
  one.clock.advance(60_000)
  const away =
    'failed to perform status section of the healthz check for KMS Provider one, error: rpc error: code = DeadlineExceeded desc = context deadline exceeded'
  assert.equal(await one.provider.failure(), away)
  one.stored()
  one.clock.advance(120_001)
  await one.provider.failure()
  assert.throws(
    one.stored,
    new RegExp(
      `^Error: encryptedDEKSource with keyID hash "${hash}" expired at 2026-05-01T12:03:00Z \\(current time is 2026-05-01T12:03:00Z\\)$`,
    ),
  )
  assert.equal(one.read(first), 'canary')
  await plugin.serve()
  one.clock.advance(10_000)
  assert.equal(await wellAgain(one), undefined)
  assert.equal(one.read(one.stored()), 'canary')
})

/** What is said when it was asked often enough: the connection is tried again in real time. */
async function wellAgain({ provider, clock }: Awaited<ReturnType<typeof start>>) {
  for (let tries = 0; tries < 20; tries++) {
    if ((await provider.failure()) === undefined) return undefined
    clock.advance(3_000)
  }
  return provider.failure()
}

test('a plugin that was away at the start is found when it comes; before, nothing is written or read', async () => {
  const early = await start()
  const first = early.stored()
  plugin.away()
  const one = await start(1_000)
  assert.throws(one.stored, /^Error: got unexpected nil transformer$/)
  assert.throws(() => one.read(first), /^Error: got unexpected nil transformer$/)
  assert.equal(one.sealer.prepare?.(first), undefined)
  await plugin.serve()
  one.clock.advance(10_000)
  assert.equal(await wellAgain(one), undefined)
  assert.equal(await readSoon(one, first), 'canary')
})

test('a key that the plugin does not know is told in its words, and asked for again', async () => {
  const early = await start()
  const first = early.stored()
  plugin.turn('key-2')
  plugin.known.delete('key-1')
  const one = await start()
  const told =
    /^KeyAwayError: failed to decrypt DEK, error: rpc error: code = FailedPrecondition desc = no key key-1$/
  await one.sealer.prepare?.(first)
  assert.throws(() => one.read(first), told)
  assert.equal(one.sealer.prepare?.(first), undefined, 'what just failed is not waited for')
  await assert.rejects(readSoon(one, first), told)
  plugin.known.add('key-1')
  assert.equal(await readSoon(one, first), 'canary')
})

test('what a plugin says of itself has to be right', async () => {
  const one = await start()
  const failureFor = async (said: Partial<KeyPlugin['said']>) => {
    plugin.said = { version: 'v2', healthz: 'ok', ...said }
    one.clock.advance(60_000)
    return one.provider.failure()
  }
  const ill = 'kmsv2 Provider one is not healthy, error: '
  assert.equal(
    await failureFor({ healthz: 'the key is gone' }),
    `${ill}got unexpected healthz status: the key is gone`,
  )
  assert.equal(
    await failureFor({ version: 'v3', healthz: '' }),
    `${ill}[got unexpected healthz status: , expected KMSv2 API version v2, got v3]`,
  )
  assert.equal(
    await failureFor({ version: 'v2beta1' }),
    `${ill}KMSv2 API version should not change after the initial status response version v2, got v2beta1`,
  )
  assert.equal(
    await failureFor({ keyId: '' }),
    `${ill}got invalid KMSv2 KeyID hash "": keyID is empty`,
  )
  assert.match(
    (await failureFor({ keyId: 'k'.repeat(1025) })) ?? '',
    new RegExp(`hash "${hash}": keyID is 1025 bytes, which exceeds the max size of 1024$`),
  )
  assert.match(
    (await failureFor({ keyId: 'key-9' })) ?? '',
    new RegExp(
      `${ill}failed to rotate DEK uid="[0-9a-f-]{36}", useSeed=true, errState=<nil>, errGen=<nil>, statusKeyIDHash="${hash}", encryptKeyIDHash="${hash}", stateKeyIDHash="${hash}", expirationTimestamp=2026-05-01T12:\\d\\d:00Z$`,
    ),
  )
  assert.equal(await failureFor({}), undefined)
})

test('an answer about health holds for some seconds, and a slow plugin is given up in time', async () => {
  const one = await start(1_000)
  await one.provider.failure()
  one.clock.advance(19_000)
  await one.provider.failure()
  assert.equal(plugin.calls.status, 1)
  plugin.delayMs = 5_000
  one.clock.advance(1_001)
  const startMs = systemClock.monotonicMs()
  assert.match((await one.provider.failure()) ?? '', /code = DeadlineExceeded/)
  assert.ok(systemClock.monotonicMs() - startMs < 4_500)
})

test('what upstream counts is counted under its names', async () => {
  const one = await start()
  one.read(one.stored())
  plugin.said = { version: 'v2', healthz: 'ok', keyId: '' }
  one.clock.advance(60_000)
  await one.provider.failure()
  const shown = figuresText([one.figures.source])
  const prefix = 'apiserver_envelope_encryption'
  const labels = 'provider_name="one",key_id_hash="HASH",apiserver_id_hash="HASH"'
  for (const line of [
    `${prefix}_kms_operations_latency_seconds_count{provider_name="one",method_name="/v2.KeyManagementService/Status",grpc_status_code="OK"} 2`,
    `${prefix}_key_id_hash_total{transformation_type="to_storage",${labels}} 1`,
    `${prefix}_key_id_hash_total{transformation_type="from_storage",${labels}} 1`,
    `${prefix}_key_id_hash_last_timestamp_seconds{transformation_type="to_storage",${labels}} 17`,
    `${prefix}_key_id_hash_status_last_timestamp_seconds{${labels}} 17`,
    `${prefix}_invalid_key_id_from_status_total{provider_name="one",error="empty"} 1`,
    `${prefix}_dek_source_cache_size{provider_name="one"} 1`,
    'apiserver_storage_envelope_transformation_cache_misses_total 0',
    'apiserver_storage_data_key_generation_duration_seconds_count 1',
    'apiserver_storage_data_key_generation_failures_total 0',
  ])
    assert.match(
      shown,
      new RegExp(`^${line.replace(/[{}]/g, '\\$&').replaceAll('HASH', hash)}`, 'm'),
    )
})
