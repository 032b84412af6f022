/** Complaints and histories outlive the terminal. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import type { History } from '../../src/simulation/checkers/checkers.ts'
import { forget, keepData, keptHistory } from './keep.ts'
import { assertNone } from './subject.ts'

const history: History = {
  operations: [{ client: 1, asked: { verb: 'get', name: 'a' }, began: 1 }],
  watches: [{ id: 'all', parts: [{ from: 3, deliveries: [] }], upTo: 3 }],
}

test('an error names a directory with every complaint, the history and what the server left', () => {
  const data = mkdtempSync(join(tmpdir(), 'proa-left-'))
  const many = Array.from({ length: 30 }, (_, at) => `complaint ${at}`)
  let error: unknown
  try {
    writeFileSync(join(data, 'state.db'), 'left')
    assertNone(many, 'a run', history)
  } catch (thrown) {
    error = thrown
    keepData(error, [data])
  } finally {
    rmSync(data, { recursive: true })
  }
  const directory = /all of it is in (\S+)$/.exec(String(error))?.[1] ?? ''
  const told = readFileSync(join(directory, 'violations.txt'), 'utf8')
  assert.match(told, /^a run: 30 violations\ncomplaint 0\n[\s\S]*complaint 29\n$/)
  assert.deepEqual(keptHistory(directory), history)
  assert.equal(readFileSync(join(directory, basename(data), 'state.db'), 'utf8'), 'left')
  forget(error)
  assert.equal(existsSync(directory), false)
})

test('where nothing is wrong nothing is kept', () => {
  assertNone([], 'a run', history)
  keepData(new Error('something else'), ['/nowhere'])
})
