import assert from 'node:assert/strict'
import { mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import { machineFiles } from '#host/machine/files.ts'
import type { Pod, Volume } from '../pod-types.ts'
import { writeAtomically } from './atomic-writer.ts'
import { prepareHostPath } from './host-path.ts'
import { type Payload, payloadOf } from './payload.ts'

const root = await mkdtemp(join(tmpdir(), 'proa-volumes-'))
after(() => rm(root, { recursive: true, force: true }))

const bytes = (text: string) => new TextEncoder().encode(text)
const files = (contents: Record<string, string>): Payload =>
  new Map(
    Object.entries(contents).map(([path, text]) => [path, { bytes: bytes(text), mode: 0o640 }]),
  )

test('a set of files changes at once, and only when it has to', async () => {
  const directory = join(root, 'set')
  await machineFiles.makeDirectory(directory)
  let version = 0
  const write = (contents: Record<string, string>) =>
    writeAtomically(
      { files: machineFiles, directory, version: `v${version++}`, prepare: async () => {} },
      files(contents),
    )
  const read = (path: string) => readFile(join(directory, path), 'utf8')
  assert.equal(await write({ a: '1', 'd/e/f': '2', 'd/g': '3' }), true)
  assert.equal(await read('a'), '1')
  assert.equal(await read('d/e/f'), '2')
  assert.equal(await readlink(join(directory, 'a')), '..data/a')
  assert.equal((await stat(join(directory, 'a'))).mode & 0o777, 0o640)
  const first = await readlink(join(directory, '..data'))
  assert.equal(await write({ a: '1', 'd/e/f': '2', 'd/g': '3' }), false)
  assert.equal(await readlink(join(directory, '..data')), first)

  assert.equal(await write({ a: 'new', b: '4' }), true)
  assert.deepEqual([await read('a'), await read('b')], ['new', '4'])
  const names = [...(await machineFiles.names(directory))].sort()
  assert.deepEqual(names, ['..data', await readlink(join(directory, '..data')), 'a', 'b'].sort())
})

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { a: 'b' } },
  spec: { containers: [] },
} as unknown as Pod

const sources = {
  fields: { pod, nodeName: 'n', hostIps: [], podIps: ['10.0.0.1'], allocatable: {} },
  object: async (kind: string, name: string) => {
    if (name === 'none') return undefined
    return kind === 'secret'
      ? ({ apiVersion: 'v1', kind: 'Secret', metadata: {}, data: { key: 'c2VjcmV0' } } as Secret)
      : ({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {},
          data: { a: '1', b: '2' },
        } as ConfigMap)
  },
  token: async (audience: string, seconds: number) =>
    new TextEncoder().encode(`token for ${audience || 'all'}, ${seconds} s`),
}

async function contentsOf(volume: object) {
  const payload = await payloadOf({ name: 'v', ...volume } as Volume, sources)
  return Object.fromEntries(
    [...(payload ?? [])].map(([path, file]) => [
      path,
      `${file.mode.toString(8)} ${new TextDecoder().decode(file.bytes)}`,
    ]),
  )
}

test('what lies in configMap, secret, downwardAPI and projected volumes', async () => {
  assert.deepEqual(await contentsOf({ configMap: { name: 'm' } }), { a: '644 1', b: '644 2' })
  assert.deepEqual(
    await contentsOf({
      configMap: {
        name: 'm',
        defaultMode: 0o600,
        items: [
          { key: 'a', path: 'x/y', mode: 0o400 },
          { key: 'b', path: 'b' },
        ],
      },
    }),
    { 'x/y': '400 1', b: '600 2' },
  )
  assert.deepEqual(await contentsOf({ secret: { secretName: 's' } }), { key: '644 secret' })
  assert.deepEqual(await contentsOf({ secret: { secretName: 'none', optional: true } }), {})
  await assert.rejects(contentsOf({ configMap: { name: 'none' } }), {
    message: 'configmap "none" not found',
  })
  await assert.rejects(
    contentsOf({ configMap: { name: 'm', items: [{ key: 'no', path: 'x' }] } }),
    {
      message: 'references non-existent config key: no',
    },
  )
  assert.deepEqual(
    await contentsOf({
      projected: {
        defaultMode: 0o644,
        sources: [
          { serviceAccountToken: { path: 'token', expirationSeconds: 600 } },
          { configMap: { name: 'm', items: [{ key: 'a', path: 'ca' }] } },
          {
            downwardAPI: {
              items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }],
            },
          },
        ],
      },
    }),
    { token: '644 token for all, 600 s', ca: '644 1', labels: '644 a="b"' },
  )
  assert.equal(await payloadOf({ name: 'v', emptyDir: {} } as Volume, sources), undefined)
})

