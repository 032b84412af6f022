/** How the program ends: soon, with exit code 0, though clients hold on to it; at once where it is told twice. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { adminOf, ProaProcess } from './proa-process.ts'

for (const [what, signals, codes] of [
  // What is not over after some seconds is ended by force: watches are reset then, and if it is the whole program, its code is 1.
  ['SIGTERM while watches are open', ['SIGTERM'], [0]],
  ['SIGINT while watches are open', ['SIGINT'], [0]],
  ['SIGTERM twice', ['SIGTERM', 'SIGTERM'], [0, 143]],
] as const)
  test(what, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'proa-stopping-'))
    const words = ['up', '--data-dir', directory, '--nodes', 'hollow:1', '--secure-port', '0']
    const proa = new ProaProcess(words)
    const session = connect(`https://127.0.0.1:${await proa.ready()}`, adminOf(directory))
    session.on('error', () => {})
    const watches = Array.from({ length: 50 }, () => openWatch(session))
    await Promise.all(watches.map(({ opened }) => opened))
    for (const signal of signals) proa.child.kill(signal)
    const { code, signal, stderr } = await proa.ended
    const ends = new Set(await Promise.all(watches.map(({ ended }) => ended)))
    session.destroy()
    rmSync(directory, { recursive: true })
    const ended = signal === 'SIGTERM' ? 143 : code
    assert.ok(
      codes.some(each => each === ended),
      `${code} ${signal} ${stderr}`,
    )
    if (ended === 0) assert.deepEqual([...ends], ['END_STREAM'])
    assert.doesNotMatch(stderr, /\n\s+at /)
  })

/** A watch, and how its server ended it. */
function openWatch(session: ClientHttp2Session) {
  const stream = session.request({ ':path': '/api/v1/pods?watch=1' }, { endStream: true })
  let error: Error | undefined
  stream.on('error', given => {
    error = given
  })
  stream.resume()
  const opened = new Promise(resolve => stream.once('response', resolve))
  const ended = new Promise<string>(resolve =>
    stream.once('close', () => {
      const isWhole = stream.rstCode === constants.NGHTTP2_NO_ERROR && !stream.aborted && !error
      resolve(isWhole ? 'END_STREAM' : `${error?.message ?? 'reset'} (${stream.rstCode})`)
    }),
  )
  return { opened, ended }
}
