/** Every promise of the API for every kind and version, through the whole server. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { applyChecks } from './apply.suite.ts'
import { bodyChecks } from './body.suite.ts'
import { createChecks } from './create.suite.ts'
import { deleteChecks } from './delete.suite.ts'
import { readChecks } from './read.suite.ts'
import { subresourceChecks } from './subresource.suite.ts'
import { objects, titleOf } from './testing/objects.ts'
import { startSubject } from './testing/subject.ts'
import { updateChecks } from './update.suite.ts'
import { versionChecks } from './version.suite.ts'
import { watchChecks } from './watch.suite.ts'

const checks = [
  ...createChecks,
  ...readChecks,
  ...updateChecks,
  ...deleteChecks,
  ...applyChecks,
  ...subresourceChecks,
  ...watchChecks,
  ...bodyChecks,
  ...versionChecks,
]
const stored = kinds.filter(({ ephemeral }) => !ephemeral)

test('every kind that is stored has an object here, and every object a kind', () => {
  assert.deepEqual(Object.keys(objects).sort(), stored.map(titleOf).sort())
})

for (const kind of stored)
  describe(titleOf(kind), async () => {
    const subject = await startSubject(kind)
    after(() => subject.server.server.stop())
    for (const { title, of, run } of checks) if (of?.(kind) ?? true) test(title, () => run(subject))
  })
