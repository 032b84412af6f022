/** What docs/cloud.md shows: its programs print what it says, and its providers are understood. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { node } from '../../src/api/core/v1/node.ts'
import { silentLog } from '../../src/base/log.ts'
import { parseCommandLine } from '../../src/cli/cli.ts'
import { createHttpProvider } from '../../src/cloud/cloud.ts'
import { configuredCloud } from '../../src/cluster/configured-cloud.ts'
import { systemClock } from '../../src/host/clock.ts'
import { type CloudProvider, startCluster } from '../../src/index.ts'
import { projectRoot } from '../tidy/sources.ts'

const guide = readFileSync(join(projectRoot, 'docs/cloud.md'), 'utf8')
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  )
const [library = '', rack = ''] = blocks('ts')
const [rackConfig = '', httpConfig = ''] = blocks('yaml')
const directory = mkdtempSync(join(tmpdir(), 'proa-cloud-guide-'))
after(() => rmSync(directory, { recursive: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}
const surroundings = { clock: systemClock, log: silentLog }

test('the program of the guide prints what it says', () => {
  const [, promise = ''] = /^prints\n\n```\n([\s\S]*?)```/m.exec(guide) ?? []
  const from = (specifier: string) =>
    specifier === 'proa'
      ? join(projectRoot, 'src/index.ts')
      : join(projectRoot, 'src', `${specifier.slice('proa/'.length)}.ts`)
  const program = library.replace(/from '(proa[^']*)'/g, (_, name) => `from '${from(name)}'`)
  const path = file('library.ts', program)
  const { stdout, stderr } = spawnSync(process.execPath, [path], {
    encoding: 'utf8',
    timeout: 300_000,
  })
  assert.equal(stdout, promise, stderr)
})

/** Both of the guide know one machine. */
async function initialises(cloud: CloudProvider, providerID: string): Promise<void> {
  await using cluster = await startCluster({ nodes: { kind: 'hollow', count: 1 }, cloud })
  const { client } = cluster
  const endMs = performance.now() + 30_000
  for (;;) {
    const [found] = (await client.list(node)).items
    if (found?.spec.providerID) {
      assert.equal(found.spec.providerID, providerID)
      assert.equal(found.metadata.labels?.['topology.kubernetes.io/zone'], 'cellar')
      return
    }
    assert.ok(performance.now() < endMs, 'the node was never initialised')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test('the provider of the guide initialises its node', async () => {
  file('rack.ts', rack)
  const configFile = file('rack.yaml', rackConfig)
  const cloud = await configuredCloud({ name: 'rack', configFile }, {}, surroundings)
  await initialises(cloud, 'rack://hollow-0')
})

const python = spawnSync('python3', ['--version']).error ? 'python3 is not on this machine' : false

test('so does the one in Python', { skip: python }, async () => {
  const port = await freePort()
  const [program = ''] = blocks('python')
  const path = file('cloud.py', program.replace('9000', String(port)))
  const configFile = file('http.yaml', httpConfig.replace('9000', String(port)))
  const server: ChildProcess = spawn('python3', [path], { stdio: 'inherit' })
  try {
    const cloud = await configuredCloud({ name: 'http', configFile }, {}, surroundings)
    assert.equal(cloud.loadBalancer, undefined)
    await initialises(cloud, 'py://hollow-0')
    const { signal } = new AbortController()
    const stranger = { metadata: { name: 'stranger' } } as never
    assert.equal(await cloud.instances?.instanceExists(stranger, signal), false)
    await assert.rejects(
      async () => cloud.instances?.instanceMetadata(stranger, signal),
      /there is no machine stranger/,
    )
    await cloud.close?.()
  } finally {
    server.kill()
  }
})

test('the calls of the guide are those that are made', async () => {
  const named = [...guide.matchAll(/^\| `([a-z-]+)` +\| `\{/gm)].map(([, call]) => call)
  const asked: string[] = []
  const { createServer: serve } = await import('node:http')
  const server = serve((request, response) => {
    asked.push((request.url ?? '').slice(1))
    response.end('{}')
    request.resume()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  const { close, ...parts } = createHttpProvider({ name: 'http', url, clock: systemClock })
  for (const part of [parts.instances, parts.loadBalancer, parts.routes])
    for (const call of Object.values(part ?? {}))
      await (call as (...words: unknown[]) => Promise<unknown>)(
        ...Array.from({ length: call.length - 1 }, () => ({})),
        new AbortController().signal,
      ).catch(() => {})
  close?.()
  server.close()
  assert.deepEqual(asked.sort(), named.sort())
})

test('the flags of the guide are there', () => {
  const commands = ['cloud-controller-manager', 'up', 'kubelet']
  const flags = new Set([...guide.matchAll(/(--[a-z-]+[a-z])/g)].map(([, flag]) => flag))
  // Upstream's, which is told to be missing.
  flags.delete('--use-service-account-credentials')
  assert.ok(flags.size > 5)
  for (const flag of flags)
    assert.ok(
      commands.some(command => {
        try {
          parseCommandLine([command, `${flag}=`])
          return true
        } catch (error) {
          return !String(error).includes('unknown flag')
        }
      }),
      `${flag} is nobody's`,
    )
})

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
