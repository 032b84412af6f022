/** Wrong addresses, families and node ports of services are told by Proa as by upstream: mostly alone, before anything else is judged. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { inGeneral } from './in-general.ts'
import { type Asked, Pair } from './pair.ts'
import {
  OF_BOTH_FAMILIES,
  SERVICES,
  type ServiceCase,
  TAKEN,
  TAKEN_PORT,
} from './variants/services.ts'

const PATH = '/api/v1/namespaces/default/services'
const MADE = { selector: { app: 'x' }, ports: [{ port: 80 }] }

const service = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...metadata },
  spec: { ...MADE, ...spec },
})
const post = (body: object): Asked => ({ method: 'POST', path: PATH, body })

interface Cluster {
  readonly what: string
  /** Of Services; the usual one where it is not said. */
  readonly range?: string
  readonly advertised?: string
  readonly taken: string
  readonly cases: readonly ServiceCase[]
}

const SIX = 'fd00:10:96::/108'
const OF_EITHER = [...SERVICES, ...OF_BOTH_FAMILIES]
const CLUSTERS: readonly Cluster[] = [
  { what: 'IPv4', taken: TAKEN, cases: SERVICES },
  { what: 'both', range: `10.96.0.0/12,${SIX}`, taken: TAKEN, cases: OF_EITHER },
  {
    ...{ what: 'both, IPv6 first', range: `${SIX},10.96.0.0/12`, advertised: 'fd00::9' },
    ...{ taken: TAKEN, cases: OF_BOTH_FAMILIES },
  },
  {
    ...{ what: 'IPv6', range: SIX, advertised: 'fd00::9' },
    ...{ taken: 'fd00:10:96::7:7', cases: OF_EITHER },
  },
]

for (const { what, range, advertised, taken, cases } of CLUSTERS)
  describe(`of services of ${what}`, { skip: etcdMissing() || kubeApiServerMissing() }, () => {
    let pair: Pair
    const make = async (body: object): Promise<number> => {
      const [upstream, proa] = await pair.both(post(body))
      assert.equal(proa.status, upstream.status, `${upstream.text} ${proa.text}`)
      return proa.status
    }
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
      const ports = [{ port: 80, nodePort: TAKEN_PORT }]
      assert.equal(await make(service('other', { type: 'NodePort', clusterIP: taken, ports })), 201)
    })
    after(() => pair?.stop())
    for (const [
      at,
      { name = `s${at}`, spec, metadata, before, isTried, differs },
    ] of cases.entries())
      test(`${before ? `${JSON.stringify(before)}, then ` : ''}${JSON.stringify({ spec, metadata, name, isTried })}`, async context => {
        const made = `${PATH}/${name}`
        if (before && (await make(service(name, before))) !== 201)
          return context.skip('such a service cannot be made in this cluster')
        const query = isTried ? '?dryRun=All' : ''
        const body = service(name, spec, metadata)
        const asked: Asked = before
          ? { method: 'PUT', path: `${made}${query}`, body }
          : { method: 'POST', path: `${PATH}${query}`, body }
        const lines = unexpected(await pair.compare(asked, asked, inGeneral))
        await pair.both({ method: 'DELETE', path: made })
        if (!differs) assert.deepEqual(lines, [])
        else if (!range)
          assert.notDeepEqual(lines, [], 'it is told alike by now: it need not be accepted')
      })
  })
