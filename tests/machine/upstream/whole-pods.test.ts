/**
 * Pods that ask for something as a whole beside what their containers ask for, by chance: both API servers fill in the same, take them for the same kind
 * of pod, and refuse the same. `PROA_WHOLE_PODS=500,7` makes five hundred from seed 7.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { type Asked, Pair } from './pair.ts'
import { podTold, randomPodSpec } from './random-resources.ts'

const [COUNT = 300, SEED = 1] = (process.env.PROA_WHOLE_PODS ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
const PODS = '/api/v1/namespaces/default/pods'

describe('pods as a whole', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start(['--disable-admission-plugins=ServiceAccount'])
  })
  after(() => pair?.stop())

  test(`${COUNT} pods from seed ${SEED}`, async () => {
    const different: string[] = []
    let [written, refused] = [0, 0]
    for (let seed = SEED; seed < SEED + COUNT; seed++) {
      const name = `p${seed}`
      const both = async (asked: Asked): Promise<void> => {
        const told = await pair.both(asked)
        if (told[0].status < 300) written++
        else refused++
        const [upstream, proa] = told.map(podTold)
        if (upstream === proa) return
        different.push(
          `seed ${seed} ${asked.method} ${JSON.stringify(asked.body)}\n  upstream ${upstream}\n  Proa     ${proa}`,
        )
      }
      const dice = new Dice(seed)
      const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: randomPodSpec(dice) }
      await both({ method: 'POST', path: PODS, body })
      await pair.both({ method: 'DELETE', path: `${PODS}/${name}?gracePeriodSeconds=0` })
    }
    assert.deepEqual(different, [])
    assert.ok(
      written > COUNT / 5 && refused > COUNT / 5,
      `${written} were written, ${refused} refused`,
    )
  })
})
