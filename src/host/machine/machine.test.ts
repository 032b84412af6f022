import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readMachineFacts } from './facts.ts'
import { machineFiles } from './files.ts'
import { machineMounts, openInside } from './mounts.ts'
import { machineNetwork } from './probe-network.ts'

const root = await mkdtemp(join(tmpdir(), 'proa-machine-'))
after(() => rm(root, { recursive: true, force: true }))

test('the machine describes itself', () => {
  const facts = readMachineFacts(join(root, 'not', 'there', 'yet'))
  assert.ok(facts.cpuMillis >= 1000 && facts.cpuMillis % 1000 === 0)
  assert.ok(facts.memoryBytes > 2 ** 20 && facts.ephemeralStorageBytes > 2 ** 20)
  assert.ok(facts.kernelVersion && facts.osImage && facts.bootId)
  assert.match(facts.architecture, /^(amd64|arm64)$/)
})

test('a file is replaced as a whole, with the mode that was asked for, and never through a symlink', async () => {
  const victim = join(root, 'victim')
  await writeFile(victim, 'untouched')
  const path = join(root, 'file')
  await symlink(victim, path)
  await machineFiles.write(path, Buffer.from('new'), { mode: 0o666 })
  assert.equal(await readFile(victim, 'utf8'), 'untouched')
  assert.equal((await stat(path)).mode & 0o777, 0o666)
  assert.equal((await machineFiles.facts(path))?.kind, 'file')
  assert.deepEqual(await machineFiles.read(path, 2), Buffer.from('ne'))
  assert.equal(await machineFiles.read(join(root, 'none')), undefined)
  assert.ok((await machineFiles.read('/proc/self/stat'))?.length)
})

test('removing a tree leaves what symlinks lead to', async () => {
  const canary = join(root, 'canary')
  await mkdir(canary)
  await writeFile(join(canary, 'alive'), '')
  const tree = join(root, 'tree')
  await mkdir(join(tree, 'deep'), { recursive: true })
  await symlink(canary, join(tree, 'deep', 'out'))
  await symlink(join(canary, 'alive'), join(tree, 'file'))
  await machineFiles.removeTree(tree)
  assert.equal(await machineFiles.facts(tree), undefined)
  assert.ok(await machineFiles.facts(join(canary, 'alive')))
})

test('a group is given what is in a volume, not what symlinks in it lead to', async () => {
  const outside = join(root, 'outside')
  await writeFile(outside, '', { mode: 0o600 })
  const volume = join(root, 'volume')
  await mkdir(volume)
  await writeFile(join(volume, 'own'), '', { mode: 0o600 })
  await symlink(outside, join(volume, 'link'))
  await machineFiles.giveToGroup(volume, 4321, false)
  assert.equal((await stat(join(volume, 'own'))).gid, 4321)
  assert.equal((await stat(join(volume, 'own'))).mode & 0o777, 0o660)
  assert.notEqual((await stat(outside)).gid, 4321)
})

test('a place inside a volume is found through its own symlinks, and never outside', async () => {
  const base = join(root, 'base')
  await mkdir(join(base, 'a', 'b'), { recursive: true })
  await writeFile(join(base, 'a', 'f'), 'content')
  await symlink('a/b', join(base, 'inside'))
  await symlink('/etc', join(base, 'etc'))
  await symlink('../..', join(base, 'a', 'up'))
  const inside = await openInside(base, 'inside')
  assert.equal((await inside.stat()).ino, (await stat(join(base, 'a', 'b'))).ino)
  await inside.close()
  const file = await openInside(base, 'a/f')
  assert.ok((await file.stat()).isFile())
  await file.close()
  const made = await openInside(base, 'new/deeper')
  assert.ok((await made.stat()).isDirectory())
  await made.close()
  await chmod(base, 0o3777)
  const open = await openInside(base, 'open/deeper')
  assert.equal((await open.stat()).mode & 0o7777, 0o3777)
  await open.close()
  assert.equal((await stat(join(base, 'open'))).mode & 0o7777, 0o3777)
  for (const path of ['etc', 'etc/passwd', 'a/up', 'a/up/x', '../x', 'etc/new'])
    await assert.rejects(openInside(base, path), /leads out|must not contain/, path)
})

test('a subPath is bound to the checked place; trees with mounts are not removed', async t => {
  const base = join(root, 'bind')
  const target = join(root, 'targets', '0')
  await mkdir(join(base, 'sub'), { recursive: true })
  await mkdir(join(root, 'targets'))
  await writeFile(join(base, 'sub', 'x'), 'here')
  try {
    await machineMounts.bindInside(base, 'sub', target)
  } catch (error) {
    if (/permission|not permitted|EPERM/.test(String(error)))
      return t.skip('this user may not mount')
    throw error
  }
  assert.equal(await readFile(join(target, 'x'), 'utf8'), 'here')
  await machineMounts.bindInside(base, 'sub', target)
  assert.deepEqual(await machineMounts.mountedBelow(join(root, 'targets')), [target])
  // The volume was written anew: the next container gets what is there now, under one mount.
  await rename(join(base, 'sub'), join(base, 'old'))
  await mkdir(join(base, 'sub'))
  await writeFile(join(base, 'sub', 'x'), 'new')
  await machineMounts.bindInside(base, 'sub', target)
  assert.equal(await readFile(join(target, 'x'), 'utf8'), 'new')
  assert.deepEqual(await machineMounts.mountedBelow(join(root, 'targets')), [target])
  await assert.rejects(machineFiles.removeTree(join(root, 'targets')), /still mounted/)
  await machineMounts.unmount(target)
  await machineFiles.removeTree(join(root, 'targets'))
  assert.equal(await readFile(join(base, 'sub', 'x'), 'utf8'), 'new')

  const memory = join(root, 'memory')
  await mkdir(memory)
  await machineMounts.mountTmpfs(memory, 65_536)
  await machineMounts.mountTmpfs(memory, 65_536)
  assert.deepEqual(await machineMounts.mountedBelow(memory), [memory])
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  const options = mounts.split('\n').find(line => line.split(' ')[1] === memory) ?? ''
  assert.match(options, /size=64k/)
  // Where the kernel can: since Linux 6.4, and where users are not mapped.
  if (Number.parseFloat(release()) >= 7 || /^6\.([4-9]|\d\d)/.test(release()))
    assert.match(options, /noswap/)
  await machineMounts.unmount(memory)
  await machineMounts.unmount(memory)
})

