import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import type { Mvcc } from '../mvcc.ts'
import type { Change, Store } from '../store.ts'
import { Dice } from '../testing/disk/dice.ts'
import { decode, encode } from '../testing/recorder.ts'
import { loadDatabase, stateFile } from './database.ts'
import { inspectFile } from './inspect.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { numberIn } from './testing.ts'
import { ValueFile } from './value-file.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-packs-'))
after(() => rmSync(root, { recursive: true, force: true }))

/** All keys with their values, for each revision. */
type Truth = Map<string, string>[]

interface Life {
  readonly seed: number
  readonly directory: string
  readonly copy: string
  readonly dice: Dice
  readonly truth: Truth
}

const COMMITS = 400
/** Few are changed again and again, and many seldom. */
const key = (dice: Dice) => (dice.below(3) > 0 ? `/often/${dice.below(10)}` : `/${dice.below(300)}`)

/** More with PROA_PACK_LIVES, for a long run. */
const LIVES = Number(process.env.PROA_PACK_LIVES ?? 6)

for (let seed = 1; seed <= LIVES; seed++) {
  test(`whenever it is killed the file holds what it tells of, whatever left it (seed ${seed})`, async () => {
    const directory = join(root, `${seed}`)
    const copy = join(root, `${seed}-copy`)
    mkdirSync(copy)
    const life = { seed, directory, copy, dice: new Dice(seed), truth: [new Map()] }
    let alone = 0
    while (life.truth.length < COMMITS) {
      const store = await openSqliteStore({
        directory,
        clock: systemClock,
        log: silentLog,
        history: { events: 1 + life.dice.below(60) },
        heldBytes: life.dice.below(2) === 0 ? 0 : 1e6,
      })
      try {
        await checkState(store, life)
        const end = life.truth.length + 1 + life.dice.below(150)
        while (life.truth.length < end) alone += await step(store, life)
      } finally {
        await store.close()
      }
    }
    assert.ok(alone > 0, 'some lay in rows of their own')
  })
}

/** Some commits at once, and what they leave in the file; how many changes have rows of their own. */
async function step(store: Store, life: Life): Promise<number> {
  const { dice, truth } = life
  const commits = Array.from({ length: 1 + dice.below(12) }, () => {
    const keys = new Set(Array.from({ length: 1 + dice.below(3) }, () => key(dice)))
    const now = new Map(truth.at(-1))
    const changes = [...keys].map((key): Change => {
      if (now.has(key) && dice.below(4) === 0) {
        now.delete(key)
        return { key, value: null }
      }
      const text = `${truth.length}:${key}:`.padEnd(dice.below(4000), 'v')
      now.set(key, text)
      return { key, value: encode(text) }
    })
    truth.push(now)
    return store.commit(changes)
  })
  await Promise.all(commits)
  // Each turn of the clock brings the time nearer at which packs that are old leave.
  for (let turns = dice.below(4); turns > 0; turns--) {
    await store.compact(Math.max(store.compactedRevision, store.revision - dice.below(40)))
    if (dice.below(2) === 0) await store.commit([{ key: '/none', value: null }])
  }
  return checkFile(life)
}

/** As a kill at this moment leaves it: once read whole, and once as a large file whose values stay where they are. */
async function checkFile(life: Life): Promise<number> {
  const { directory, copy } = life
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(stateFile(copy) + suffix, { force: true })
    if (suffix === '-shm' || !existsSync(stateFile(directory) + suffix)) continue
    copyFileSync(stateFile(directory) + suffix, stateFile(copy) + suffix)
  }
  const values = new ValueFile(stateFile(copy), silentLog, 0)
  try {
    for (const held of [undefined, values]) {
      await checkState(loadDatabase(copy, 8e15, held).state, life)
    }
    const { keys } = inspectFile(stateFile(copy))
    assert.equal(keys, life.truth.at(-1)?.size)
  } finally {
    values.close()
  }
  return numberIn(stateFile(copy), 'SELECT count(*) FROM kept')
}

async function checkState(
  state: Pick<Mvcc, 'revision' | 'compactedRevision'> & Pick<Mvcc | Store, 'list'>,
  { seed, truth, dice }: Life,
): Promise<void> {
  const { revision: newest, compactedRevision: oldest } = state
  assert.equal(newest, truth.length - 1)
  const some = [1, 2, 3].map(() => oldest + dice.below(newest - oldest + 1))
  for (const revision of new Set([oldest, newest, ...some])) {
    const { entries } = await state.list('', { revision })
    const found = entries.map(({ key, value }) => [key, decode(value)])
    assert.deepEqual(found, [...(truth[revision] ?? [])].sort(), `${seed} at ${revision}`)
  }
}
