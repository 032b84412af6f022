import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { CompactedError, type Store } from '../store.ts'
import { decode, encode, put, recorder, remove, show } from '../testing/recorder.ts'
import { inspectFile } from './inspect.ts'
import { SCHEMA_VERSION } from './schema.ts'
import { REVISION_BUMP, restoreSnapshot, saveSnapshot } from './snapshot.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { execute } from './testing.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-snapshot-'))
after(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const fresh = () => join(root, `${++count}`)
const open = (directory: string) =>
  openSqliteStore({ directory, clock: systemClock, log: silentLog })
const refusal = (sentence: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error))
  assert.match(error.message, sentence)
  assert.doesNotMatch(error.message, /\n/)
  return true
}

/** A closed store with ten keys and some history, and a snapshot of it. */
async function saved() {
  const directory = fresh()
  const store = await open(directory)
  for (let i = 0; i < 30; i++) await put(store, `/${i % 10}`, `${i}`)
  await remove(store, '/9')
  await store.close()
  const file = fresh()
  const report = saveSnapshot(directory, file)
  return { directory, file, report }
}

test('a snapshot beside a busy writer is the store of one revision, and stalls nobody', async () => {
  const directory = fresh()
  // What the snapshots show is looked up at the end, however much was written meanwhile.
  const history = { events: 1e9, bytes: 1e12, ageMs: 1e9 }
  const store = await openSqliteStore({ directory, clock: systemClock, log: silentLog, history })
  const value = 'v'.repeat(1000)
  const fill = (writer: number) => put(store, `/base/${writer}`, value)
  await Promise.all(Array.from({ length: 3000 }, (_, i) => fill(i)))
  let isWriting = true
  const longest = { write: 0, sync: 0 }
  const timed = async (what: keyof typeof longest, act: () => Promise<unknown>) => {
    const start = performance.now()
    await act()
    longest[what] = Math.max(longest[what], performance.now() - start)
  }
  /** Keeps /one and /two equal in each commit, so a torn snapshot shows. */
  const write = async () => {
    for (let i = 0; isWriting; i++) {
      const changes = ['/one', '/two'].map(key => ({ key, value: encode(`${i}`) }))
      await timed('write', async () => assert.ok((await store.commit(changes)).ok))
    }
  }
  /** What of it is the disk's, which everybody waits for. */
  const sync = async () => {
    const file = await openFile(fresh(), 'w')
    while (isWriting) await timed('sync', () => file.write('x').then(() => file.sync()))
    await file.close()
  }
  const writing = Promise.all([write().finally(() => (isWriting = false)), sync()])
  const files: string[] = []
  for (let i = 0; i < 3; i++) {
    const file = fresh()
    files.push(file)
    await savedByAnotherProcess(directory, file)
  }
  isWriting = false
  await writing
  const seen: Record<string, string[]> = { '/one': [], '/two': [] }
  const atRevision = async (revision: number) => show(await store.list('', { revision }))
  for (const file of files) {
    const report = inspectFile(file)
    const target = fresh()
    restoreSnapshot(target, file)
    const copy = await open(target)
    assert.deepEqual(show(await copy.list('')), await atRevision(report.revision))
    for (const [key, values] of Object.entries(seen)) {
      values.push(decode((await copy.get(key))?.value) ?? '')
    }
    await copy.close()
  }
  assert.deepEqual(seen['/one'], seen['/two'])
  assert.equal(new Set(seen['/one']).size, files.length, 'writes went on between the snapshots')
  // Who waits for the file is refused after five seconds.
  assert.ok(longest.write < 4500 + longest.sync, JSON.stringify(longest))
  await store.close()
})

test('a snapshot is private, whole, and says what is in it', async () => {
  const { directory, file, report } = await saved()
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.ok(!existsSync(`${file}.part`))
  assert.deepEqual(report, inspectFile(file))
  const { hash, keys, revision, compactedRevision, schemaVersion } = report
  assert.deepEqual(
    { keys, revision, compactedRevision, schemaVersion },
    { keys: 9, revision: 31, compactedRevision: 0, schemaVersion: SCHEMA_VERSION },
  )
  assert.equal(hash, inspectFile(join(directory, 'state.db')).hash)
  assert.throws(() => saveSnapshot(directory, file), refusal(/exists already; choose another name/))
  assert.throws(() => saveSnapshot(fresh(), fresh()), refusal(/there is no file .*state\.db$/))
  assert.throws(
    () => saveSnapshot(directory, join(fresh(), 'x')),
    refusal(/cannot be written: ENOENT/),
  )
})

test('after a restore no revision comes twice, and what was known before is gone', async () => {
  const { directory, file } = await saved()
  const store = await open(directory)
  const lost = await put(store, '/lost', 'written after the snapshot')
  await store.close()
  const report = restoreSnapshot(directory, file)
  assert.deepEqual(
    [report.snapshotRevision, report.revision, report.keys],
    [31, lost + REVISION_BUMP, 9],
  )
  const restored = await open(directory)
  assert.deepEqual(
    [restored.revision, restored.compactedRevision],
    [report.revision, report.revision],
  )
  assert.equal(await restored.get('/lost'), undefined)
  assert.equal(decode((await restored.get('/8'))?.value), '28')
  assert.equal((await restored.get('/8'))?.modRevision, 29)
  for (const known of [29, 31, lost, lost + 1, report.revision - 1]) {
    assert.throws(() => restored.watch('', known, recorder()), CompactedError)
    await assert.rejects(restored.list('', { revision: known }), CompactedError)
  }
  assert.equal(await put(restored, '/next', 'x'), report.revision + 1)
  // A client that still holds the lost revision does not overwrite with it.
  const stale = await restored.commit([{ key: '/lost', expected: lost, value: encode('y') }])
  assert.equal(stale.ok, false)
  await restored.close()
  // And once more, from the same file: the revision counts from where the cluster was.
  const again = restoreSnapshot(directory, file, 7)
  assert.equal(again.revision, report.revision + 1 + 7)
})

test('a restore keeps what was there, refuses what is in use, and takes what is damaged', async () => {
  const { directory, file } = await saved()
  const store: Store = await open(directory)
  assert.throws(() => restoreSnapshot(directory, file), refusal(/in use by another proa/))
  await put(store, '/last', 'x')
  await store.close()
  const { replaced, revision } = restoreSnapshot(directory, file)
  assert.equal(inspectFile(replaced ?? '').keys, 10)

  const state = join(directory, 'state.db')
  writeFileSync(state, 'noise')
  writeFileSync(`${state}-wal`, 'noise of another store')
  // What the file can't say any more was noted beside it.
  assert.equal(restoreSnapshot(directory, file, 5).revision, revision + 5)
  assert.equal((await openAndCount(directory)).length, 9)

  const target = fresh()
  assert.equal(restoreSnapshot(target, file).replaced, undefined)
  assert.equal((await openAndCount(target)).length, 9)
})

test('a restore refuses what is no snapshot, and leaves the store alone', async () => {
  const { directory, file } = await saved()
  const before = readFileSync(join(directory, 'state.db'))
  const bad = fresh()
  const refuse = (sentence: RegExp) => {
    assert.throws(() => restoreSnapshot(directory, bad), refusal(sentence))
    assert.deepEqual(readFileSync(join(directory, 'state.db')), before)
  }
  refuse(/there is no file/)
  writeFileSync(bad, '')
  refuse(/is empty/)
  writeFileSync(bad, Buffer.alloc(50_000, 'noise'))
  refuse(/is damaged \(file is not a database\)/)
  writeFileSync(bad, readFileSync(file).subarray(0, 8192))
  refuse(/is damaged/)
  writeFileSync(bad, readFileSync(file))
  execute(bad, 'UPDATE packs SET bytes = zeroblob(length(bytes))')
  refuse(/the checksum of \/0 at revision 1 is wrong/)
  writeFileSync(bad, readFileSync(file))
  execute(bad, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
  refuse(/was written by a newer proa/)
  writeFileSync(bad, readFileSync(file))
  assert.throws(() => restoreSnapshot(directory, bad, 1e15), refusal(/there is no revision above/))
})

/** As `proa snapshot save` does it: this process's own threads must not share the work. */
async function savedByAnotherProcess(directory: string, file: string): Promise<void> {
  const { spawn } = await import('node:child_process')
  const { once } = await import('node:events')
  const script = `import { saveSnapshot } from ${JSON.stringify(import.meta.resolve('./snapshot.ts'))}
    saveSnapshot(${JSON.stringify(directory)}, ${JSON.stringify(file)})`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  assert.deepEqual(await once(child, 'close'), [0, null])
}

async function openAndCount(directory: string) {
  const store = await open(directory)
  const { entries } = await store.list('')
  await store.close()
  return entries
}
