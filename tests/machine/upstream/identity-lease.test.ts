/** Who an API server says that it is, what becomes of that when others write to it, and what is removed of servers that are gone: upstream's and Proa's alike. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { EtcdProcess, etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import {
  type ApiEnd,
  Keys,
  kubeApiServerMissing,
  type Shown,
  startProa,
  startUpstream,
} from '../etcd/servers.ts'
import { differences } from './differences.ts'

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'
const IDENTITY = { 'apiserver.kubernetes.io/identity': 'kube-apiserver' }
const MERGE = 'application/merge-patch+json'
const RENEWAL_MS = 10_400
const GATES = ['APIServerIdentity', 'UnknownVersionInteroperabilityProxy']

const ago = (seconds: number) => `${new Date(Date.now() - seconds * 1000).toISOString()}`
const micro = (time: string) => time.replace('Z', '000Z')
const expired = () => ({ leaseDurationSeconds: 59, renewTime: micro(ago(60)) })

/** Name, labels and spec of what others left. */
const LEFT: readonly (readonly [string, object, () => object])[] = [
  ['expired', IDENTITY, expired],
  ['expired-of-others', { 'apiserver.kubernetes.io/identity': 'other' }, expired],
  ['expired-of-nobody', {}, expired],
  ['empty', IDENTITY, () => ({})],
  ['no-duration', IDENTITY, () => ({ renewTime: micro(ago(0)) })],
  ['no-time', IDENTITY, () => ({ leaseDurationSeconds: 3600 })],
  ['current', IDENTITY, () => ({ leaseDurationSeconds: 3600, renewTime: micro(ago(60)) })],
]

async function eventually<Result>(look: () => Promise<Result | undefined>): Promise<Result> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (performance.now() > deadline) throw new Error('it did not come to pass')
    await sleep(100)
  }
}

const leases = async (end: ApiEnd): Promise<Shown[]> => (await end.want('GET', LEASES)).items
const namesOf = async (end: ApiEnd) => (await leases(end)).map(({ metadata }) => metadata.name)
const ownOf = async (end: ApiEnd): Promise<Shown | undefined> =>
  (await leases(end)).find(({ metadata }) => metadata.name.startsWith('apiserver-'))
/** As soon as it is there, and is what is wanted. */
const own = (end: ApiEnd, isWanted: (lease: Shown) => boolean = () => true) =>
  eventually(async () => {
    const lease = await ownOf(end)
    return lease && isWanted(lease) ? lease : undefined
  })

const revisionOf = ({ metadata }: Shown) => Number(metadata.resourceVersion)

/** Members stand in the order in which they came to be, and whose fields are whose has no order within a second. */
function shown({ metadata, spec, ...lease }: Shown): string {
  const managedFields = metadata.managedFields.toSorted((one: Shown, other: Shown) =>
    one.manager < other.manager ? -1 : 1,
  )
  return JSON.stringify({
    ...lease,
    metadata: sorted({ ...metadata, managedFields }),
    spec: sorted(spec),
  })
}

const sorted = (object: object) => Object.fromEntries(Object.entries(object).toSorted())

