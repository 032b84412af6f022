import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { type Acknowledged, crashViolations, type Survivors } from '../testing/checkers.ts'
import { decode } from '../testing/recorder.ts'
import { openSqliteStore } from './sqlite-store.ts'

/** More with PROA_CRASH_ROUNDS, for a long run. */
const ROUNDS = Number(process.env.PROA_CRASH_ROUNDS ?? 10)

/** The writer is killed at a random moment of this span after its first acknowledged write. */
const LONGEST_LIFE_MS = 150

test(`kill -9 loses no acknowledged write (${ROUNDS} rounds)`, async t => {
  const root = mkdtempSync(join(tmpdir(), 'proa-crash-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const directory = join(root, 'data')
  let before: Acknowledged[] = []
  let total = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const life = await liveAndDie(directory, round)
    assert.ok(life.acknowledged.length > 0)
    const survivors = await survivorsIn(directory)
    const { unsettledDeletes } = life
    const acknowledged = [...before, ...life.acknowledged]
    const violations = crashViolations(acknowledged, { ...survivors, unsettledDeletes })
    assert.deepEqual(violations, [], `round ${round}`)
    total += life.acknowledged.length
    // What was found is what the next round must keep.
    before = [...survivors.entries].map(([key, { value, modRevision }]) => {
      return { key, value, revision: modRevision }
    })
  }
  t.diagnostic(`${total} acknowledged writes over ${ROUNDS} kills`)
})

/** Runs a writer and kills it; answers with what it had acknowledged by then. */
async function liveAndDie(directory: string, round: number) {
  const script = fileURLToPath(new URL('../testing/crash-writer.ts', import.meta.url))
  const child = spawn(process.execPath, [script, directory, `${round}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', chunk => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * LONGEST_LIFE_MS)
    output += chunk
  })
  await once(child, 'close')
  assert.equal(child.signalCode, 'SIGKILL')
  const acknowledged: Acknowledged[] = []
  const unsettledDeletes = new Set<string>()
  // The last line may be cut off, and then it did not arrive.
  for (const line of output.split('\n').slice(0, -1)) {
    const said = JSON.parse(line)
    if (said.deleting) unsettledDeletes.add(said.deleting)
    else {
      unsettledDeletes.delete(said.key)
      acknowledged.push({ key: said.key, value: said.value, revision: said.revision })
    }
  }
  return { acknowledged, unsettledDeletes }
}

async function survivorsIn(directory: string): Promise<Survivors> {
  const store = await openSqliteStore({ directory, clock: systemClock, log: silentLog })
  const { entries, revision } = await store.list('')
  await store.close()
  const database = new DatabaseSync(join(directory, 'state.db'))
  const check = database.prepare('PRAGMA integrity_check').get()
  // The file and memory must agree on what is live.
  const rows = database.prepare('SELECT key, revision FROM current ORDER BY key').all()
  database.close()
  assert.equal(check?.integrity_check, 'ok')
  assert.deepEqual(
    rows.map(row => [row.key, row.revision]),
    entries.map(entry => [entry.key, entry.modRevision]),
  )
  const held = entries.map(
    ({ key, value, modRevision }) => [key, { value: decode(value) ?? '', modRevision }] as const,
  )
  return { revision, entries: new Map(held) }
}
