/**
 * Valid objects with one thing wrong at a time are taken or refused by both servers alike, with the same causes. Each run tries some of the ways; with
 * `PROA_SPOILED=all` it tries all of them, and `PROA_SPOILED_KINDS` says of which kinds, by a regular expression on titles such as `apps/v1 Deployment`.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import { titleOf } from '../../../src/apiserver/all-kinds/testing/objects.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { differing, isChosen, SHARE, type Way } from './held-together.ts'
import { Pair } from './pair.ts'
import { collectionOf, served } from './served.ts'
import { spoiled } from './spoil.ts'
import { beginningsOf } from './variants/variants.ts'

describe('spoiled objects of', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  for (const kind of served) {
    const title = titleOf(kind)
    if (!isChosen(title)) continue
    test(title, async () => {
      const lines = await differing(pair, title, waysOf(kind))
      assert.ok(lines.length === 0, `\n${lines.join('\n')}`)
    })
  }
})

/** Each only once, though several objects of a kind have much in common. */
function* waysOf(kind: AnyKind): Generator<Way> {
  const seen = new Set<string>()
  const path = `${collectionOf(kind)}?dryRun=All`
  const head = { apiVersion: apiVersionOf(kind), kind: kind.kind }
  for (const begun of beginningsOf(kind)) {
    for (const { title, content } of spoiled(begun.content)) {
      const text = JSON.stringify(content)
      if (seen.has(text)) continue
      seen.add(text)
      if (seen.size % SHARE !== 0) continue
      const body = { ...head, metadata: { name: begun.name }, ...content }
      yield { title: `${begun.title}: ${title}`, asked: { method: 'POST', path, body } }
    }
  }
}
