/** Tells stories to clusters of which parts are Proa's, and holds what is told against a cluster that is upstream's. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing, type Shown } from '../etcd/servers.ts'
import { differences } from './differences.ts'
import { type Makers, MixedCluster, upstreamRolesMissing } from './mixed-cluster.ts'
import { type Story, type Told, tell } from './story.ts'

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

/** The stories are told one after the other, in one cluster. */
export function describeAlike(title: string, stories: readonly Story[]): void {
  describe(title, { skip }, () => {
    let wanted: readonly Told[]
    before(async () => {
      wanted = await lived({ apiserver: 'upstream', roles: 'upstream' }, stories)
    })
    for (const [title, makers] of MIXED)
      test(title, async () => {
        const given = await lived(makers, stories)
        const lines = wanted.flatMap((told, index) =>
          [...told].flatMap(([chapter, shown]) =>
            differing(shown, given[index]?.get(chapter) ?? []).map(line => `${chapter} ${line}`),
          ),
        )
        assert.deepEqual(lines, [])
      })
  })
}

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

async function lived(makers: Makers, stories: readonly Story[]): Promise<readonly Told[]> {
  const nodes = Math.max(...stories.map(story => story.nodes ?? 1))
  const cluster = await MixedCluster.start(makers, nodes)
  try {
    const told: Told[] = []
    for (const story of stories) told.push(await tell(cluster, story))
    return told
  } finally {
    await cluster.stop()
  }
}
