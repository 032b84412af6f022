import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, type TestContext, test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { CommitFailedError } from '../store.ts'
import { decode, encode, put, recorder } from '../testing/recorder.ts'
import { openSqliteStore } from './sqlite-store.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-full-'))
after(() => rmSync(root, { recursive: true, force: true }))

const open = (directory: string) =>
  openSqliteStore({ directory, clock: systemClock, log: silentLog })

/** Small disks to fill. They differ: only ext4 allocates late, only on tmpfs is the shared memory of SQLite at stake. */
const disks = {
  tmpfs: (target: string, megabytes: number) =>
    run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', target),
  ext4(target: string, megabytes: number) {
    const image = `${target}.image`
    writeFileSync(image, '')
    truncateSync(image, megabytes * 1024 * 1024)
    return (
      run('mkfs.ext4', '-q', '-F', '-m', '0', '-O', '^has_journal', image) ??
      run('mount', '-o', 'loop', image, target)
    )
  },
}

for (const [name, mountDisk] of Object.entries(disks)) {
  /** Mounts the disk until the test ends, or skips the test and says why. */
  const onDisk = (t: TestContext, megabytes = 8): string | undefined => {
    const target = mkdtempSync(join(root, `${name}-`))
    const failure = mountDisk(target, megabytes)
    if (failure !== undefined) {
      t.skip(`no small ${name} disk here: ${failure}`)
      return undefined
    }
    t.after(() => run('umount', '-l', target))
    return target
  }

  test(`a full ${name} disk fails writes and nothing else, and they work again with room`, async t => {
    const disk = onDisk(t)
    if (disk === undefined) return
    const ballasts = [join(disk, 'first'), join(disk, 'second')]
    for (const ballast of ballasts) writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024, 1))
    const directory = join(disk, 'data')
    const store = await open(directory)
    const sink = recorder()
    store.watch('', 0, sink)
    const acknowledged = new Map<string, string>()
    const value = 'v'.repeat(30_000)
    let failures = 0
    for (let i = 0; failures < 5; i++) {
      // Several at once, so that some are judged on top of the one that fails.
      const writes = [0, 1, 2].map(async n => {
        const key = `/${i}/${n}`
        try {
          await put(store, key, `${key} ${value}`)
          acknowledged.set(key, `${key} ${value}`)
        } catch (error) {
          assert.ok(error instanceof CommitFailedError, String(error))
          assert.match(error.message, /could not be written to disk: .*(full|I\/O)/)
          failures++
        }
      })
      await Promise.all(writes)
      assert.ok(i < 1000, 'the disk never became full')
    }
    const shown = async () => {
      const { entries } = await store.list('')
      return new Map(entries.map(entry => [entry.key, decode(entry.value)]))
    }
    assert.deepEqual(await shown(), acknowledged)
    assert.equal(sink.groups.flat().length, acknowledged.size)
    const full = store.revision

    rmSync(ballasts[0] ?? '')
    const revision = await put(store, '/after', 'room')
    acknowledged.set('/after', 'room')
    assert.ok(revision > full)
    assert.deepEqual(await shown(), acknowledged)
    await store.close()

    rmSync(ballasts[1] ?? '')
    const database = new DatabaseSync(join(directory, 'state.db'))
    assert.equal(database.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
    database.close()
    const again = await open(directory)
    const { entries } = await again.list('')
    assert.deepEqual(new Map(entries.map(e => [e.key, decode(e.value)])), acknowledged)
    assert.equal(again.revision, revision)
    await again.close()
  })

  test(`one ${name} disk that was full needs little room to go on, also after a start`, async t => {
    // Where the file and its log stand to each other when the disk is full depends on how much was written at once.
    for (const kilobytes of [30, 64, 90, 150]) {
      const disk = onDisk(t, 24)
      if (disk === undefined) return
      const ballast = join(disk, 'ballast')
      writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024, 1))
      const directory = join(disk, 'data')
      const value = 'v'.repeat(kilobytes * 1024)
      const store = await open(directory)
      let stored = 0
      await assert.rejects(async () => {
        for (; ; stored++) await put(store, `/${stored}`, value)
      }, CommitFailedError)
      const filled = (stored * kilobytes) / 1024
      assert.ok(filled > 0.75 * 22, `${filled} MiB of 22 in values of ${kilobytes} KiB`)
      rmSync(ballast)
      await put(store, '/after', value)
      await store.close()
      const again = await open(directory)
      await put(again, '/again', value)
      assert.equal((await again.list('')).entries.length, stored + 2)
      await again.close()
    }
  })

  test(`a start on a full ${name} disk is refused in one sentence`, async t => {
    const disk = onDisk(t)
    if (disk === undefined) return
    const directory = join(disk, 'data')
    mkdirSync(directory)
    fill(join(disk, 'ballast'))
    const refusal = { name: 'UserError', message: /^the disk that holds .* is full; free some/ }
    await assert.rejects(open(directory), refusal)
    rmSync(join(disk, 'ballast'))
    const store = await open(directory)
    await store.commit([{ key: '/a', value: encode('kept') }])
    await store.close()
    fill(join(disk, 'ballast'))
    // With data a start may succeed for reading; what it may not do is lose or damage anything.
    const second = await open(directory).catch(error => assert.ok(error instanceof UserError))
    if (second) assert.equal(decode((await second.get('/a'))?.value), 'kept')
    await second?.close()
    rmSync(join(disk, 'ballast'))
    const third = await open(directory)
    assert.equal(decode((await third.get('/a'))?.value), 'kept')
    await third.close()
  })
}

test('a disk that may only be read is refused in one sentence', async t => {
  const target = mkdtempSync(join(root, 'read-only-'))
  const failure = run('mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', target)
  if (failure !== undefined) return t.skip(`no read-only disk here: ${failure}`)
  t.after(() => run('umount', '-l', target))
  const refusal = { name: 'UserError', message: /cannot be written; check its owner/ }
  await assert.rejects(open(join(target, 'data')), refusal)
  await assert.rejects(open(target), refusal)
})

/** Writes until nothing more fits, down to the last block. */
function fill(file: string): void {
  for (let size = 1024 * 1024; size >= 512; size /= 2) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size, 1), { flag: 'a' })
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    }
  }
}

/** Runs a command; undefined when it worked, otherwise why it did not. */
function run(command: string, ...parameters: string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, parameters, { encoding: 'utf8' })
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split('\n')[0] ?? 'unknown')
}
