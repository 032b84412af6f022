import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { layFoundation } from './foundation.ts'
import { storageOptionsOf } from './storage-options.ts'

const values = {
  storageBackend: undefined,
  etcdServers: [],
  etcdServersOverrides: [],
  etcdPrefix: '/registry',
  etcdCaFile: undefined,
  etcdCertFile: undefined,
  etcdKeyFile: undefined,
  etcdCompactionIntervalMs: 0,
  encryptionProviderConfig: undefined,
  encryptionProviderConfigAutomaticReload: false,
}

test('objects are kept where the flags say', () => {
  assert.deepEqual(storageOptionsOf(values), {})
  assert.deepEqual(storageOptionsOf({ ...values, storageBackend: 'sqlite' }), {})
  assert.deepEqual(storageOptionsOf({ ...values, storageBackend: 'memory' }), {
    keepsInMemory: true,
  })
  const etcdServers = ['http://127.0.0.1:2379']
  assert.deepEqual(storageOptionsOf({ ...values, etcdServers }).etcd?.servers, etcdServers)
})

test('flags that contradict each other are refused', () => {
  assert.throws(() => storageOptionsOf({ ...values, storageBackend: 'etcd3' }), /--etcd-servers/)
  for (const storageBackend of ['sqlite', 'memory'] as const)
    assert.throws(
      () => storageOptionsOf({ ...values, storageBackend, etcdServers: ['http://127.0.0.1:1'] }),
      new RegExp(`--storage-backend ${storageBackend} and --etcd-servers contradict each other`),
    )
})

test('what is kept is encrypted as a file says', () => {
  const options = storageOptionsOf({ ...values, encryptionProviderConfig: 'at-rest.yaml' })
  assert.deepEqual(options.encryption, { configFile: 'at-rest.yaml', automaticReload: false })
  assert.throws(
    () => storageOptionsOf({ ...values, encryptionProviderConfigAutomaticReload: true }),
    /automatic-reload must be set with --encryption-provider-config$/,
  )
})

test('objects are kept in one place', () => {
  const start = (etcdServersOverrides: string[]) => () =>
    storageOptionsOf({ ...values, etcdServersOverrides })
  assert.throws(
    start(['/events#http://127.0.0.1:1;http://127.0.0.1:2']),
    /is not supported: all obj/,
  )
  for (const bad of ['/events', 'events#http://127.0.0.1:1', '/events#a#b'])
    assert.throws(
      start([bad]),
      /invalid, must be of format: group\/resource#servers, where servers/,
    )
})

test('a data directory without objects has the keys alone', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'proa-memory-'))
  const foundation = await layFoundation(
    {
      dataDirectory,
      keepsInMemory: true,
      listen: { address: '127.0.0.1' },
      serviceClusterIpRange: '10.96.0.0/12',
      clusterDomain: 'cluster.local',
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    },
    undefined,
  )
  assert.equal(foundation.memory, foundation.store)
  assert.deepEqual(readdirSync(dataDirectory), ['pki'])
  await foundation.store.close()
  rmSync(dataDirectory, { recursive: true })
})
