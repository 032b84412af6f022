/** How the program ends: soon, with exit code 0, though clients hold on to it; at once where it is told twice. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { adminOf, ProaProcess } from './proa-process.ts'

/** Far below the time after which a stop would be forced, and above what a busy machine needs. */
const STOP_MS = 20_000

for (const [what, signals, codes] of [
  ['SIGTERM while watches are open', ['SIGTERM'], [0]],
  ['SIGINT while watches are open', ['SIGINT'], [0]],
  ['SIGTERM twice', ['SIGTERM', 'SIGTERM'], [0, 1, 143]],
] as const)
  test(what, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'proa-stopping-'))
    const words = ['up', '--data-dir', directory, '--nodes', 'hollow:1', '--secure-port', '0']
    const proa = new ProaProcess(words)
    const session = connect(`https://127.0.0.1:${await proa.ready()}`, adminOf(directory))
    session.on('error', () => {})
    const watches = Array.from({ length: 50 }, () => {
      const stream = session.request({ ':path': '/api/v1/pods?watch=1' }, { endStream: true })
      stream.on('error', () => {})
      stream.resume()
      return new Promise(resolve => stream.once('response', resolve))
    })
    await Promise.all(watches)
    const started = performance.now()
    for (const signal of signals) proa.child.kill(signal)
    const { code, signal, stderr } = await proa.ended
    const ms = performance.now() - started
    session.destroy()
    rmSync(directory, { recursive: true })
    const ended = signal === 'SIGTERM' ? 143 : code
    assert.ok(
      codes.some(each => each === ended),
      `${code} ${signal} ${stderr}`,
    )
    assert.ok(ms < STOP_MS, `${ms.toFixed()} ms`)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })
