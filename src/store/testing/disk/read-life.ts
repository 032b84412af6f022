import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { inspectFile } from '../../sqlite/inspect.ts'
import { saveSnapshot } from '../../sqlite/snapshot.ts'
import { openSqliteStore } from '../../sqlite/sqlite-store.ts'
import { CommitFailedError, type Store, UnreadableValueError } from '../../store.ts'
import { decode, encode } from '../recorder.ts'
import { DiskControl, type Failure, operations } from './control.ts'

/**
 * A life on a disk that does not give what was asked of it at its n-th read, for the first few and then some more until there is no n-th one, run by
 * sqlite-store.fault.test.ts with `disk.c` before it: at a start, at writes, while a snapshot is saved and while a file is checked. What the
 * read was for fails with a sentence that names the disk; nothing wrong is shown, nothing is called damaged, and all is there once the disk is well. Prints
 * how many failures there were. Arguments: data directory, control file, `forgetful` for a planted bug.
 */
const [directory = '', controlFile = '', plant = ''] = process.argv.slice(2)
const control = DiskControl.open(controlFile)
const open = (heldBytes?: number): Promise<Store> =>
  openSqliteStore({
    ...{ directory, clock: systemClock, log: silentLog, history: { events: 20 } },
    ...(heldBytes === undefined ? {} : { heldBytes }),
  })
const truth = new Map<string, string>()
const LONGEST_ROUND = 1000
/** So many reads fail one after the other, then each of so many. */
const EACH = 6
const STEP = 16
const LARGE = 20_000
const OF_THE_DISK = /input\/output error|I\/O error/
let writes = 0

const failures: Readonly<Record<string, Omit<Failure, 'after'>>> = {
  'EIO at a read': { operations: operations.read, error: 'EIO' },
  'EIO at every read': { operations: operations.read, error: 'EIO', lasting: true },
}

/** What each does with a failing disk; true where it failed. */
const lives: Readonly<Record<string, () => Promise<boolean>>> = {
  async start() {
    let store: Store | undefined
    const isFailed = await fails(async () => {
      store = await open()
    })
    if (store) await judge(store)
    control.calm()
    await store?.close()
    return isFailed
  },
  async write() {
    const { after } = current
    control.calm()
    const store = await open()
    control.fail({ ...current, after })
    let refused = 0
    for (let at = 0; at < 6; at++) if (!(await write(store, at, 'may fail'))) refused++
    await judge(store)
    control.calm()
    await write(store, 7, 'must work')
    await judge(store)
    await store.close()
    return refused > 0
  },
  async snapshot() {
    const target = join(directory, 'saved.db')
    const isFailed = await fails(() => void saveSnapshot(directory, target))
    control.calm()
    assert.equal(existsSync(target), !isFailed)
    assert.equal(existsSync(`${target}.part`), false)
    if (!isFailed) assert.equal(inspectFile(target).keys, truth.size)
    rmSync(target, { force: true })
    return isFailed
  },
  /** Of values that stay in the file until somebody asks. */
  async value() {
    const { after } = current
    control.calm()
    const store = await open(1)
    control.fail({ ...current, after })
    let missing = 0
    for (const [key, value] of truth)
      try {
        const entry = await store.get(key)
        assert.equal(entry && decode(entry.value), value)
      } catch (error) {
        assert.ok(error instanceof UnreadableValueError, String(error))
        missing++
      }
    control.calm()
    await judge(store)
    await store.close()
    return missing > 0
  },
  async check() {
    return fails(() => assert.equal(inspectFile(join(directory, 'state.db')).keys, truth.size))
  },
}

let current: Failure = { operations: 0, after: -1, error: 'EIO' }
const first = await open()
for (let at = 0; at < 120; at++) await write(first, at % 40, 'must work')
await first.close()
const counts: Record<string, { rounds: number; failed: number }> = {}
for (const [name, failure] of Object.entries(failures))
  for (const [what, live] of Object.entries(lives)) {
    const count = { rounds: 0, failed: 0 }
    for (let after = 0; after < LONGEST_ROUND; after += after < EACH ? 1 : STEP) {
      current = { ...failure, after }
      control.fail(current)
      const isFailed = await live()
      const { failed } = control
      control.calm()
      assert.ok(failed > 0 || !isFailed, `${what} failed although no read did`)
      if (failed === 0) break
      count.rounds++
      if (isFailed) count.failed++
      await judgeAnew()
    }
    counts[`${name}, ${what}`] = count
  }
console.log(JSON.stringify(counts))

/** Whether it fails; then only with a sentence about the disk. */
async function fails(act: () => void | Promise<void>): Promise<boolean> {
  try {
    await act()
    return false
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    assert.match(error.message, OF_THE_DISK)
    assert.doesNotMatch(error.message, /damaged|not a proa database|empty/)
    return true
  }
}

async function write(store: Store, at: number, must: 'must work' | 'may fail'): Promise<boolean> {
  const key = `/${at}`
  const value = `${++writes}`.padEnd(at % 10 === 0 ? LARGE : 300)
  try {
    const result = await store.commit([{ key, value: encode(value) }])
    assert.ok(result.ok)
    truth.set(key, value)
    return true
  } catch (error) {
    assert.ok(error instanceof CommitFailedError, String(error))
    assert.match(error.message, OF_THE_DISK)
    if (must === 'must work') throw error
    if (plant === 'forgetful') truth.set(key, value)
    return false
  }
}

async function judge(store: Store): Promise<void> {
  const { entries } = await store.list('')
  const wanted = [...truth].sort(([one], [other]) => (one < other ? -1 : 1))
  assert.deepEqual(
    entries.map(({ key, value }) => [key, decode(value)]),
    wanted,
  )
}

async function judgeAnew(): Promise<void> {
  const store = await open()
  await judge(store)
  await store.close()
}
