import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { openSqliteStore } from './sqlite-store.ts'

const LARGE_BYTES = 1_200_000

test('batches that go through shared memory and those that are sent keep their order', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-writer-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const options = { directory, clock: systemClock, log: silentLog }
  const store = await openSqliteStore(options)
  const expected = new Map<string, string>()
  const seen: number[] = []
  for (let turn = 0; turn < 60; turn++) {
    const commits = Array.from({ length: 1 + (turn % 40) }, (_, i) => {
      // Too large for the ring, not ASCII, and what does go through it.
      const key = turn % 7 === 3 ? `/é/${i}` : `/${i}`
      const length = turn % 11 === 5 && i === 1 ? LARGE_BYTES : (turn * 97 + i) % 3000
      const value = `${turn}:${i}:`.padEnd(length, String(i % 10))
      expected.set(key, value)
      return store.commit([{ key, value: new TextEncoder().encode(value) }])
    })
    const written = commits.map(async commit => {
      const result = await commit
      assert.ok(result.ok)
      seen.push(result.revision)
    })
    // Some turns go while those before them are on their way.
    if (turn % 3 === 0) await Promise.all(written)
  }
  await store.close()
  assert.deepEqual(
    seen,
    seen.map((_, i) => i + 1),
  )
  const again = await openSqliteStore(options)
  const { entries } = await again.list('/')
  const found = entries.map(({ key, value }) => [key, new TextDecoder().decode(value)] as const)
  assert.equal(found.length, expected.size)
  for (const [key, value] of found) assert.ok(expected.get(key) === value, key)
  await again.close()
})
