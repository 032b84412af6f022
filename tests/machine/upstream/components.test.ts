/** Upstream's controllers and scheduler on Proa's API server, and Proa's on upstream's: a namespace full of work fares alike in both, and as where all is upstream's. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing, type Shown } from '../etcd/servers.ts'
import { differences } from './differences.ts'
import { type Makers, MixedCluster, upstreamRolesMissing } from './mixed-cluster.ts'
import { type Told, tell } from './story.ts'

const skip = etcdMissing() || kubeApiServerMissing() || upstreamRolesMissing()

const MIXED: readonly (readonly [title: string, makers: Makers])[] = [
  [
    'upstream’s controllers and scheduler on Proa’s API server',
    { apiserver: 'proa', roles: 'upstream' },
  ],
  [
    'Proa’s controllers and scheduler on upstream’s API server',
    { apiserver: 'upstream', roles: 'proa' },
  ],
  ['all of Proa’s', { apiserver: 'proa', roles: 'proa' }],
]

describe('a namespace full of work, from its beginning to its end, by', { skip }, () => {
  let wanted: Told
  before(async () => {
    wanted = await lived({ apiserver: 'upstream', roles: 'upstream' })
  })
  for (const [title, makers] of MIXED)
    test(title, async () => {
      const given = await lived(makers)
      const lines = [...wanted].flatMap(([moment, shown]) =>
        differing(shown, given.get(moment) ?? []).map(line => `${moment} ${line}`),
      )
      assert.deepEqual(lines, [])
    })
})

/** Texts are compared as sets. */
function differing(wanted: readonly Shown[], given: readonly Shown[]): string[] {
  const isText = [...wanted, ...given].some(each => typeof each === 'string')
  if (!isText)
    return differences(JSON.stringify({ items: wanted }), JSON.stringify({ items: given }))
  return [
    ...wanted.filter(each => !given.includes(each)).map(each => `upstream alone: ${each}`),
    ...given.filter(each => !wanted.includes(each)).map(each => `mixed alone: ${each}`),
  ]
}

async function lived(makers: Makers): Promise<Told> {
  const cluster = await MixedCluster.start(makers)
  try {
    return await tell(cluster.api)
  } finally {
    await cluster.stop()
  }
}
