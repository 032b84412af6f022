import assert from 'node:assert/strict'
import { openSync, readFileSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import { scarcityIn } from './trouble.ts'

const thrownBy = (action: () => unknown): unknown => {
  try {
    action()
  } catch (error) {
    return error
  }
  return assert.fail('nothing was thrown')
}

test('what the machine lacks is a sentence that names the file; anything else is none', () => {
  const full = thrownBy(() => writeSync(openSync('/dev/full', 'w'), 'x'))
  assert.equal(scarcityIn(full), 'write failed: the disk is full; free some space and start again')
  const many = Object.assign(new Error('EMFILE: too many open files, open /a'), {
    ...{ code: 'EMFILE', syscall: 'open', path: '/a' },
  })
  assert.match(scarcityIn(many) ?? '', /^open \/a failed: too many files .*ulimit -n/)
  assert.equal(scarcityIn(thrownBy(() => readFileSync('/no/such/file'))), undefined)
  assert.equal(scarcityIn(new Error('EMFILE')), undefined)
  assert.equal(scarcityIn('EMFILE'), undefined)
})
