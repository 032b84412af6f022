/** Methods that few ask with, on paths that few ask for, are answered by Proa as by upstream. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { DEFINITIONS } from './non-resource-paths.ts'
import { ODD_DEFINITIONS, ODD_OBJECTS, oddMethods } from './odd-methods.ts'
import { Pair } from './pair.ts'

/** Of what watches tell, which comes in no order, the sorts of events. */
const textOf = (text: string): string =>
  text.startsWith('{"type":')
    ? JSON.stringify([...new Set(text.split('\n').map(line => line.slice(0, 16)))].sort())
    : text

describe('asked with', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
    for (const body of ODD_DEFINITIONS)
      for (const { status, text } of await pair.both({ method: 'POST', path: DEFINITIONS, body }))
        assert.equal(status, 201, text)
    for (const [path, body] of ODD_OBJECTS) {
      while ((await pair.both({ method: 'GET', path })).some(({ status }) => status !== 200))
        await sleep(100)
      for (const { status, text } of await pair.both({ method: 'POST', path, body }))
        assert.equal(status, 201, text)
    }
  })
  after(() => pair?.stop())
  for (const asked of oddMethods)
    test(`${asked.method} ${asked.path}${asked.differs ? `: ${asked.differs}` : ''}`, async () => {
      const lines = unexpected(await pair.compare(asked, asked, textOf))
      if (asked.differs)
        assert.notDeepEqual(lines, [], 'it is told alike by now: it need not be accepted')
      else assert.deepEqual(lines, [])
    })
})
