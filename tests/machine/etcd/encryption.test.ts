/** What upstream's API server encrypted is read with the same configuration, and the other way round. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { KeyPlugin } from '../../../src/apiserver/encryption/kms/testing/key-plugin.ts'
import { EtcdConnection } from '../../../src/store/etcd/connection.ts'
import { EntryReader } from '../../../src/store/etcd/entry.ts'
import { readRange } from '../../../src/store/etcd/load.ts'
import { EtcdProcess, etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { type ApiEnd, Keys, kubeApiServerMissing, startProa, startUpstream } from './servers.ts'

const skip = etcdMissing() || kubeApiServerMissing()
const PREFIX = '/elsewhere'
const SECRETS = '/api/v1/namespaces/default/secrets'
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const PROVIDERS = ['aescbc', 'aesgcm', 'secretbox'] as const

const keyed = (kind: string) => ({
  [kind]: { keys: [{ name: 'key1', secret: Buffer.alloc(32, kind).toString('base64') }] },
})
/** The given provider writes, the others read. */
const configuration = (first: string) => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'EncryptionConfiguration',
  resources: [
    {
      resources: ['secrets', '*.example.com'],
      providers: [first, ...PROVIDERS.filter(each => each !== first)].map(keyed),
    },
    { resources: ['*.*'], providers: [{ identity: {} }, keyed('aescbc')] },
  ],
})
/** The plugin writes, what the others wrote is read: upstream lists all secrets before it is ready. */
const pluginConfiguration = (endpoint: string) => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'EncryptionConfiguration',
  resources: [
    {
      resources: ['secrets'],
      providers: [{ kms: { apiVersion: 'v2', name: 'one', endpoint } }, ...PROVIDERS.map(keyed)],
    },
  ],
})
const secret = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData: { canary: `canary of ${name}` },
})
const canaryOf = (name: string) => Buffer.from(`canary of ${name}`).toString('base64')

