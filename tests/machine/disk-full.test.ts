/** A disk that is full: at the start a sentence; while running, writes are refused, reads go on, and writes go on once there is space. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { ask2 } from '../../src/client/testing/serving.ts'
import { adminOf, ProaProcess } from '../scenarios/proa-process.ts'
import { jsonBody } from '../scenarios/target.ts'

const isRoot = process.getuid?.() === 0
const configMaps = '/api/v1/namespaces/default/configmaps'

describe('a full disk', { skip: isRoot ? false : 'only root may mount' }, () => {
  const base = mkdtempSync(join(tmpdir(), 'proa-full-'))
  const mounted: string[] = []
  const disk = (size: string): string => {
    const directory = join(base, size)
    mkdirSync(directory)
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', directory])
    assert.equal(status, 0)
    mounted.push(directory)
    return directory
  }
  after(() => {
    for (const directory of mounted) spawnSync('umount', ['-l', directory])
    rmSync(base, { recursive: true, force: true })
  })
  const start = (directory: string) =>
    new ProaProcess(['up', '--data-dir', directory, '--nodes', 'none', '--secure-port', '0'])

  for (const [size, what] of [
    ['64k', 'at the start'],
    ['128k', 'at its first writes'],
  ] as const)
    test(what, async () => {
      const { code, stderr } = await start(disk(size)).ended
      assert.equal(code, 1, stderr)
      assert.match(stderr, /(^|\n)proa: [^\n]*(is full|no space is left)[^\n]*\n$/)
      assert.doesNotMatch(stderr, /\n\s+at /)
    })

  test('while it runs', async context => {
    const directory = disk('24m')
    const proa = start(directory)
    const session = connect(`https://127.0.0.1:${await proa.ready()}`, adminOf(directory))
    session.setMaxListeners(0)
    const ballast = join(directory, 'ballast')
    const create = async (name: string) => {
      const body = { metadata: { name }, data: { value: 'x'.repeat(64 * 1024) } }
      const answer = await ask2(session, jsonBody('POST', configMaps, body))
      return { status: answer.status, json: JSON.parse(answer.body.toString()) }
    }
    const names = async () => {
      const { status, body } = await ask2(session, { path: configMaps })
      assert.equal(status, 200)
      return JSON.parse(body.toString()).items.map(
        (item: { metadata: { name: string } }) => item.metadata.name,
      ) as string[]
    }
    writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024))
    const stored: string[] = []
    let refused: Awaited<ReturnType<typeof create>> | undefined
    for (let index = 0; index < 600 && !refused; index++) {
      const answer = await create(`fill-${index}`)
      if (answer.status === 201) stored.push(`fill-${index}`)
      else refused = answer
    }
    assert.ok(refused, 'it never was full')
    context.diagnostic(`${stored.length} stored, then ${refused.status} ${refused.json.message}`)
    assert.ok(refused.status >= 500)
    assert.equal(refused.json.kind, 'Status')
    assert.match(refused.json.message, /full|space/)
    for (let index = 0; index < 5; index++) assert.ok((await create(`more-${index}`)).status >= 500)
    const kept = await names()
    assert.deepEqual(kept.filter(name => name.startsWith('fill-')).sort(), [...stored].sort())
    rmSync(ballast)
    let again = await create('again')
    for (let attempt = 0; attempt < 50 && again.status !== 201; attempt++) {
      await new Promise(resolve => setTimeout(resolve, 100))
      again = await create('again')
    }
    assert.equal(again.status, 201, JSON.stringify(again.json))
    session.destroy()
    assert.equal((await proa.kill('SIGTERM')).code, 0)

    const next = start(directory)
    const second = connect(`https://127.0.0.1:${await next.ready()}`, adminOf(directory))
    const { body } = await ask2(second, { path: configMaps })
    const found = JSON.parse(body.toString()).items.map(
      (item: { metadata: { name: string } }) => item.metadata.name,
    )
    assert.deepEqual(
      found.filter((name: string) => /^(fill|more|again)/.test(name)).sort(),
      [...stored, 'again'].sort(),
    )
    second.destroy()
    assert.equal((await next.kill('SIGTERM')).code, 0)
  })
})
