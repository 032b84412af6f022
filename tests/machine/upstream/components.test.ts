/** Upstream's controllers and scheduler on Proa's API server, and Proa's on upstream's: a namespace full of work fares alike in both, and as where all is upstream's. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing, type Shown } from '../etcd/servers.ts'
import { differences } from './differences.ts'
import { type Makers, MixedCluster, upstreamRolesMissing } from './mixed-cluster.ts'
import { type Story, type Told, tell } from './story.ts'
import { storyOfTroubles } from './story-of-troubles.ts'
import { storyOfWork } from './story-of-work.ts'

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

/** One after the other, in one cluster. */
const STORIES: readonly Story[] = [storyOfWork, storyOfTroubles]

describe('namespaces full of work, from their beginnings to their ends, by', { skip }, () => {
  let wanted: readonly Told[]
  before(async () => {
    wanted = await lived({ apiserver: 'upstream', roles: 'upstream' })
  })
  for (const [title, makers] of MIXED)
    test(title, async () => {
      const given = await lived(makers)
      const lines = wanted.flatMap((told, index) =>
        [...told].flatMap(([chapter, shown]) =>
          differing(shown, given[index]?.get(chapter) ?? []).map(line => `${chapter} ${line}`),
        ),
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

async function lived(makers: Makers): Promise<readonly Told[]> {
  const cluster = await MixedCluster.start(makers)
  try {
    const told: Told[] = []
    for (const story of STORIES) told.push(await tell(cluster.api, story))
    return told
  } finally {
    await cluster.stop()
  }
}
