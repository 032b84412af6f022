import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemFiles } from '#host/files.ts'
import { authorizationModeOf } from './envtest-apiserver.ts'
import { isStandIn, listenAsEtcd } from './etcd-stand-in.ts'
import { programsFor, writePrograms } from './write-assets.ts'

test('what stands in for etcd is healthy, and is known from another', async () => {
  const listening = await listenAsEtcd(['http://127.0.0.1:0'])
  const other = createServer((_, response) => response.end('{"etcdserver":"3.6.0"}'))
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${listening[0]?.port}`
    const health = await fetch(`${url}/health`)
    assert.deepEqual([health.status, await health.json()], [200, { health: 'true', reason: '' }])
    assert.equal((await fetch(`${url}/v3/kv/put`)).status, 404)
    assert.equal(await isStandIn([`${url}/`]), true)
    const real = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    assert.equal(await isStandIn([real]), false)
    assert.equal(await isStandIn(['http://127.0.0.1:1', 'https://127.0.0.1:1']), false)
    await assert.rejects(listenAsEtcd([url]), /cannot be listened on: .*EADDRINUSE/)
    await assert.rejects(
      async () => listenAsEtcd(['unix:///x']),
      /wants http:\/\/HOST:PORT, not "unix/,
    )
  } finally {
    await Promise.all(listening.map(each => each.close()))
    other.close()
  }
})

const facts = { kubectl: undefined, controllers: undefined, nodes: 'none' }

test('programs run what they stand for with the words they get, and tell their help themselves', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-assets-'))
  try {
    const programs = programsFor({
      proa: ['printf', '%s\n', "it's"],
      kubectl: '/bin/echo',
      controllers: '*',
      nodes: 'hollow:2',
    })
    writePrograms(directory, programs, systemFiles)
    assert.deepEqual(readdirSync(directory).sort(), ['etcd', 'kube-apiserver', 'kubectl'])
    const say = (name: string, ...words: string[]) =>
      spawnSync(join(directory, name), words, { encoding: 'utf8' }).stdout
    assert.equal(say('etcd', '--data-dir=a b'), "it's\nenvtest\netcd\n--data-dir=a b\n")
    assert.equal(
      say('kube-apiserver', '--v=1'),
      "it's\nenvtest\napiserver\n--controllers=*\n--nodes=hollow:2\n--v=1\n",
    )
    assert.equal(say('kubectl', 'get', 'pods'), 'get pods\n')
    // By its help envtest tells whether an API server has an insecure port, which none has had for years.
    assert.match(say('kube-apiserver', '--help'), /^\s*--client-ca-file\b/m)
    assert.doesNotMatch(say('kube-apiserver', '--help'), /^\s*--insecure-port\b/m)
    assert.match(say('etcd', '--help'), /keeps nothing/)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('kubectl is left out where there is none, and nothing of others is replaced', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-assets-'))
  try {
    const programs = programsFor({ ...facts, proa: ['proa'] })
    assert.deepEqual([...programs.keys()], ['kube-apiserver', 'etcd'])
    writePrograms(directory, programs, systemFiles)
    writePrograms(directory, programsFor({ ...facts, proa: ['newer'] }), systemFiles)
    writeFileSync(join(directory, 'etcd'), 'a real one')
    assert.throws(() => writePrograms(directory, programs, systemFiles), /etcd is there already/)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('nodes may do what nodes do, although envtest asks for RBAC alone', () => {
  const [none, hollow] = [{ kind: 'none' }, { kind: 'hollow', count: 1 }] as const
  const modeOf = (nodes: typeof none | typeof hollow, authorizationMode?: readonly string[]) =>
    authorizationModeOf({ nodes, authorizationMode })
  assert.deepEqual(modeOf(hollow, ['RBAC']), ['Node', 'RBAC'])
  assert.deepEqual(modeOf(none, ['RBAC']), ['RBAC'])
  assert.deepEqual(modeOf(hollow, ['AlwaysAllow']), ['AlwaysAllow'])
  assert.equal(modeOf(hollow), undefined)
})