describe('who an API server is', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  const keys = new Keys()
  const stores: EtcdProcess[] = []
  const ends: ApiEnd[] = []
  let upstream: ApiEnd
  let proa: ApiEnd
  const url = (of: number) => stores[of]?.url ?? ''
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) await end.stop()
  }
  const both = async <Result>(of: (end: ApiEnd) => Promise<Result>) =>
    Promise.all([of(upstream), of(proa)])
  before(async () => {
    stores.push(...(await Promise.all([EtcdProcess.start(), EtcdProcess.start()])))
    for (const store of stores) {
      const end = await startProa(keys, { servers: [store.url] })
      for (const [name, labels, spec] of LEFT)
        await end.want('POST', LEASES, { metadata: { name, labels }, spec: spec() })
      await end.stop()
    }
    upstream = await startUpstream(keys, url(0), ['--runtime-config=api/all=true'])
    ends.push(upstream)
    proa = await startProa(keys, { servers: [url(1)] })
    ends.push(proa)
  })
  after(async () => {
    await stop()
    await Promise.all(stores.map(store => store.remove()))
    keys.remove()
  })

  test('is told alike', async () => {
    const [wanted, given] = await both(end => own(end))
    assert.deepEqual(differences(shown(wanted), shown(given)), [])
    const [of, ours] = [wanted, given].map(({ metadata }) =>
      metadata.annotations['kubernetes.io/peer-advertise-address'].split(':'),
    )
    assert.equal(ours?.[0], of?.[0])
  })

  test('of those that are gone, the same go at a start', async () => {
    const left = (end: ApiEnd) =>
      eventually(async () => {
        const names = await namesOf(end)
        // Its own, and the three that stay.
        return names.length > 4 ? undefined : names
      })
    const [wanted, given] = await both(left)
    assert.deepEqual(given, wanted)
    assert.deepEqual(given.slice(1), ['current', 'expired-of-nobody', 'expired-of-others'])
  })

  test('what others write into it is set right', async () => {
    const changes = [
      {
        metadata: {
          labels: { ...IDENTITY, mine: 'yes', 'kubernetes.io/hostname': 'other' },
          annotations: null,
        },
        spec: { holderIdentity: 'me', leaseDurationSeconds: 1, leaseTransitions: 3 },
      },
      {
        metadata: { labels: null },
        spec: { holderIdentity: null, leaseDurationSeconds: null, renewTime: null },
      },
    ]
    for (const change of changes) {
      const [wanted, given] = await both(async end => {
        const { name } = (await own(end)).metadata
        await end.want('PATCH', `${LEASES}/${name}`, change, MERGE)
        const patched = await own(end)
        return own(end, lease => revisionOf(lease) > revisionOf(patched))
      })
      assert.deepEqual(differences(shown(wanted), shown(given)), [])
    }
  })

  test('it is made again when it is deleted, not before its time', async () => {
    const [wanted, given] = await both(async end => {
      const { metadata, spec } = await own(end)
      await end.want('DELETE', `${LEASES}/${metadata.name}`)
      const again = await own(end)
      assert.notEqual(again.metadata.uid, metadata.uid)
      const pauseMs = Date.parse(again.spec.renewTime) - Date.parse(spec.renewTime)
      assert.ok(pauseMs >= 10_000 && pauseMs < RENEWAL_MS + 2_000, `${end.url}: ${pauseMs}`)
      return again
    })
    assert.deepEqual(differences(shown(wanted), shown(given)), [])
  })

  test('a second server of the host takes it over, and one that ends takes it away', async () => {
    const before = await own(upstream)
    const second = await startProa(keys, { servers: [url(0)] })
    const taken = await own(upstream, ({ metadata }) => metadata.uid !== before.metadata.uid)
    assert.equal(taken.metadata.name, before.metadata.name)
    assert.notEqual(taken.spec.holderIdentity, before.spec.holderIdentity)
    const placeOf = ({ metadata }: Shown) => Object.values(metadata.annotations)[0]
    // The first one goes on to renew it.
    const renewed = await own(upstream, lease => placeOf(lease) === placeOf(before))
    assert.equal(renewed.metadata.uid, taken.metadata.uid)
    assert.equal(renewed.spec.holderIdentity, taken.spec.holderIdentity)
    await second.stop()
    assert.equal(await ownOf(upstream), undefined)
    const again = await own(upstream)
    assert.equal(again.metadata.uid === taken.metadata.uid, false)
  })

  test('nobody tells, or removes anything, with the gate off', async () => {
    await stop()
    const off = new Map(GATES.map(gate => [gate, false]))
    upstream = await startUpstream(keys, url(0), [
      `--feature-gates=${GATES.map(gate => `${gate}=false`).join()}`,
    ])
    ends.push(upstream)
    proa = await startProa(keys, { servers: [url(1)] }, undefined, undefined, off)
    ends.push(proa)
    const [wanted, given] = await both(async end => {
      for (const name of await namesOf(end)) await end.want('DELETE', `${LEASES}/${name}`)
      await end.want('POST', LEASES, { metadata: { name: 'empty', labels: IDENTITY }, spec: {} })
      await sleep(1_000)
      return [await namesOf(end), (await end.ask('GET', '/readyz?verbose')).body]
    })
    assert.deepEqual(given, wanted)
    assert.deepEqual(given?.[0], ['empty'])
  })
})
