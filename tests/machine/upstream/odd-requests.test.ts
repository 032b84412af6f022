/** Queries and patches in odd forms are taken and refused by Proa as by upstream. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { DEFINITIONS, foos } from './non-resource-paths.ts'
import { oddPatches, PATCHED } from './odd-patches.ts'
import { OBJECTS, oddQueries } from './odd-queries.ts'
import { type Asked, Pair } from './pair.ts'
import { MERGED, strategicPatches } from './strategic-patches.ts'

const titleOf = ({ method, path, body, headers, differs }: Asked) =>
  [
    method,
    path.slice(0, 160),
    body !== undefined && JSON.stringify(body).slice(0, 100),
    headers?.['content-type'],
    differs,
  ]
    .filter(Boolean)
    .join(' ')

describe('asked oddly for', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
    await pair.both({ method: 'POST', path: DEFINITIONS, body: foos })
    const path = `/apis/${foos.spec.group}/v1`
    while ((await pair.both({ method: 'GET', path })).some(({ status }) => status !== 200))
      await sleep(100)
    for (const [path, body] of [...OBJECTS, ...PATCHED, MERGED])
      for (const { status, text } of await pair.both({ method: 'POST', path, body }))
        assert.equal(status, 201, text)
  })
  after(() => pair?.stop())
  for (const asked of [...oddQueries, ...oddPatches, ...strategicPatches])
    test(titleOf(asked), async () => {
      const lines = unexpected(await pair.compare(asked))
      if (asked.differs)
        assert.notDeepEqual(lines, [], 'it is told alike by now: it need not be accepted')
      else assert.deepEqual(lines, [])
    })
})
