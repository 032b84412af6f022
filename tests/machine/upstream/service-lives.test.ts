/**
 * Services whose types, families, policies, addresses and ports change by chance, one write after the other: both API servers refuse the same of it in the
 * same words, and what comes of the rest is the same but for the addresses and ports that each gives itself. `PROA_SERVICES=500,7` has five hundred lives
 * from seed 7 in each sort of cluster.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { type Asked, Pair, type Told } from './pair.ts'
import {
  type Chosen,
  changed,
  madeBy,
  type ServiceObject,
  shownOf,
} from './variants/service-changes.ts'

const [COUNT = 60, SEED = 1] = (process.env.PROA_SERVICES ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)

const PATH = '/api/v1/namespaces/default/services'
const SIX = 'fd00:10:96::/108'
const STEPS = 7
const CLUSTERS: readonly { what: string; range?: string; advertised?: string }[] = [
  { what: 'IPv4' },
  { what: 'both families', range: `10.96.0.0/12,${SIX}` },
  { what: 'both families, IPv6 first', range: `${SIX},10.96.0.0/12`, advertised: 'fd00::9' },
  { what: 'IPv6', range: SIX, advertised: 'fd00::9' },
]

for (const { what, range, advertised } of CLUSTERS)
  describe(`lives of services of ${what}`, {
    skip: etcdMissing() || kubeApiServerMissing(),
  }, () => {
    let pair: Pair
    before(async () => {
      pair = await Pair.start(
        [
          ...(range ? [`--service-cluster-ip-range=${range}`] : []),
          ...(advertised ? [`--advertise-address=${advertised}`] : []),
        ],
        {
          ...(range ? { serviceClusterIpRange: range } : {}),
          ...(advertised ? { advertiseAddress: advertised } : {}),
        },
      )
    })
    after(() => pair?.stop())

    test(`${COUNT} lives from seed ${SEED}`, async () => {
      const different: string[] = []
      let [written, refused] = [0, 0]
      for (let seed = SEED; seed < SEED + COUNT; seed++) {
        const name = `s${seed}`
        const chosen: Chosen = { seed, count: 0, values: new Set() }
        const story: string[] = []
        const both = async (asked: Asked, ofProa = asked): Promise<boolean> => {
          story.push(`${asked.method} ${JSON.stringify(asked.body)}`)
          const [ofUpstream, ofOurs] = await Promise.all([
            // Upstream has requests that end in a panic, and hangs up.
            pair.ask(asked).catch(() => undefined),
            pair.askProa(ofProa),
          ])
          if (!ofUpstream) return false
          const told = [ofUpstream, ofOurs] as const
          const [upstream = '', proa = ''] = told.map(each =>
            shownOf(each.text, each.status, chosen),
          )
          if (told[0].status < 300) written++
          else refused++
          if (upstream === proa) return true
          if (isSameRefusal(upstream, proa)) return told[0].status === told[1].status
          different.push(
            `seed ${seed}\n  ${story.slice(-3).join('\n  ')}\n  upstream ${upstream}\n  Proa     ${proa}`,
          )
          return told[0].status === told[1].status
        }
        const dice = new Dice(seed)
        const first = madeBy(dice, name, chosen)
        if (!(await both({ method: 'POST', path: PATH, body: first }))) continue
        for (let step = 0; step < STEPS; step++) {
          const read = await pair.both({ method: 'GET', path: `${PATH}/${name}` })
          if (read[0].status !== 200 || read[1].status !== 200) break
          const rolls = dice.below(2 ** 31)
          const from = { ...chosen, values: chosen.values }
          const [ofUpstream, ofProa] = read.map(({ text }: Told) => {
            chosen.count = from.count
            return changed(new Dice(rolls), JSON.parse(text) as ServiceObject, chosen)
          })
          if (!ofUpstream || !ofProa) break
          if (!(await both(ofUpstream(PATH), ofProa(PATH)))) break
        }
        await pair.both({ method: 'DELETE', path: `${PATH}/${name}` })
      }
      assert.deepEqual(different, [])
      assert.ok(written > COUNT && refused > COUNT, `${written} were written, ${refused} refused`)
    })
  })

/**
 * Upstream gives a second address before it refuses the first, and shows it. And it takes an address for a service that has none, where the list is
 * not sent; Proa does not.
 */
const isSameRefusal = (upstream: string, proa: string): boolean =>
  [upstream, proa].every(each => / may not change once set/.test(each)) ||
  (/^422 .*spec\.clusterIPs: Forbidden: may not be set for ExternalName services/.test(proa) &&
    /^200 .*"clusterIP":.*"type":"ExternalName"|^422 /.test(upstream))
