import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { encode, show } from '../testing/recorder.ts'
import { openSqliteStore } from './sqlite-store.ts'

const COMMITS = 60
const CUTS = 40

/**
 * A power cut may keep any part of what was not synced yet. All that is written between two syncs is the end
 * of the write-ahead log, so every cut of it, clean or torn, must open as a state that once was.
 */
test('a log that was cut or torn anywhere opens as the state of some revision', async t => {
  const root = mkdtempSync(join(tmpdir(), 'proa-power-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const open = (directory: string) =>
    openSqliteStore({ directory, clock: systemClock, log: silentLog })
  const directory = join(root, 'whole')
  const store = await open(directory)
  for (let i = 0; i < COMMITS; i++) {
    const value = i % 6 === 5 ? null : encode(`${i}`.repeat((i * 83) % 2500))
    await store.commit([
      { key: `/a/${i % 7}`, value },
      { key: '/counter', value: encode(`${i}`) },
    ])
  }
  const states: string[][] = []
  for (let revision = 0; revision <= COMMITS; revision++) {
    states.push(show(await store.list('', { revision })))
  }
  const log = readFileSync(join(directory, 'state.db-wal'))
  const file = join(root, 'state.db')
  copyFileSync(join(directory, 'state.db'), file)
  await store.close()

  const reached = new Set<number>()
  for (let cut = 0; cut <= CUTS; cut++) {
    const directory = join(root, `cut-${cut}`)
    mkdirSync(directory)
    copyFileSync(file, join(directory, 'state.db'))
    const length = Math.floor((log.length * cut) / CUTS)
    const rest = Buffer.from(log.subarray(0, length))
    // Every other one keeps its length, but its last sectors never arrived.
    if (cut % 2 === 1) rest.fill(0, Math.max(0, length - 1500))
    writeFileSync(join(directory, 'state.db-wal'), rest)
    const survivor = await open(directory)
    assert.deepEqual(show(await survivor.list('')), states[survivor.revision], `cut ${cut}`)
    reached.add(survivor.revision)
    await survivor.close()
  }
  assert.ok(reached.has(COMMITS), 'the whole log holds everything')
  assert.ok(reached.size > CUTS / 4, `cuts reached only revisions ${[...reached]}`)
})