test('a token is readable for those alone who run as the user of all containers, and for the group of the pod', async () => {
  const volume = {
    name: 'v',
    projected: { sources: [{ serviceAccountToken: { path: 'token' } }] },
  } as Volume
  const tokenOf = async (spec: object) => {
    const fields = { ...sources.fields, pod: { ...pod, spec } as unknown as Pod }
    const file = (await payloadOf(volume, { ...sources, fields }))?.get('token')
    return [file?.mode.toString(8), file?.owner]
  }
  const as = (runAsUser: number) => ({ securityContext: { runAsUser } })
  assert.deepEqual(await tokenOf({ containers: [{}] }), ['644', undefined])
  assert.deepEqual(await tokenOf({ ...as(7), containers: [{}, {}] }), ['600', 7])
  assert.deepEqual(await tokenOf({ initContainers: [as(7)], containers: [as(7)] }), ['600', 7])
  assert.deepEqual(await tokenOf({ ...as(7), containers: [{}, as(8)] }), ['644', undefined])
  assert.deepEqual(await tokenOf({ containers: [as(7), {}] }), ['644', undefined])
  const grouped = { securityContext: { fsGroup: 5 }, containers: [{}] }
  assert.deepEqual(await tokenOf(grouped), ['600', undefined])
})

test('a file is its owner’s before anybody sees it', async () => {
  const directory = join(root, 'owned')
  await machineFiles.makeDirectory(directory)
  const given: string[] = []
  const chown = async (path: string, user: number, group: number) => {
    const isSeen = await machineFiles.readLink(join(directory, '..data'))
    given.push(`${path.slice(directory.length)} ${user} ${group} ${isSeen ?? 'not seen'}`)
  }
  const own: Payload = new Map([['token', { bytes: bytes('t'), mode: 0o600, owner: 7 }]])
  await writeAtomically(
    { files: { ...machineFiles, chown }, directory, version: 'v', prepare: async () => {} },
    own,
  )
  assert.deepEqual(given, ['/..v/token 7 -1 not seen'])
})

test('no path leads out of a volume', async () => {
  for (const path of ['../x', '/x', 'a/../../x', '..data', ''])
    await assert.rejects(
      contentsOf({ configMap: { name: 'm', items: [{ key: 'a', path }] } }),
      /invalid path/,
    )
})

test('hostPath volumes are what their type says', async () => {
  const at = (name: string, type: string) =>
    prepareHostPath({ path: join(root, name), type }, machineFiles)
  await at('made', 'DirectoryOrCreate')
  await at('made', 'Directory')
  await at('file', 'FileOrCreate')
  await at('file', 'File')
  await writeFile(join(root, 'real'), '')
  await symlink(join(root, 'real'), join(root, 'link'))
  await at('link', 'File')
  await at('whatever', '')
  await assert.rejects(at('file', 'Directory'), /hostPath type check failed: .* is not a directory/)
  await assert.rejects(at('missing', 'Socket'), /is not a socket file/)
})

test('names that a dying kubelet left unlinked are linked by the next', async () => {
  const directory = join(root, 'cut')
  await machineFiles.makeDirectory(directory)
  const write = (version: string) =>
    writeAtomically(
      { files: machineFiles, directory, version, prepare: async () => {} },
      files({ a: '1', 'd/b': '2' }),
    )
  await write('v0')
  await rm(join(directory, 'd'))
  assert.equal(await write('v1'), false)
  assert.equal(await readFile(join(directory, 'd/b'), 'utf8'), '2')
})
