import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRecursivelyReadOnly } from './mount-details.ts'

test('read-only all the way down where it is wanted and can be, and refused where it must be and can not', () => {
  const mount = { name: 'v', mountPath: '/v', readOnly: true }
  for (const [recursiveReadOnly, isPossible, is] of [
    ...([
      [undefined, true, false],
      ['Disabled', true, false],
      ['Enabled', true, true],
    ] as const),
    ...([
      ['IfPossible', true, true],
      ['IfPossible', false, false],
    ] as const),
  ] as const) {
    const wanted = recursiveReadOnly ? { ...mount, recursiveReadOnly } : mount
    assert.equal(isRecursivelyReadOnly(wanted, isPossible), is, `${recursiveReadOnly}`)
  }
  assert.throws(
    () => isRecursivelyReadOnly({ ...mount, recursiveReadOnly: 'Enabled' }, false),
    /^Error: failed to resolve recursive read-only mode: volume "v" requested recursive read-only mode, but it is not supported by the runtime$/,
  )
})