describe('encryption at rest, beside a real kube-apiserver', { skip }, () => {
  let etcd: EtcdProcess
  const keys = new Keys()
  const configFile = join(keys.directory, 'at-rest.json')
  const settings = [
    '--disable-admission-plugins=ServiceAccount',
    `--etcd-prefix=${PREFIX}`,
    `--encryption-provider-config=${configFile}`,
  ]

  before(async () => {
    etcd = await EtcdProcess.start()
  })
  after(async () => {
    await etcd.remove()
    keys.remove()
  })

  for (const provider of PROVIDERS)
    test(`${provider}: both read what both wrote, and nothing of it is in etcd`, async () => {
      writeFileSync(configFile, JSON.stringify(configuration(provider)))
      const [ofUpstream, ofProa] = [`upstream-${provider}`, `proa-${provider}`]
      const first = await startUpstream(keys, etcd.url, settings)
      await first.want('POST', SECRETS, secret(ofUpstream))
      await first.stop()

      const proa = await startProa(keys, { servers: [etcd.url], prefix: PREFIX }, undefined, {
        configFile,
      })
      const { items } = await proa.want('GET', SECRETS)
      assert.ok(
        items.some((item: { metadata: { name: string } }) => item.metadata.name === ofUpstream),
      )
      const read = await proa.want('GET', `${SECRETS}/${ofUpstream}`)
      assert.equal(read.data.canary, canaryOf(ofUpstream))
      await proa.want('POST', SECRETS, secret(ofProa))
      await proa.want('POST', CONFIG_MAPS, {
        metadata: { name: provider },
        data: { canary: 'in the clear' },
      })
      await proa.stop()

      const last = await startUpstream(keys, etcd.url, settings)
      assert.equal((await last.want('GET', `${SECRETS}/${ofProa}`)).data.canary, canaryOf(ofProa))
      assert.equal(
        (await last.want('GET', `${CONFIG_MAPS}/${provider}`)).data.canary,
        'in the clear',
      )
      await last.stop()

      const stored = await everything(etcd.url)
      for (const name of [ofUpstream, ofProa]) {
        const text = stored.get(`/registry/secrets/default/${name}`) ?? ''
        assert.ok(text.startsWith(`k8s:enc:${provider}:v1:key1:`))
        assert.ok(!text.includes('canary'))
      }
      assert.match(
        stored.get(`/registry/configmaps/default/${provider}`) ?? '',
        /^k8s\0.*in the clear/s,
      )
    })

  test('a key management plugin: both read what both wrote, while both run, and after it turned its key', async t => {
    const plugin = await KeyPlugin.start()
    t.after(() => plugin.remove())
    writeFileSync(configFile, JSON.stringify(configuration('aescbc')))
    const old = await startUpstream(keys, etcd.url, settings)
    await old.want('POST', SECRETS, secret('before-kms'))
    await old.stop()

    writeFileSync(configFile, JSON.stringify(pluginConfiguration(plugin.endpoint)))
    const upstream = await startUpstream(keys, etcd.url, settings)
    await upstream.want('POST', SECRETS, secret('upstream-kms'))
    const proa = await startProa(keys, { servers: [etcd.url], prefix: PREFIX }, undefined, {
      configFile,
    })
    const both = [upstream, proa]
    // Also of a test that failed.
    t.after(() => Promise.all(both.map(server => server.stop())))
    const isReadByBoth = async (name: string) => {
      for (const server of both)
        assert.equal((await server.want('GET', `${SECRETS}/${name}`)).data.canary, canaryOf(name))
    }
    await proa.want('POST', SECRETS, secret('proa-kms'))
    await upstream.want('POST', SECRETS, secret('upstream-kms-later'))
    for (const name of ['before-kms', 'upstream-kms', 'proa-kms', 'upstream-kms-later'])
      await isReadByBoth(name)
    const [ofUpstream, ofProa] = [await figuresOf(upstream), await figuresOf(proa)]
    assert.ok(ofUpstream.length > 10, ofUpstream.join('\n'))
    assert.deepEqual(ofProa, ofUpstream)
    assert.equal((await proa.ask('GET', '/readyz/kms-providers')).body, 'ok')
    assert.equal((await upstream.ask('GET', '/readyz/kms-providers')).body, 'ok')
    await proa.stop()
    await upstream.stop()

    plugin.turn('key-2')
    const turned = await startProa(keys, { servers: [etcd.url], prefix: PREFIX }, undefined, {
      configFile,
    })
    const { body } = await turned.ask('GET', `${SECRETS}/upstream-kms`)
    await turned.want('PUT', `${SECRETS}/upstream-kms`, body)
    await turned.stop()
    const last = await startUpstream(keys, etcd.url, settings)
    for (const name of ['upstream-kms', 'proa-kms'])
      assert.equal((await last.want('GET', `${SECRETS}/${name}`)).data.canary, canaryOf(name))
    await last.stop()
    const stored = await everything(etcd.url)
    const keyOf = (name: string) =>
      /^k8s:enc:kms:v2:one:.*(key-\d)/s.exec(stored.get(`/registry/secrets/default/${name}`) ?? '')
    assert.equal(keyOf('upstream-kms')?.[1], 'key-2')
    assert.equal(keyOf('proa-kms')?.[1], 'key-1')
  })
})

const COUNTED =
  /^(apiserver_(?:envelope_encryption|encryption_config_controller|storage_(?:transformation|data_key|envelope))\w*)\{?(.*?)}? [-\d.e+]+$/gm

/** The series of encryption, without the resource: upstream does not know it of what its watch cache reads. */
async function figuresOf(server: ApiEnd): Promise<string[]> {
  const text: string = await server.want('GET', '/metrics')
  const series = [...text.matchAll(COUNTED)]
    // Of version 1 of the plugins' API alone.
    .filter(([, name = '']) => !name.includes('dek_cache_'))
    .map(([, name, labels = '']) => {
      const pairs = [...labels.matchAll(/(\w+)=("(?:\\.|[^"])*")/g)]
      const shown = pairs.filter(([, label]) => label !== 'resource').map(([pair]) => pair)
      return `${name}{${shown.sort().join()}}`
    })
  return [...new Set(series)].sort()
}

async function everything(url: string): Promise<Map<string, string>> {
  const connection = new EtcdConnection([url], {}, systemClock)
  const asItIs = {
    toEtcd: (_: string, value: Uint8Array) => value,
    fromEtcd: (_: string, value: Uint8Array) => value,
  }
  const reader = new EntryReader({ root: '/registry/', prefix: `${PREFIX}/` }, asItIs)
  const { entries } = await readRange(connection, reader, { prefix: '/registry/' })
  connection.close()
  return new Map(entries.map(({ key, value }) => [key, Buffer.from(value).toString('latin1')]))
}
