/** What goes wrong on a machine with real containers: one sentence each, and what runs goes on. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { findProcesses, signalProcess } from '#host/background-process.ts'
import { containerdPaths } from '../../src/kubelet/cri/containerd-config.ts'
import { busyboxImage } from '../tools/busybox-image.ts'
import {
  eventually,
  main,
  NO_TRACES,
  ownIds,
  ProaProcess,
  traces,
  whyNotHere,
} from './proa-process.ts'

const reason = whyNotHere()
if (reason) console.log(`# skipped: ${reason}`)

const NOBODY = 65_534

describe('faults of a node on this machine', { skip: reason !== undefined }, () => {
  const proa = new ProaProcess()
  const { kubectl } = proa
  const elsewhere = mkdtempSync(join(tmpdir(), 'proa-elsewhere-'))

  const runPod = (name: string) =>
    kubectl.run([...`run ${name} --image ${busyboxImage} --command --`.split(' '), 'sleep', '1000'])
  const isReady = (name: string) =>
    kubectl.run(`wait pod ${name} --for=condition=Ready --timeout=150s`)
  const refusal = (...words: string[]) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [main, ...words], {
      encoding: 'utf8',
      timeout: 300_000,
    })
    assert.equal(status, 1, stdout)
    return stderr
  }

  before(async () => {
    proa.loadImage()
    await proa.start()
  })

  after(async () => {
    await proa.end('SIGKILL')
    proa.reset()
    rmSync(elsewhere, { recursive: true, force: true })
  })

  test('a data directory in use: nothing of it is touched', async () => {
    const paths = containerdPaths(proa.directory)
    const running = () => findProcesses(words => words.includes(paths.configFile))
    const was = await running()
    // As another version would have written it: a start that came so far would start containerd anew with its own.
    const configuration = `${readFileSync(paths.configFile, 'utf8')}# of another version\n`
    writeFileSync(paths.configFile, configuration)
    const said = refusal(...proa.words())
    const sentence = `proa: the data directory ${proa.directory} is in use by another proa (pid ${proa.processId})`
    assert.equal(said.slice(0, sentence.length), sentence)
    assert.deepEqual(await running(), was)
    assert.equal(readFileSync(paths.configFile, 'utf8'), configuration)
  })

  test('addresses that another one on this machine gives out', () => {
    const words = proa.words('--data-dir', elsewhere)
    const [sentence, ...others] = refusal(...words)
      .trimEnd()
      .split('\n')
    assert.deepEqual(others, [])
    const start = `proa: another proa on this machine gives its pods addresses of ${proa.ranges.pods} `
    assert.equal(sentence?.slice(0, start.length), start)
    assert.equal(proa.command('reset', '--data-dir', elsewhere).code, 0)
  })

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.on('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    const flags = ['--data-dir', elsewhere, '--nodes', 'none', '--secure-port', port]
    assert.match(refusal('up', ...flags), new RegExp(`^proa: [^\\n]*${port}[^\\n]*\\n$`))
    server.close()
  })

  test('without the rights of root: refused when asked for, else a hollow node', async () => {
    chmodSync(elsewhere, 0o777)
    const flags = ['--data-dir', join(elsewhere, 'of-nobody'), '--secure-port', '0']
    const run = (...more: string[]) =>
      spawn(process.execPath, [main, 'up', ...flags, ...more], { uid: NOBODY, gid: NOBODY })
    const refused = run('--nodes', 'containerd')
    assert.match(await outputOf(refused), /^proa: real containers need the rights of root[^\n]*\n$/)
    const hollow = run()
    const said = await outputOf(hollow, 'is ready after')
    assert.match(said, /real containers need the rights of root[^\n]*going on with a hollow node/)
    hollow.kill('SIGTERM')
    await new Promise(resolve => hollow.on('exit', resolve))
  })

  test('containerd dies: its pods live on, and new ones start once it is back', async () => {
    await runPod('before')
    await isReady('before')
    const facts = ['get', 'pod', 'before', '-o', 'jsonpath={.status.containerStatuses}']
    const was = await kubectl.run(facts)
    const [processId = 0] = await findProcesses(
      words => words.includes('--config') && words.some(word => word.startsWith(proa.directory)),
    )
    assert.ok(signalProcess(processId, 'SIGKILL'))
    await runPod('after')
    await isReady('after')
    assert.equal(await kubectl.run(facts), was)
    assert.equal(await kubectl.run('exec before -- echo still here'), 'still here\n')
  })

  test('the socket of containerd is removed: it is started anew, and its pods live on', async () => {
    const facts = ['get', 'pod', 'before', '-o', 'jsonpath={.status.containerStatuses}']
    const was = await kubectl.run(facts)
    const { socket } = containerdPaths(proa.directory)
    rmSync(socket)
    // Who is connected stays so; anybody else, and the next start, finds it by its name.
    await eventually(() => existsSync(socket))
    await eventually(async () => (await kubectl.try(['exec', 'before', '--', 'true'])).code === 0)
    assert.equal(await kubectl.run(facts), was)
  })

  test('the link and the rules are taken away: the next start brings them back', async () => {
    await proa.end('SIGTERM')
    const { instance } = proa.layout
    spawnSync('ip', ['link', 'delete', instance])
    spawnSync('nft', ['delete', 'table', 'ip', instance])
    await proa.start()
    const reached = await eventually(async () => {
      const words = ['exec', 'before', '--', 'nc', '-w', '2', 'kubernetes.default', '443']
      return (await kubectl.try(words)).code === 0
    })
    assert.ok(reached)
  })

  test('killed before it noted which containerd it had started: the next start finds that one', async () => {
    await proa.end('SIGKILL')
    const paths = containerdPaths(proa.directory)
    const running = () => findProcesses(words => words.includes(paths.configFile))
    const was = await running()
    rmSync(paths.processIdFile)
    await proa.start()
    assert.equal(await kubectl.run('exec before -- echo still here'), 'still here\n')
    assert.deepEqual(await running(), was)
  })

  test('killed in the midst of work, then reset: nothing is left', async () => {
    for (let i = 0; i < 4; i++) await runPod(`burst-${i}`)
    await proa.end('SIGKILL')
    const ids = ownIds(proa)
    const { code, text } = proa.reset()
    assert.equal(code, 0, text)
    assert.deepEqual(await traces(proa, ids), NO_TRACES)
  })
})

/** All that a program prints, or what it printed until it said `enough`. */
function outputOf(child: ReturnType<typeof spawn>, enough?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const hear = (part: Buffer) => {
      text += part
      if (enough && text.includes(enough)) resolve(text)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.on('error', reject)
    child.on('close', () => resolve(text))
  })
}
