/** The registry of the test images, asked as containerd asks. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Descriptor, NAME_ANNOTATION, type Registry, startRegistry } from './registry.ts'

const layout = mkdtempSync(join(tmpdir(), 'proa-registry-'))
const mediaType = 'application/vnd.oci.image.manifest.v1+json'
const content = '{"schemaVersion":2}'
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
const manifest: Descriptor = {
  mediaType,
  digest,
  size: content.length,
  annotations: { [NAME_ANNOTATION]: 'registry.example/group/tool:1.0' },
}
let registry: Registry

before(async () => {
  mkdirSync(join(layout, 'blobs', 'sha256'), { recursive: true })
  writeFileSync(join(layout, 'blobs', ...digest.split(':')), content)
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ manifests: [manifest] }))
  registry = await startRegistry(layout)
})
after(async () => {
  await registry.stop()
  rmSync(layout, { recursive: true })
})

const ask = (path: string, method = 'GET') => fetch(`${registry.url}${path}`, { method })

test('it is on the loopback and says that it is a registry', async () => {
  assert.match(registry.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.equal((await ask('/v2/')).status, 200)
})

test('a manifest is found by tag and by digest, of the registry that it belongs to', async () => {
  for (const reference of ['1.0', digest]) {
    const found = await ask(`/v2/group/tool/manifests/${reference}?ns=registry.example`)
    assert.equal(found.status, 200, reference)
    assert.equal(found.headers.get('content-type'), mediaType)
    assert.equal(found.headers.get('docker-content-digest'), digest)
    assert.equal(await found.text(), content)
  }
  for (const path of ['group/tool/manifests/2.0', 'tool/manifests/1.0'])
    assert.equal((await ask(`/v2/${path}?ns=registry.example`)).status, 404, path)
  const other = await ask('/v2/group/tool/manifests/1.0?ns=other.example')
  assert.equal(other.status, 404)
  assert.match(await other.text(), /MANIFEST_UNKNOWN/)
})

test('a blob is given by its digest, and nothing else of the machine', async () => {
  const head = await ask(`/v2/group/tool/blobs/${digest}`, 'HEAD')
  assert.equal(head.headers.get('content-length'), String(content.length))
  assert.equal(await (await ask(`/v2/group/tool/blobs/${digest}`)).text(), content)
  for (const reference of [`sha256:${'0'.repeat(64)}`, 'sha256:..%2F..%2Findex.json', 'index.json'])
    assert.equal((await ask(`/v2/group/tool/blobs/${reference}`)).status, 404, reference)
})
