/** Which provider is meant, and what is said where none is. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { configuredMemoryCloud } from '#simulation/cloud/configuration.ts'
import { MemoryCloud } from '#simulation/cloud/memory-cloud.ts'
import { serveProvider } from '../cloud/testing/served-provider.ts'
import { type BuiltInClouds, configuredCloud } from './configured-cloud.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-clouds-'))
after(() => rmSync(directory, { recursive: true }))
const file = (name: string, text: string) => {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}
const builtIn: BuiltInClouds = {
  memory: (configuration, { clock }) => configuredMemoryCloud(configuration, clock),
}
const open = (name: string, configFile?: string) =>
  configuredCloud({ name, configFile }, builtIn, { clock: systemClock, log: silentLog })
const refused = (name: string, config: string | undefined, message: RegExp) =>
  assert.rejects(open(name, config && file('refused.yaml', config)), { name: 'UserError', message })

test('a name that nobody has is told', async () => {
  await refused('', undefined, /^--cloud-provider cannot be empty$/)
  await refused('aws', undefined, /^unknown cloud provider "aws"; built in are http, memory, and /)
  await refused('external', undefined, /^unknown cloud provider "external"/)
  await refused('toString', undefined, /^unknown cloud provider "toString"/)
})

test('a configuration that makes no sense is told', async () => {
  await assert.rejects(open('http', join(directory, 'absent')), /there is no file .*absent/)
  await refused('http', undefined, /must say the url of the provider/)
  await refused('http', '- a', /is not a map of settings/)
  await refused('http', '{', /cannot be read/)
  await refused('http', 'url: ftp://x', /must begin with http:\/\/ or https:\/\/, not "ftp:\/\/x"/)
  await refused('http', 'url: 7', /could not init cloud provider "http": url is a text/)
  await refused('http', 'uri: x', /unknown setting "uri"/)
  await refused('http', 'url: http://x\noffers: [zones]', /offers is a list of some of instances, /)
  await refused('http', 'url: http://x\ntimeout: soon', /timeout wants a time such as 30s/)
  await refused('http', 'url: http://x\nclientKey: nowhere', /there is no file nowhere/)
  await refused('memory', 'zones: []', /zones wants a list of texts/)
  await refused('memory', 'size: 3', /unknown setting "size"; known are region, /)
  await refused('memory', 'loadBalancerCidr: x', /wants a range such as/)
})

test('a provider over HTTP offers what it is said to', async () => {
  const served = await serveProvider(new MemoryCloud({ clock: systemClock, adoptsNodes: false }))
  const { url } = served
  const cloud = await open(
    'http',
    file('http.yaml', `url: ${url}\noffers: [instances]\ntimeout: 3s\n`),
  )
  assert.deepEqual([cloud.name, cloud.loadBalancer, cloud.routes], ['http', undefined, undefined])
  const node = { metadata: { name: 'n' }, spec: {}, status: {} } as unknown as Node
  const exists = await cloud.instances?.instanceExists(node, new AbortController().signal)
  assert.equal(exists, false)
  await cloud.close?.()
  await served.close()
})

test('a provider of one’s own is a file beside the configuration, which it gets', async () => {
  file(
    'own.ts',
    `interface Settings { readonly there: boolean }
     export default {
       name: 'own',
       create: ({ there }: Settings) => ({ name: 'else', instances: { instanceExists: async () => there } }),
     }`,
  )
  const config = file('own.yaml', 'providerFile: ./own.ts\nthere: true\n')
  const cloud = await open('own', config)
  assert.equal(cloud.name, 'own')
  const exists = await cloud.instances?.instanceExists({} as Node, new AbortController().signal)
  assert.equal(exists, true)
  await assert.rejects(open('other', config), {
    name: 'UserError',
    message: 'unknown cloud provider "other"; ./own.ts has the provider "own"',
  })
})

test('a file that is no provider is told', async () => {
  file('throws.ts', "throw new Error('no')")
  file('empty.ts', 'export default {}')
  file('bad.ts', "export default { name: 'bad', create() { throw new Error('no key') } }")
  await refused('x', 'providerFile: ./gone.ts', /the provider file .*gone\.ts cannot be loaded/)
  await refused('x', 'providerFile: ./throws.ts', /throws\.ts cannot be loaded: no$/)
  await refused('x', 'providerFile: ./empty.ts', /has no default export \{ name, create \}/)
  await refused('x', 'providerFile: 7', /providerFile is the name of a file/)
  await refused('bad', 'providerFile: ./bad.ts', /^could not init cloud provider "bad": no key$/)
})
