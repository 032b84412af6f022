/**
 * What a condition of devices may cost: Proa takes and refuses them as upstream does. That tells no figures, so each is repeated as often as
 * it may be, and once more.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { DEVICE_VARIABLES } from '../../../src/api/cel/admission-types.ts'
import { estimatedCostOver, loadCelEngine } from '../../../src/api/cel/engine.ts'
import { MAXIMUM_DEVICE_COST } from '../../../src/api/cel/expressions.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { Pair } from './pair.ts'
import { CONDITIONS } from './variants/device-conditions.ts'

const MOST_SELECTORS = 32
/** So many turns are still written in few letters, and one or two hundredths more or less are seen. */
const MOST_TURNS = 1500
const FEWEST_TURNS = 60
const OUTER_TURNS = 12

const items = (count: number) => `[${Array(count).fill('0').join()}]`
const costOf = (text: string) => estimatedCostOver(text, DEVICE_VARIABLES)

/** As often as it may be, and once more. */
function border(condition: string): [string, string] {
  for (let depth = 0; ; depth++) {
    const repeated = (turns: number) => {
      let text = `${items(turns)}.all(i, ${condition})`
      for (let i = 0; i < depth; i++) text = `${items(OUTER_TURNS)}.all(o${i}, ${text})`
      return text
    }
    if (costOf(repeated(MOST_TURNS)) <= MAXIMUM_DEVICE_COST) continue
    let fits = 1
    for (let step = 1024; step >= 1; step /= 2)
      if (costOf(repeated(fits + step)) <= MAXIMUM_DEVICE_COST) fits += step
    assert.ok(fits >= FEWEST_TURNS, `${condition}: ${fits} turns`)
    return [repeated(fits), repeated(fits + 1)]
  }
}

describe('a condition of devices of this cost', {
  skip: etcdMissing() || kubeApiServerMissing(),
}, () => {
  let pair: Pair
  before(async () => {
    await loadCelEngine()
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  const differences = async (expressions: readonly string[]) => {
    const body = {
      metadata: { name: 'a' },
      spec: { selectors: expressions.map(expression => ({ cel: { expression } })) },
    }
    const path = '/apis/resource.k8s.io/v1/deviceclasses?dryRun=All'
    return unexpected(await pair.compare({ method: 'POST', path, body }))
  }

  for (let at = 0; at < CONDITIONS.length; at += MOST_SELECTORS) {
    const some = CONDITIONS.slice(at, at + MOST_SELECTORS)
    test(`${some[0]} and ${some.length - 1} more`, async () => {
      const borders = some.map(border)
      assert.deepEqual(await differences(borders.map(([fits]) => fits)), [])
      assert.deepEqual(await differences(borders.map(([, more]) => more)), [])
    })
  }
})
