/**
 * Pods that ask for something as a whole beside what their containers ask for, by chance: both API servers fill in the same, take them for the same kind
 * of pod, and refuse the same. `PROA_WHOLE_PODS=500,7` makes five hundred from seed 7.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { inGeneral } from './in-general.ts'
import { type Asked, Pair, type Told } from './pair.ts'

const [COUNT = 300, SEED = 1] = (process.env.PROA_WHOLE_PODS ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
const PODS = '/api/v1/namespaces/default/pods'

type Amounts = Record<string, string>
interface Resources {
  requests?: Amounts
  limits?: Amounts
}
interface Container {
  name: string
  resources?: Resources
  resizePolicy?: object[]
  restartPolicy?: string
  [more: string]: unknown
}
interface Spec {
  containers: Container[]
  initContainers?: Container[]
  resources?: Resources
  [more: string]: unknown
}

const AMOUNTS: Readonly<Record<string, readonly string[]>> = {
  cpu: ['100m', '0.1', '200m', '1', '2', '0', '-1', '4'],
  memory: ['64Mi', '128Mi', '1Gi', '2Gi', '67108864', '0', '1'],
  'hugepages-2Mi': ['2Mi', '4Mi'],
  'ephemeral-storage': ['1Gi', '2Gi'],
}

function amounts(dice: Dice, usual = true): Amounts {
  const chosen: Amounts = {}
  for (const name of Object.keys(AMOUNTS)) {
    const isRare = name !== 'cpu' && name !== 'memory'
    if (dice.below(isRare ? 12 : 3) === 0 || (!isRare && usual && dice.below(2) === 0))
      chosen[name] = dice.pick(AMOUNTS[name] ?? [])
  }
  return chosen
}

function resources(dice: Dice): Resources {
  const limits = amounts(dice)
  const same = dice.below(3) === 0
  return dice.pick<Resources>([
    {},
    { limits },
    { requests: amounts(dice) },
    { limits, requests: same ? { ...limits } : amounts(dice) },
    { limits, requests: { ...limits } },
  ])
}

const POLICIES = [
  undefined,
  [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
  [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }],
]

function container(dice: Dice, name: string): Container {
  const resizePolicy = dice.pick(POLICIES)
  return {
    name,
    image: 'registry.example/app:1',
    resources: resources(dice),
    ...(resizePolicy ? { resizePolicy } : {}),
  }
}

function podSpec(dice: Dice): Spec {
  const init = dice.below(3)
  return {
    containers: ['a', 'b'].slice(0, 1 + dice.below(2)).map(name => container(dice, name)),
    ...(init > 0
      ? {
          initContainers: [
            { ...container(dice, 'i'), ...(init === 2 ? { restartPolicy: 'Always' } : {}) },
          ],
        }
      : {}),
    ...(dice.below(3) > 0 ? { resources: resources(dice) } : {}),
  }
}

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
        const [upstream, proa] = told.map(shown)
        if (upstream === proa) return
        different.push(
          `seed ${seed} ${asked.method} ${JSON.stringify(asked.body)}\n  upstream ${upstream}\n  Proa     ${proa}`,
        )
      }
      const dice = new Dice(seed)
      const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: podSpec(dice) }
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

/** Of an answer what counts: what is asked for and what kind of pod it is, or why not. */
function shown({ status, text }: Told): string {
  const told = JSON.parse(inGeneral(text))
  // Upstream goes through maps of Go: what is wrong comes in any order.
  const causes: { field: string; message: string }[] = told.details?.causes ?? []
  if (status >= 300)
    return `${status} ${causes.map(({ field, message }) => `${field} ${message}`).sort()}`
  const { containers, initContainers = [], resources: whole } = told.spec as Spec
  const parts = [...containers, ...initContainers].map(({ resources: own, resizePolicy }) => [
    own,
    resizePolicy,
  ])
  return `${status} ${told.metadata.generation} ${told.status?.qosClass} ${JSON.stringify([parts, whole], sorted)}`
}

const sorted = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value
