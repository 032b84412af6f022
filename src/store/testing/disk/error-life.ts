import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { loadDatabase } from '../../sqlite/database.ts'
import { inspectFile } from '../../sqlite/inspect.ts'
import { openSqliteStore } from '../../sqlite/sqlite-store.ts'
import { CommitFailedError, type Store } from '../../store.ts'
import { decode, encode, recorder } from '../recorder.ts'
import { DiskControl, type Failure, operations } from './control.ts'

/**
 * A life on a disk that fails at its n-th call, for every n until a round is over before it comes to the n-th, run by
 * sqlite-store.fault.test.ts with `disk.c` before it. After each failure: what was refused was never shown, and does not come back when
 * the process is killed at once; what was acknowledged is there; reads go on, and writes, too, once the disk is well. Prints how many
 * failures there were. Arguments: data directory, control file, a directory for copies, `forgetful` for a planted bug.
 */
const [directory = '', controlFile = '', copy = '', plant = ''] = process.argv.slice(2)
const control = DiskControl.open(controlFile)
const open = () =>
  openSqliteStore({ directory, clock: systemClock, log: silentLog, history: { events: 20 } })
/** What must be there, by key. */
const truth = new Map<string, string>()
const LONGEST_ROUND = 400
let round = 0

const failures: Readonly<Record<string, Omit<Failure, 'after'>>> = {
  'EIO at a write': { operations: operations.write, error: 'EIO' },
  'EIO at every write': { operations: operations.write, error: 'EIO', lasting: true },
  'half a write': { operations: operations.write, error: 'EIO', halves: true },
  'ENOSPC at every write': { operations: operations.write, error: 'ENOSPC', lasting: true },
  'EIO at an fsync': { operations: operations.sync, error: 'EIO' },
  'EIO at every fsync': { operations: operations.sync, error: 'EIO', lasting: true },
}

const counts: Record<string, { rounds: number; refused: number }> = {}
for (const [name, failure] of Object.entries(failures)) {
  const count = { rounds: 0, refused: 0 }
  for (let after = 0; after < LONGEST_ROUND; after++) {
    const { failed, refused } = await liveThrough({ ...failure, after })
    if (failed === 0) break
    count.rounds++
    count.refused += refused
  }
  counts[name] = count
}
console.log(JSON.stringify(counts))

/** A start, writes while the disk fails, a kill, writes once it is well, and an orderly stop. */
async function liveThrough(failure: Failure): Promise<{ failed: number; refused: number }> {
  round++
  const store = await open()
  const sink = recorder()
  store.watch('', store.revision, sink)
  await write(store, 'before', 'must work')
  const shownBefore = sink.groups.length
  control.fail(failure)
  const outcomes = await Promise.all(['a', 'b', 'a', 'c'].map(key => write(store, key, 'may fail')))
  outcomes.push(await write(store, 'd', 'may fail'))
  // Once more, since something failed already.
  outcomes.push(await write(store, 'a', 'may fail'))
  await judge(store)
  assert.equal(sink.groups.length - shownBefore, outcomes.filter(isDone => isDone).length)
  const { failed } = control
  judgeKilled()
  control.calm()
  await write(store, 'after', 'must work')
  await judge(store)
  judgeKilled()
  await store.close()
  inspectFile(join(directory, 'state.db'))
  return { failed, refused: outcomes.filter(isDone => !isDone).length }
}

async function write(store: Store, name: string, must: 'must work' | 'may fail'): Promise<boolean> {
  const key = `/${name}`
  const value = `${round} ${name} ${Math.floor(performance.now())}`.padEnd(name === 'b' ? 9000 : 50)
  try {
    const result = await store.commit([{ key, value: encode(value) }])
    assert.ok(result.ok)
    truth.set(key, value)
    return true
  } catch (error) {
    assert.ok(error instanceof CommitFailedError, String(error))
    assert.match(error.message, /could not be written to disk: .*(I\/O error|full)/)
    if (must === 'must work') throw error
    if (plant === 'forgetful') truth.set(key, value)
    return false
  }
}

async function judge(store: Store): Promise<void> {
  const { entries } = await store.list('')
  assert.deepEqual(new Map(entries.map(({ key, value }) => [key, decode(value)])), sorted(truth))
}

/** What a start would find if the process were killed now. */
function judgeKilled(): void {
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy)
  for (const name of ['state.db', 'state.db-wal']) {
    if (existsSync(join(directory, name))) copyFileSync(join(directory, name), join(copy, name))
  }
  const { entries } = loadDatabase(copy, 8e15).state.list('')
  assert.deepEqual(new Map(entries.map(({ key, value }) => [key, decode(value)])), sorted(truth))
}

function sorted(map: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)))
}
