import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { pluginSockets } from './plugin-sockets.ts'

const listen = (path: string) =>
  new Promise<Server>((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(path, () => resolve(server))
  })
const close = (server: Server) => new Promise(resolve => server.close(resolve))

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'proa-plugins-'))
  try {
    await body(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Waits for what a watch tells, for a minute at most. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 6_000; turn++) {
    if (await holds()) return
    await wait(10)
  }
  assert.fail('what was waited for did not happen')
}

test('sockets are found in the directory and below it, hidden ones and other files are not', () =>
  withDirectory(async directory => {
    const registry = join(directory, 'plugins_registry')
    await pluginSockets.prepare(registry)
    assert.deepEqual(await pluginSockets.list(registry), [])
    mkdirSync(join(registry, 'below'))
    mkdirSync(join(registry, 'not-a-socket'))
    const names = ['a.sock', '.hidden.sock', 'below/b.sock']
    const servers = await Promise.all(names.map(name => listen(join(registry, name))))
    const found = (await pluginSockets.list(registry)).map(({ path }) => path)
    assert.deepEqual(found, [join(registry, 'a.sock'), join(registry, 'below/b.sock')])
    await Promise.all(servers.map(close))
    assert.deepEqual(await pluginSockets.list(join(directory, 'nowhere')), [])
  }))

test('a socket that takes the place of another is another', () =>
  withDirectory(async directory => {
    const path = join(directory, 'a.sock')
    const identities = new Set<string | undefined>()
    for (let life = 0; life < 5; life++) {
      const server = await listen(path)
      identities.add((await pluginSockets.list(directory))[0]?.identity)
      await close(server)
      // Some kernels tell the time of a file by their clock ticks, of 10 ms at most.
      await wait(20)
    }
    assert.equal(identities.size, 5)
  }))

test('a watch tells of sockets that come and go, also in directories made since', () =>
  withDirectory(async directory => {
    let changes = 0
    const unwatch = pluginSockets.watch(directory, () => changes++)
    await until(() => changes > 0)
    for (const name of ['a.sock', 'later/b.sock']) {
      if (name.includes('/')) {
        const before = changes
        mkdirSync(join(directory, 'later'))
        await until(() => changes > before)
        await wait(50)
      }
      const before = changes
      const server = await listen(join(directory, name))
      await until(() => changes > before)
      const there = changes
      await close(server)
      await until(() => changes > there)
    }
    unwatch()
  }))
