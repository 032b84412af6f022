/** Clusters with both families of addresses, or IPv6 alone, on hollow nodes: what of them the API shows. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { endpoints } from '#api/core/v1/endpoints.ts'
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { ipAddress } from '#api/networking/v1/ip-address.ts'
import { serviceCidr } from '#api/networking/v1/service-cidr.ts'
import { type Cluster, startCluster } from '#index'

const PATIENCE_MS = 60_000

async function until<T>(what: string, condition: () => Promise<T | false | undefined>): Promise<T> {
  const endMs = performance.now() + PATIENCE_MS
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== false) return value
    if (performance.now() > endMs) throw new Error(`waited in vain for: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

const web = (name: string): Pod =>
  ({
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 8080 }] }] },
  }) as never

const balanced = (name: string, spec: object) =>
  ({
    metadata: { name, namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  }) as never

const ready = ({ client }: Cluster, name: string) =>
  until(`the pod ${name}`, async () => {
    const found = await client.get(pod, name, 'default')
    const isReady = found.status.conditions?.some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    )
    return isReady && found
  })

/** By their families, what slices of the Service say. */
const slicesOf = async ({ client }: Cluster, name: string) =>
  Object.fromEntries(
    (await client.list(endpointSlice, { namespace: 'default' })).items
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
      .map(each => [
        each.addressType,
        (each.endpoints ?? []).flatMap(({ addresses }) => addresses).sort(),
      ]),
  )

describe('a cluster with both families', () => {
  test('nodes, pods, Services and what leads to them have both, IPv4 first', async () => {
    await using cluster = await startCluster({
      nodes: { kind: 'hollow', count: 2 },
      clusterCidr: '10.244.0.0/16,fd00:10:244::/56',
      serviceClusterIpRange: '10.96.0.0/16,fd00:10:96::/112',
    })
    const { client } = cluster
    const nodes = await until('two nodes with ranges', async () => {
      const { items } = await client.list(node)
      return items.length === 2 && items.every(({ spec }) => spec.podCIDR) && items
    })
    for (const { spec, status } of nodes) {
      assert.match(spec.podCIDRs?.join() ?? '', /^10\.244\.\d\.0\/24,fd00:10:244(:\d)?::\/64$/)
      assert.equal(spec.podCIDR, spec.podCIDRs?.[0])
      const internal = (status.addresses ?? []).filter(({ type }) => type === 'InternalIP')
      assert.match(internal.map(({ address }) => address).join(), /^198\.18\.0\.[12],2001:2::[12]$/)
    }
    await client.create(pod, web('one'))
    const { status } = await ready(cluster, 'one')
    const [four = '', six = ''] = (status.podIPs ?? []).map(({ ip }) => ip)
    assert.match(`${four} ${six}`, /^10\.244\.\d\.\d+ fd00:10:244:.*:/)
    assert.equal(status.podIP, four)
    assert.match(
      (status.hostIPs ?? []).map(({ ip }) => ip).join(),
      /^198\.18\.0\.[12],2001:2::[12]$/,
    )

    const policies = {
      plain: {},
      both: { ipFamilyPolicy: 'RequireDualStack' },
      six: { ipFamilies: ['IPv6'] },
      turned: { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] },
    }
    for (const [name, spec] of Object.entries(policies))
      await client.create(service, balanced(name, spec))
    const familiesOf = async (name: string) => {
      const { spec } = await client.get(service, name, 'default')
      const shown = spec.clusterIPs?.map(ip => (ip.includes(':') ? 'IPv6' : 'IPv4'))
      assert.deepEqual(shown, spec.ipFamilies)
      assert.equal(spec.clusterIP, spec.clusterIPs?.[0])
      return spec.ipFamilies?.join()
    }
    assert.equal(await familiesOf('plain'), 'IPv4')
    assert.equal(await familiesOf('both'), 'IPv4,IPv6')
    assert.equal(await familiesOf('six'), 'IPv6')
    assert.equal(await familiesOf('turned'), 'IPv6,IPv4')
    const becomes = (name: string, wanted: object) =>
      until(`slices of ${name}`, async () => {
        try {
          assert.deepEqual(await slicesOf(cluster, name), wanted)
          return true
        } catch {
          return false
        }
      })
    await becomes('plain', { IPv4: [four] })
    await becomes('both', { IPv4: [four], IPv6: [six] })
    await becomes('six', { IPv6: [six] })
    const told = async (name: string) =>
      (await client.get(endpoints, name, 'default')).subsets?.[0]?.addresses?.map(({ ip }) => ip)
    await until('Endpoints', async () => (await told('turned'))?.[0])
    assert.deepEqual(await told('turned'), [six])
    assert.deepEqual(await told('both'), [four])

    await client.patch(service, { name: 'both', namespace: 'default' }, 'merge', {
      spec: { ipFamilyPolicy: 'SingleStack' },
    })
    assert.equal(await familiesOf('both'), 'IPv4')
    await becomes('both', { IPv4: [four] })
    await client.patch(service, { name: 'plain', namespace: 'default' }, 'merge', {
      spec: { ipFamilyPolicy: 'PreferDualStack' },
    })
    assert.equal(await familiesOf('plain'), 'IPv4,IPv6')
    await becomes('plain', { IPv4: [four], IPv6: [six] })

    const api = await client.get(service, 'kubernetes', 'default')
    assert.deepEqual(api.spec.clusterIPs, ['10.96.0.1'])
    const range = await client.get(serviceCidr, 'kubernetes')
    assert.deepEqual(range.spec.cidrs, ['10.96.0.0/16', 'fd00:10:96::/112'])
    const noted = await until('addresses of Services', async () => {
      const names = (await client.list(ipAddress)).items.map(({ metadata }) => metadata.name ?? '')
      return names.filter(name => name.includes(':')).length === 3 && names
    })
    assert.ok(noted.includes('10.96.0.1'))
  })
})

