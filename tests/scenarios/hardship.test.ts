/** What a running cluster leans on goes away: whoever read its words, and the files that it may open. It goes on. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { ask2 } from '../../src/client/testing/serving.ts'
import { adminOf, ProaProcess } from './proa-process.ts'

const program = join(import.meta.dirname, '..', '..', 'bin', 'proa.js')
const PATIENCE_MS = 60_000
/** More than it may open. */
const CONNECTIONS = 150
/** Whatever the process does again and again by itself has had its turn. */
const LACKING_MS = 6000

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('hardship', () => {
  const base = mkdtempSync(join(tmpdir(), 'proa-hardship-'))
  after(() => rmSync(base, { recursive: true, force: true }))

  function start(before = '') {
    const directory = mkdtempSync(join(base, 'data-'))
    const words = ['up', '--data-dir', directory, '--nodes', 'hollow:2', '--secure-port', '0']
    const shell = ['sh', '-c', `${before} exec "$@"`, 'sh', process.execPath, program]
    return { directory, proa: new ProaProcess(words, { program: shell }) }
  }

  /** Resolves with its port once it listens and answers, also where it could not say so. */
  async function untilItAnswers(directory: string): Promise<number> {
    const kubeconfig = join(directory, 'admin.conf')
    for (const from = performance.now(); performance.now() < from + PATIENCE_MS; await pause(50)) {
      const text = existsSync(kubeconfig) ? readFileSync(kubeconfig, 'utf8') : ''
      const port = Number(/server: "https:[^"]*:(\d+)"/.exec(text)?.[1])
      if (port && (await answers(port, directory))) return port
    }
    return assert.fail('it does not answer')
  }

  async function answers(port: number, directory: string): Promise<boolean> {
    const session = connectHttp2(`https://127.0.0.1:${port}`, adminOf(directory))
    session.on('error', () => {})
    try {
      return (await ask2(session, { path: '/api/v1/nodes' })).status === 200
    } catch {
      return false
    } finally {
      session.destroy()
    }
  }

  test('nobody reads what it says any more', async () => {
    const { directory, proa } = start()
    proa.child.stdout?.destroy()
    await untilItAnswers(directory)
    await pause(500)
    await untilItAnswers(directory)
    const { code, stderr } = await proa.kill('SIGTERM')
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  })

  const isAlone = () => spawnSync('unshare', ['--net', 'true']).status === 0
  test('a machine without a network', { skip: !isAlone() && 'only root may' }, async () => {
    const directory = mkdtempSync(join(base, 'offline-'))
    const words = ['up', '--data-dir', directory, '--nodes', 'hollow:1', '--secure-port', '0']
    const offline = ['unshare', '--net', process.execPath, program]
    const proa = new ProaProcess(words, { program: offline })
    await proa.ready()
    const { code, stderr } = await proa.kill('SIGTERM')
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  })

  test('clients have all the files that it may open', async () => {
    const { directory, proa } = start('ulimit -n 64;')
    const port = await proa.ready()
    const sockets = Array.from({ length: CONNECTIONS }, () => {
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] }
      const socket = connect(options)
      return socket.on('error', () => {})
    })
    const from = performance.now()
    while (await answers(port, directory)) {
      assert.ok(performance.now() < from + PATIENCE_MS, 'it has files left')
      await pause(50)
    }
    await pause(LACKING_MS)
    for (const socket of sockets) socket.destroy()
    await untilItAnswers(directory)
    const { code, stderr } = await proa.kill('SIGTERM')
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })
})