test('probes over HTTP and TCP', async () => {
  const web = createHttpServer((request, response) => {
    const [, status = '200', to = ''] = request.url?.split('/') ?? []
    const host = request.headers['x-test'] === 'yes' ? 200 : 400
    if (request.url === '/slow') return
    response.writeHead(
      status === 'header' ? host : Number(status),
      to
        ? { location: to === 'away' ? 'http://0.0.0.0/' : to === 'odd' ? 'http://[' : `/${to}` }
        : {},
    )
    response.end('x')
  })
  await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve))
  const { port } = web.address() as AddressInfo
  const get = (path: string, timeoutMs = 30_000) =>
    machineNetwork.http(
      {
        scheme: 'HTTP',
        host: '127.0.0.1',
        port,
        path,
        headers: [{ name: 'X-Test', value: 'yes' }],
      },
      timeoutMs,
    )
  assert.deepEqual(await get('/200'), { ok: true, output: '' })
  assert.deepEqual(await get('/header'), { ok: true, output: '' })
  assert.deepEqual(await get('/302/200'), { ok: true, output: '' })
  assert.equal((await get('/302/500')).output, 'HTTP probe failed with statuscode: 500')
  assert.deepEqual(await get('/302/away'), {
    ok: true,
    output: 'Probe terminated redirects, Response body: x',
    isDoubtful: true,
  })
  assert.match((await get('/302/odd')).output, /failed to parse Location header "http:\/\/\["$/)
  assert.equal((await get('/404/away')).output, 'HTTP probe failed with statuscode: 404')
  assert.match((await get('/slow', 50)).output, /context deadline exceeded/)
  assert.deepEqual(await machineNetwork.tcp('127.0.0.1', port, 30_000), { ok: true, output: '' })
  web.closeAllConnections()
  await new Promise(resolve => web.close(resolve))

  const closed = createServer()
  await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve))
  const gone = (closed.address() as AddressInfo).port
  await new Promise(resolve => closed.close(resolve))
  assert.equal(
    (await machineNetwork.tcp('127.0.0.1', gone, 1000)).output,
    `dial tcp 127.0.0.1:${gone}: connect: connection refused`,
  )
  assert.match(
    (await machineNetwork.grpc('127.0.0.1', gone, '', 500)).output,
    /^timeout: failed to connect service/,
  )
})

test('giving files to a group reaches nothing outside, whatever a container does meanwhile', async () => {
  const outside = join(root, 'elsewhere')
  await mkdir(outside, { mode: 0o700 })
  await writeFile(join(outside, 'secret'), '', { mode: 0o600 })
  const volume = join(root, 'meddled')
  await mkdir(join(volume, 'directory'), { recursive: true })
  await writeFile(join(volume, 'file'), '')
  const targets = { directory: outside, file: join(outside, 'secret') }
  const meddle = (name: keyof typeof targets) => {
    const path = join(volume, name)
    const program = `const { renameSync, symlinkSync } = require('node:fs')
      const [path, target] = process.argv.slice(1)
      symlinkSync(target, path + '.link')
      for (;;)
        for (const [from, to] of [['', '.aside'], ['.link', ''], ['', '.link'], ['.aside', '']])
          renameSync(path + from, path + to)`
    return spawn(process.execPath, ['-e', program, path, targets[name]], { stdio: 'ignore' })
  }
  const meddling = [meddle('directory'), meddle('file')]
  const until = performance.now() + 1_500
  while (performance.now() < until)
    // What goes under its hands is tried again by whoever asked.
    await machineFiles.giveToGroup(volume, 4321, false).catch(() => {})
  for (const child of meddling) child.kill('SIGKILL')
  for (const path of [outside, join(outside, 'secret')]) {
    const { gid, mode } = await stat(path)
    assert.deepEqual([gid, mode & 0o070], [process.getgid?.(), 0], path)
  }
})

test('odd answers to probes over HTTP', async () => {
  const answers: Readonly<Record<string, string>> = {
    switches: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    cookies: `HTTP/1.1 200 OK\r\nSet-Cookie: ${'a'.repeat(40_000)}\r\nContent-Length: 0\r\n\r\n`,
    endless: `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(100_000)}`,
    short: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc',
  }
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', bytes => {
      const name = / \/(\S+) /.exec(bytes.toString())?.[1] ?? ''
      if (name === 'short') socket.end(answers[name] ?? '')
      else socket.write(answers[name] ?? '')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const get = (name: string) =>
    machineNetwork.http(
      { scheme: 'HTTP', host: '127.0.0.1', port, path: `/${name}`, headers: [] },
      60_000,
    )
  assert.equal((await get('switches')).output, 'HTTP probe failed with statuscode: 101')
  assert.deepEqual(await get('cookies'), { ok: true, output: '' })
  assert.deepEqual(await get('endless'), { ok: true, output: '' })
  assert.equal((await get('short')).ok, false)
  await new Promise(resolve => server.close(resolve))
})
