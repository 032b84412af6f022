import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { lies } from '../testing/disk/control.ts'
import { fates } from '../testing/disk/fates.ts'
import { buildDisk } from '../testing/disk/library.ts'
import { type TortureOptions, torture } from '../testing/disk/torture.ts'
import { tortureRestore } from '../testing/disk/torture-restore.ts'
import { put } from '../testing/recorder.ts'
import { saveSnapshot } from './snapshot.ts'
import { openSqliteStore } from './sqlite-store.ts'

/** `npm run torture` does the same for longer, with a new seed each time. */
const SEED = 2026

const scratch = mkdtempSync(join(tmpdir(), 'proa-power-'))
after(() => rmSync(scratch, { recursive: true, force: true }))
const disk = buildDisk(scratch)
const skip = 'missing' in disk ? disk.missing : false
const library = 'library' in disk ? disk.library : ''

const cutPower = (more: Partial<TortureOptions>) =>
  torture({
    library,
    scratch,
    seed: SEED,
    commits: 150,
    images: 600,
    fates: Object.keys(fates),
    ...more,
  })

test('a power cut at any sync loses nothing that anybody knew of', { skip }, t => {
  const { syncs, images, violations, commits } = cutPower({})
  t.diagnostic(`${commits} commits, ${syncs} syncs, ${images} crash images, seed ${SEED}`)
  assert.deepEqual(violations, [])
  assert.ok(images > 300)
})

const bugs: Readonly<Record<string, Partial<TortureOptions>>> = {
  'a log that is not synced (synchronous=OFF)': { lies: lies.log },
  'a file that is not synced before its log is reused': { lies: lies.file },
  'a directory that is not synced': { lies: lies.directory },
  'a commit that is acknowledged early': { plant: 'early' },
}

for (const [name, bug] of Object.entries(bugs)) {
  test(`planted: ${name} is found`, { skip }, t => {
    const { violations } = cutPower({ commits: 60, images: 250, ...bug })
    assert.ok(violations.length > 0)
    t.diagnostic(violations[0] ?? '')
  })
}

test('a power cut in a save or a restore leaves the old or the new', { skip }, async t => {
  const { directory, snapshot } = await killedStore()
  const options = { library, scratch, seed: SEED, directory, snapshot }
  const { images, violations } = tortureRestore(options)
  t.diagnostic(`${images} crash images`)
  assert.deepEqual(violations.slice(0, 5), [])
  assert.ok(images > 200)
  for (const [name, lie] of Object.entries({ other: lies.other, directory: lies.directory })) {
    const planted = tortureRestore({ ...options, lies: lie })
    assert.ok(planted.violations.length > 0, `planted: ${name} is not synced`)
  }
})

/** A directory as a kill leaves it, with a write-ahead log, and an older snapshot of it. */
async function killedStore() {
  const live = join(scratch, 'live')
  const directory = join(scratch, 'killed')
  const snapshot = join(scratch, 'snapshot.db')
  mkdirSync(directory)
  const store = await openSqliteStore({ directory: live, clock: systemClock, log: silentLog })
  for (let i = 0; i < 5; i++) await put(store, `/${i}`, 'v'.repeat(i * 500))
  saveSnapshot(live, snapshot)
  await put(store, '/5', 'after the snapshot')
  for (const name of ['state.db', 'state.db-wal']) {
    copyFileSync(join(live, name), join(directory, name))
  }
  await store.close()
  return { directory, snapshot }
}
