/** The same objects of every kind, written to upstream's API server and to Proa's, are answered alike, byte for byte. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AnyKind } from '#api/machinery/kind.ts'
import {
  bodyOf,
  fixtureOf,
  nameOf,
  titleOf,
} from '../../../src/apiserver/all-kinds/testing/objects.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { type Asked, Pair } from './pair.ts'
import { as, collectionOf, MERGE, served } from './served.ts'

const SHAPES = ['Table', 'PartialObjectMetadataList']

/** The life of an object, as its clients ask for it. */
function lifeOf(kind: AnyKind): Asked[] {
  const at = collectionOf(kind)
  const name = nameOf(kind, 1)
  const path = `${at}/${name}`
  const { change, status } = fixtureOf(kind)
  const listed = `${at}?labelSelector=made%3Dhere`
  return [
    { method: 'POST', path: at, body: bodyOf(kind, name, { labels: { made: 'here' } }) },
    { method: 'GET', path },
    { method: 'PATCH', path, body: change, headers: MERGE },
    ...(status
      ? [{ method: 'PATCH' as const, path: `${path}/status`, body: { status }, headers: MERGE }]
      : []),
    { method: 'GET', path: listed },
    ...SHAPES.map(shape => ({ method: 'GET' as const, path: listed, headers: as(shape) })),
    { method: 'GET', path, headers: { accept: 'application/yaml' } },
    { method: 'DELETE', path, body: { propagationPolicy: 'Background' } },
  ]
}

describe('objects of', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())
  for (const kind of served)
    test(titleOf(kind), async () => {
      const lines: string[] = []
      for (const asked of lifeOf(kind)) lines.push(...(await pair.compare(asked)))
      const path = `${collectionOf(kind)}/${nameOf(kind, 1)}`
      // Whatever still holds it would be in the way of its other versions.
      await pair.both({
        method: 'PATCH',
        path,
        body: { metadata: { finalizers: null } },
        headers: MERGE,
      })
      assert.deepEqual(unexpected(lines), [])
    })
})
