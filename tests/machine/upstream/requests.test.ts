/** What goes wrong is told by Proa as by upstream: code, reason, message, details, headers. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { DEFINITIONS, foos } from './non-resource-paths.ts'
import { type Asked, Pair } from './pair.ts'
import { requests } from './requests.ts'

const titleOf = ({ method, path, body, headers }: Asked) =>
  [
    method,
    path.slice(0, 100),
    JSON.stringify(body)?.slice(0, 100),
    headers && JSON.stringify(headers),
  ]
    .filter(Boolean)
    .join(' ')

describe('asked for', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
    await pair.both({ method: 'POST', path: DEFINITIONS, body: foos })
    const path = `/apis/${foos.spec.group}/v1`
    while ((await pair.both({ method: 'GET', path })).some(({ status }) => status !== 200))
      await sleep(100)
  })
  after(() => pair?.stop())
  for (const asked of requests) {
    const { differs: why } = asked
    test(`${titleOf(asked)}${why ? `: ${why}` : ''}`, async () => {
      const lines = unexpected(await pair.compare(asked))
      if (why) assert.notDeepEqual(lines, [], 'it is told alike by now: it need not be accepted')
      else assert.deepEqual(lines, [])
    })
  }
})
