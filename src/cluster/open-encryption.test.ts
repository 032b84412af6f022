import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { figuresText } from '#base/figures.ts'
import { type Log, silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { layFoundation } from './foundation.ts'
import { openEncryption } from './open-encryption.ts'

const configuration = (...providers: object[]) =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: ['secrets'], providers }],
  })
const keyed = (kind: string, name: string) => ({
  [kind]: { keys: [{ name, secret: Buffer.alloc(32, name).toString('base64') }] },
})
const KEY = '/registry/secrets/default/x'
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('latin1')

test('the file is looked at once a minute, and what cannot be used leaves the last good one', async () => {
  let content = configuration(keyed('aescbc', 'one'))
  let now = 0
  const told: string[] = []
  const log: Log = {
    ...silentLog,
    info: message => void told.push(message),
    error: message => void told.push(message),
  }
  const open = (automaticReload: boolean) =>
    openEncryption(
      { configFile: 'x', automaticReload },
      {
        files: { read: () => Buffer.from(content) },
        clock: { now: () => now, monotonicMs: () => now, after: () => () => {} },
        random: systemRandom,
        log,
      },
    )
  const [fixed, followed] = await Promise.all([open(false), open(true)])
  const marks = () =>
    [fixed, followed].map(
      ({ encryption }) =>
        /^k8s:enc:\w+:v1:\w+/.exec(text(encryption.seal(KEY, Buffer.from('{}'))))?.[0],
    )
  const one = 'k8s:enc:aescbc:v1:one'
  const taken = configuration(keyed('secretbox', 'two'), keyed('aescbc', 'one'))
  content = taken
  assert.deepEqual(marks(), [one, one])
  now += 61_000
  assert.deepEqual(marks(), [one, 'k8s:enc:secretbox:v1:two'])
  content = 'junk'
  now += 61_000
  assert.deepEqual(marks(), [one, 'k8s:enc:secretbox:v1:two'])
  assert.deepEqual(told, [
    'the encryption configuration was read anew',
    'the encryption configuration could not be read anew',
  ])
  const shown = figuresText([followed.figures])
  const hash = 'sha256:[0-9a-f]{64}'
  for (const line of [
    `automatic_reloads_total{status="success",apiserver_id_hash="${hash}"} 1`,
    `automatic_reloads_total{status="failure",apiserver_id_hash="${hash}"} 1`,
    `automatic_reload_last_timestamp_seconds{status="success",apiserver_id_hash="${hash}"} 61`,
    `automatic_reload_last_timestamp_seconds{status="failure",apiserver_id_hash="${hash}"} 122`,
    `last_config_info{apiserver_id_hash="${hash}",hash="sha256:${createHash('sha256').update(taken).digest('hex')}"} 1`,
  ]) {
    const text = `apiserver_encryption_config_controller_${line}`.replace(/\{(?=\w+=)/g, '\\{')
    assert.match(shown, new RegExp(`^${text}$`, 'm'))
  }
  const other = figuresText([fixed.figures])
  assert.doesNotMatch(other, /^apiserver_encryption_config_controller_automatic_reloads_total/m)
  assert.match(other, /^apiserver_encryption_config_controller_last_config_info\{/m)
})

test('nothing of a Secret is in the files of a store that is encrypted, and it is there again after a start', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-at-rest-'))
  const configFile = join(directory, 'at-rest.json')
  writeFileSync(configFile, configuration(keyed('aesgcm', 'one')))
  const start = (dataDirectory: string, encryption?: { configFile: string }) =>
    layFoundation(
      {
        dataDirectory,
        ...(encryption ? { encryption } : {}),
        listen: { address: '127.0.0.1' },
        serviceClusterIpRange: '10.96.0.0/12',
        clusterDomain: 'cluster.local',
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
      },
      undefined,
    )
  const canary = Buffer.from('"canary in the clear"')
  const isFound = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(each => each.isFile())
      .some(({ parentPath, name }) => readFileSync(join(parentPath, name)).includes(canary))
  for (const [name, encryption, isClear] of [
    ['sealed', { configFile }, false],
    ['clear', undefined, true],
  ] as const) {
    const dataDirectory = join(directory, name)
    const first = await start(dataDirectory, encryption)
    await first.store.commit([{ key: KEY, value: canary }])
    assert.equal(isFound(dataDirectory), isClear, 'while it runs')
    await first.store.close()
    const second = await start(dataDirectory, encryption)
    assert.equal(text((await second.store.get(KEY))?.value), text(canary))
    await second.store.close()
    assert.equal(isFound(dataDirectory), isClear)
  }
  rmSync(directory, { recursive: true })
})

test('a file that cannot be used ends the start before anything is touched', async () => {
  const start = (read: () => Buffer | undefined) => () =>
    openEncryption(
      { configFile: 'x' },
      { files: { read }, clock: systemClock, random: systemRandom, log: silentLog },
    )
  await assert.rejects(
    start(() => undefined),
    /error reading encryption provider configuration file "x"/,
  )
  await assert.rejects(
    start(() => Buffer.from('a: 1')),
    /error decoding encryption provider configuration/,
  )
})
