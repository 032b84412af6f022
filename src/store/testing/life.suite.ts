import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Store } from '../store.ts'
import { NaiveStore, type Step, steps } from './naive-store.ts'
import type { OpenStore } from './open.ts'
import { encode, show } from './recorder.ts'

export function lifeTests(open: OpenStore): void {
  test('random lives agree with a naive store', async t => {
    await fc.assert(
      fc.asyncProperty(steps, async life => {
        const store = await open(t)
        const naive = new NaiveStore()
        for (const step of life) await agree(store, naive, step)
        await store.close()
      }),
      { numRuns: 40 },
    )
  })
}

async function agree(store: Store, naive: NaiveStore, step: Step): Promise<void> {
  if (step.type === 'compact') {
    const revision = Math.floor(naive.revision * step.at)
    naive.compact(revision)
    await store.compact(revision)
    assert.equal(store.compactedRevision, naive.compacted)
    return
  }
  if (step.type === 'list') {
    const revision = Math.floor((naive.revision + 1) * step.at)
    const options = { revision, limit: step.limit, ...(step.start && { start: step.start }) }
    const wanted = naive.list(step.prefix, options)
    const found = await store.list(step.prefix, options).then(
      list => ({ shown: show(list), remaining: list.remaining }),
      error => error.constructor.name as string,
    )
    assert.deepEqual(found, wanted)
    return
  }
  const changes = step.changes.map(({ key, value, expected }) => ({
    key,
    value: value === null ? null : encode(value),
    ...(expected !== undefined && { expected: naive.expectation(key, expected) }),
  }))
  const result = await store.commit(changes)
  assert.equal(result.ok, naive.commit(changes))
  assert.equal(store.revision, naive.revision)
}