describe('a cluster with IPv6 alone', () => {
  test('nodes, pods and Services, that of the API too', async () => {
    await using cluster = await startCluster({
      clusterCidr: 'fd00:10:244::/56',
      serviceClusterIpRange: 'fd00:10:96::/112',
    })
    const { client } = cluster
    await client.create(pod, web('one'))
    const { status } = await ready(cluster, 'one')
    assert.match((status.podIPs ?? []).map(({ ip }) => ip).join(), /^fd00:10:244::[^,]+$/)
    assert.match(status.hostIP ?? '', /^2001:2::1$/)
    const api = await client.get(service, 'kubernetes', 'default')
    assert.deepEqual(api.spec.clusterIPs, ['fd00:10:96::1'])
    assert.deepEqual(api.spec.ipFamilies, ['IPv6'])
    await client.create(service, balanced('web', { ipFamilyPolicy: 'PreferDualStack' }))
    const { spec } = await client.get(service, 'web', 'default')
    assert.deepEqual(spec.ipFamilies, ['IPv6'])
    assert.match(spec.clusterIPs?.join() ?? '', /^fd00:10:96::[^,]+$/)
    await assert.rejects(
      client.create(service, balanced('four', { ipFamilies: ['IPv4'] })),
      /spec\.ipFamilies\[0\]: Invalid value: "IPv4": not configured on this cluster/,
    )
    await until('its slices', async () => (await slicesOf(cluster, 'web')).IPv6?.length === 1)
  })
})

const REFUSED: readonly [what: string, options: object, why: RegExp][] = [
  [
    'two ranges of one family',
    { clusterCidr: '10.244.0.0/16,10.0.0.0/16' },
    /^UserError: --cluster-cidr\[0\] and --cluster-cidr\[1\] must be of different IP family$/,
  ],
  [
    'three ranges of Services',
    { serviceClusterIpRange: '10.96.0.0/16,fd00:10:96::/112,fd00:10:97::/112' },
    /--service-cluster-ip-range must not contain more than two entries/,
  ],
  [
    'Services of a family that pods do not have',
    { serviceClusterIpRange: '10.96.0.0/16,fd00:10:96::/112' },
    /fd00:10:96::\/112 is of another family than the pods of --cluster-cidr 10\.244\.0\.0\/16/,
  ],
  [
    'an overlap of the second ranges',
    {
      clusterCidr: '10.244.0.0/16,fd00:10::/56',
      serviceClusterIpRange: '10.96.0.0/16,fd00:10::/112',
    },
    /fd00:10::\/56 and --service-cluster-ip-range fd00:10::\/112 overlap/,
  ],
  [
    'more ranges of nodes than anybody has nodes',
    { clusterCidr: '10.244.0.0/16,fd00::/40' },
    /fd00::\/40: New CIDR set failed; the node CIDR size is too big; choose a \/48 or smaller/,
  ],
  [
    'too few ranges for its nodes',
    {
      clusterCidr: 'fd00:10:244::/63',
      nodes: { kind: 'hollow', count: 3 },
      serviceClusterIpRange: 'fd00:10:96::/112',
    },
    /is too small for 3 nodes with a \/64 each/,
  ],
  [
    'an address of the other family for the API',
    {
      ...{ clusterCidr: 'fd00:10:244::/56', serviceClusterIpRange: 'fd00:10:96::/112' },
      ...{ advertiseAddress: '192.0.2.1', listen: { port: 0 } },
    },
    /service IP family "fd00:10:96::\/112" must match public address family "192\.0\.2\.1"/,
  ],
]
for (const [what, options, why] of REFUSED)
  test(`it is refused: ${what}`, async () => {
    await assert.rejects(startCluster({ ...nodesFor(options), ...options }), why)
  })

/** One node, where ranges of nodes are what is refused; none, which could not be left running, elsewhere. */
function nodesFor(options: object) {
  return 'clusterCidr' in options ? {} : { nodes: { kind: 'none' } as const }
}
