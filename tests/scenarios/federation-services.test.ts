/** Services across clusters: exported in some, imported in all, united, changed, and taken away again. */
import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { after, before, test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { type Service, service } from '#api/core/v1/service.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { Condition, KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { silentLog } from '#base/log.ts'
import { createInformers } from '#client/informers.ts'
import { startDns } from '#dns'
import { systemRandom } from '#host/random.ts'
import { clusterProfile as clusterProfileKind } from '../../src/federation/inventory/cluster-profile.ts'
import {
  clusterProperty,
  type ServiceExport,
  type ServiceImport,
  SOURCE_CLUSTER,
  serviceExport,
  serviceImport,
} from '../../src/federation/services/kinds.ts'
import { fastClock } from './fast-clock.ts'
import { TestFederation, until } from './federation-clusters.ts'

const SPEED = 20
const NAMES = ['east', 'north', 'west']
const SPACE = 'shop'
const at = { name: 'web', namespace: SPACE }
const EVENLY = '{"rebalance":true,"clusters":{"*":{"weight":1}}}'
let federation: TestFederation

before(async () => {
  federation = await TestFederation.start({ members: NAMES, clock: fastClock(SPEED), nodes: 1 })
  for (const name of NAMES) {
    const { client } = federation.member(name)
    await client.create(namespace, { metadata: { name: SPACE } })
    await client.create(deployment, web(2))
  }
  await until('definitions are in all clusters', async () => {
    for (const name of NAMES) await federation.member(name).client.list(serviceExport)
    return true
  })
})
after(() => federation?.stop())

const web = (replicas: number) =>
  ({
    metadata: at,
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      },
    },
  }) as object

const front = (spec: object = {}) =>
  ({
    metadata: at,
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }], ...spec },
  }) as object

const client = (name: string) => federation.member(name).client

async function found<T>(name: string, kind: AnyKind, of = 'web'): Promise<T | undefined> {
  return client(name)
    .get(kind, of, SPACE)
    .catch(error => {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }) as Promise<T | undefined>
}
const importIn = (name: string) => found<ServiceImport>(name, serviceImport)

async function conditionOf(name: string, type: string): Promise<Condition | undefined> {
  const { status } = (await client(name).get(
    serviceExport,
    'web',
    SPACE,
  )) as unknown as ServiceExport
  return status?.conditions?.find(each => each.type === type)
}

async function importedIn(name: string) {
  const { items } = await client(name).list(endpointSlice, {
    namespace: SPACE,
    labelSelector: 'multicluster.kubernetes.io/service-name=web',
  })
  return items
}
const sources = async (name: string) =>
  (await importedIn(name))
    .flatMap(({ metadata, endpoints }) =>
      (endpoints ?? []).map(() => metadata.labels?.[SOURCE_CLUSTER] ?? ''),
    )
    .sort()
const inAll = async (look: (name: string) => Promise<boolean>) =>
  (await Promise.all(NAMES.map(look))).every(is => is)

const derivedIn = async (name: string): Promise<Service | undefined> => {
  const of = (await importIn(name))?.metadata.annotations?.[
    'multicluster.kubernetes.io/derived-service'
  ]
  return of === undefined ? undefined : found<Service>(name, service, of)
}

async function export_(name: string, spec: object = {}, more: object = {}): Promise<void> {
  await client(name).create(service, front(spec))
  await client(name).create(serviceExport, { metadata: at, ...more } as object)
}

async function unexport(...names: string[]): Promise<void> {
  for (const name of names) {
    await client(name).delete(serviceExport, at)
    await client(name).delete(service, at)
  }
}

test('an export is a service in all clusters, with an address and the endpoints of where it is', async () => {
  await export_('east', { sessionAffinity: 'ClientIP' })
  await until('imported', () => inAll(async name => (await sources(name)).join() === 'east,east'))
  await until('with addresses', () =>
    inAll(async name => {
      const derived = await derivedIn(name)
      const { ips, type, ipFamilies, ports, sessionAffinity } = (await importIn(name))?.spec ?? {}
      assert.equal(type, 'ClusterSetIP')
      assert.equal(sessionAffinity, 'ClientIP')
      assert.deepEqual(ports, [{ name: 'http', protocol: 'TCP', port: 80 }])
      assert.deepEqual(ipFamilies, ['IPv4'])
      return ips !== undefined && ips.join() === derived?.spec.clusterIPs?.join()
    }),
  )
  const [slice] = await importedIn('west')
  const derived = await derivedIn('west')
  assert.equal(slice?.metadata.labels?.['kubernetes.io/service-name'], derived?.metadata.name)
  assert.equal(slice?.endpoints?.[0]?.nodeName, undefined, 'nodes of others are nobody here')
  assert.equal(slice?.metadata.ownerReferences?.[0]?.kind, 'ServiceImport')
  await until('told', async () => {
    const status = (await importIn('west'))?.status
    const [ready] = status?.conditions ?? []
    return (
      status?.clusters?.map(({ cluster }) => cluster).join() === 'east' && ready?.status === 'True'
    )
  })
  await until('valid, exported, without conflict', async () => {
    const all = ['Valid', 'Ready', 'Conflict'].map(type => conditionOf('east', type))
    const told = (await Promise.all(all)).map(each => `${each?.status} ${each?.reason}`)
    return told.join() === 'True Valid,True Exported,False NoConflicts'
  })
  const id = await client('north').get(clusterProperty, 'cluster.clusterset.k8s.io')
  assert.deepEqual((id as KubernetesObject & { spec: object }).spec, { value: 'north' })
})

test('endpoints come and go everywhere, and what is changed or taken away is repaired', async () => {
  await client('east').patch(deployment, at, 'merge', { spec: { replicas: 3 } })
  await until('three', () => inAll(async name => (await sources(name)).length === 3))
  const before = (await importIn('north'))?.spec.ips
  const [slice] = await importedIn('north')
  await client('north').delete(endpointSlice, {
    name: slice?.metadata.name ?? '',
    namespace: SPACE,
  })
  await client('north').patch(serviceImport, at, 'merge', { spec: { type: 'Headless' } })
  await until('repaired', async () => {
    const isThere = (await sources('north')).length === 3
    return isThere && (await importIn('north'))?.spec.type === 'ClusterSetIP'
  })
  assert.deepEqual((await importIn('north'))?.spec.ips, before, 'the address stays')
})

test('a second export joins; ports are united, and who contradicts is told and not reached', async () => {
  const ports = [
    { name: 'http', port: 8080, targetPort: 80 },
    { name: 'metrics', port: 9090 },
  ]
  await export_('north', { ports }, { spec: { exportedLabels: { tier: 'front' } } })
  await until('united', () =>
    inAll(async name => {
      const spec = (await importIn(name))?.spec
      return (
        spec?.ports.map(({ name, port }) => `${name}:${port}`).join() === 'http:80,metrics:9090'
      )
    }),
  )
  for (const name of ['east', 'north'])
    await until(`conflicts are told in ${name}`, async () => {
      const told = await conditionOf(name, 'Conflict')
      return (
        told?.status === 'True' &&
        told.reason ===
          'PortConflict,SessionAffinityConflict,SessionAffinityConfigConflict,LabelsConflict'
      )
    })
  await until(
    'endpoints of both',
    async () => (await sources('west')).join() === 'east,east,east,north,north',
  )
  const portsOf = async (cluster: string) =>
    (await importedIn('west'))
      .filter(({ metadata }) => metadata.labels?.[SOURCE_CLUSTER] === cluster)
      .flatMap(slice => slice.ports?.map(({ name }) => name))
  assert.deepEqual(await portsOf('east'), ['http'])
  assert.deepEqual(await portsOf('north'), ['metrics'], 'its http is another one')
  await unexport('north')
  await until('one again', () =>
    inAll(async name => {
      const spec = (await importIn(name))?.spec
      return spec?.ports.length === 1 && (await sources(name)).join() === 'east,east,east'
    }),
  )
  await until(
    'no conflict',
    async () => (await conditionOf('east', 'Conflict'))?.status === 'False',
  )
})

test('a cluster that is away keeps what it has, and others what it exported; the host may be killed meanwhile', async () => {
  await export_('north')
  await until('both', () => inAll(async name => (await sources(name)).length === 5))
  const address = (await importIn('west'))?.spec.ips
  federation.member('east').way.cut()
  await federation.restartHost()
  await until(
    'it is known to be away, and its endpoints give way',
    async () => (await sources('west')).join() === 'north,north',
  )
  const { spec, status } = (await importIn('west')) ?? {}
  assert.deepEqual(spec?.ips, address)
  assert.deepEqual(
    status?.clusters?.map(({ cluster }) => cluster),
    ['east', 'north'],
  )
  assert.equal((await sources('east')).length, 5, 'it keeps what it has')
  await client('north').delete(serviceExport, at)
  await until('nobody else is left', async () => (await sources('north')).join() === '')
  assert.deepEqual((await importIn('west'))?.spec.ips, address, 'it may be back')
  federation.member('east').way.mend()
  await until('back', () => inAll(async name => (await sources(name)).join() === 'east,east,east'))
  assert.deepEqual((await importIn('west'))?.spec.ips, address)
  await client('north').delete(service, at)
})

test('without exports nothing is left, and neither where a Service is missing or has no endpoints of its own', async () => {
  await client('east').delete(service, at)
  await until('told that it is gone', async () => {
    const valid = await conditionOf('east', 'Valid')
    return valid?.status === 'False' && valid.reason === 'NoService'
  })
  const isGone = () =>
    inAll(async name => {
      const { items } = await client(name).list(service, { namespace: SPACE })
      const isClean = items.length === 0 && (await importedIn(name)).length === 0
      return isClean && (await importIn(name)) === undefined
    })
  await until('gone', isGone)
  await client('east').create(service, {
    metadata: at,
    spec: { type: 'ExternalName', externalName: 'example.com' },
  } as object)
  await until('of a wrong type', async () => {
    const valid = await conditionOf('east', 'Valid')
    return valid?.reason === 'InvalidServiceType'
  })
  await unexport('east')
  await until('still gone', isGone)
})

test('a headless one has no address, and keeps host names', async () => {
  await export_('west', { clusterIP: 'None' })
  await until('imported', () => inAll(async name => (await sources(name)).join() === 'west,west'))
  assert.equal((await importIn('east'))?.spec.type, 'Headless')
  assert.equal((await importIn('east'))?.spec.ips, undefined)
  const { items } = await client('east').list(service, { namespace: SPACE })
  assert.deepEqual(items, [])
  await unexport('west')
  await until('gone', () => inAll(async name => (await importIn(name)) === undefined))
})

test('its DNS knows the services of the clusterset by their names', async () => {
  const { clock } = federation
  const [log, random] = [silentLog, systemRandom]
  const informers = createInformers(client('north'), { clock, log, random })
  const dns = await startDns(
    { client: client('north'), informers, clock, random, log },
    {
      clusterDomain: 'cluster.local',
      listen: [{ address: '127.0.0.1', port: 0 }],
      upstreams: [],
    },
  )
  const resolver = new Resolver({ timeout: 5_000, tries: 1 })
  resolver.setServers([`127.0.0.1:${dns.ports[0]}`])
  const name = `web.${SPACE}.svc.clusterset.local`
  try {
    await export_('east')
    await until('found', async () => {
      const { ips } = (await importIn('north'))?.spec ?? {}
      return ips !== undefined && (await resolver.resolve4(name)).join() === ips.join()
    })
    const [record] = await resolver.resolveSrv(`_http._tcp.${name}`)
    assert.deepEqual([record?.name, record?.port], [name, 80])
    await unexport('east')
    await export_('west', { clusterIP: 'None' })
    await until('headless', async () => {
      const slices = await importedIn('north')
      const wanted = slices.flatMap(({ endpoints = [] }) =>
        endpoints.flatMap(each => each.addresses),
      )
      const [one] = wanted
      const host = `${one?.replaceAll('.', '-')}.west.${name}`
      return (
        wanted.length === 2 &&
        (await resolver.resolve4(name)).sort().join() === wanted.sort().join() &&
        (await resolver.resolve4(host)).join() === one
      )
    })
    await unexport('west')
    await until('gone', () =>
      resolver.resolve4(name).then(
        () => false,
        error => error.code === 'ENOTFOUND',
      ),
    )
  } finally {
    await dns.stop()
    informers.stop()
  }
})

test('only where the namespace is; what somebody else imported stays his, and that is told', async () => {
  await client('north').delete(namespace, { name: SPACE })
  await until('no namespace', () =>
    client('north')
      .get(namespace, SPACE)
      .then(
        () => false,
        () => true,
      ),
  )
  const theirs = { metadata: at, spec: { type: 'Headless', ports: [] } } as object
  await client('west').create(serviceImport, theirs)
  await export_('east')
  await until('imported', async () => (await sources('east')).length === 3)
  await until('told', async () => {
    const ready = await conditionOf('east', 'Ready')
    return ready?.status === 'False' && ready.message.startsWith('cluster west: ')
  })
  assert.equal((await importIn('west'))?.spec.type, 'Headless')
  assert.equal(await importIn('north'), undefined)
  await client('west').delete(serviceImport, at)
  await until('taken in', async () => (await sources('west')).length === 3)
  await until('told', async () => (await conditionOf('east', 'Ready'))?.status === 'True')
  await client('north').create(namespace, { metadata: { name: SPACE } })
  await until('there, too', async () => (await sources('north')).length === 3)
})

test('an export that is written on the host is placed, and a cluster that leaves is left alone', async () => {
  await unexport('east')
  await until('gone', () => inAll(async name => (await importIn(name)) === undefined))
  const host = federation.client
  await host.create(namespace, { metadata: { name: 'wide' } })
  const wide = { name: 'web', namespace: 'wide' }
  // Also where a cluster was slow to say that it is well when this was written.
  const annotations = { 'federation.kubernetes.io/deployment-preferences': EVENLY }
  await host.create(deployment, { ...web(3), metadata: { ...wide, annotations } } as object)
  await host.create(service, { ...front(), metadata: wide } as object)
  await host.create(serviceExport, { metadata: wide } as object)
  const wideIn = async (name: string) => {
    const { items } = await client(name).list(endpointSlice, {
      namespace: 'wide',
      labelSelector: 'multicluster.kubernetes.io/service-name=web',
    })
    const labels = items.flatMap(({ metadata, endpoints = [] }) =>
      endpoints.length === 0 ? [] : metadata.labels?.[SOURCE_CLUSTER],
    )
    return [...new Set(labels)].sort().join()
  }
  await until('everywhere', async () => {
    if (await inAll(async name => (await wideIn(name)) === 'east,north,west')) return true
    const { metadata } = await host.get(deployment, 'web', 'wide')
    const seen = await Promise.all(NAMES.map(wideIn))
    throw new Error(
      `${seen.join(' ')}; ${metadata.annotations?.['federation.kubernetes.io/placement']}`,
    )
  })
  const profile = { name: 'west', namespace: 'federation-system' }
  const takesPart = (is: string | null) =>
    host.patch(clusterProfileKind, profile, 'merge', {
      metadata: { labels: { 'federation.kubernetes.io/services': is } },
    })
  await takesPart('false')
  await until('west takes no part', async () => (await wideIn('east')) === 'east,north')
  await takesPart(null)
  await until('it does again', () =>
    inAll(async name => (await wideIn(name)) === 'east,north,west'),
  )
  await host.delete(clusterProfileKind, { name: 'north', namespace: 'federation-system' })
  await until(
    'the others do without',
    async () => (await wideIn('east')) === 'east,west' && (await wideIn('west')) === 'east,west',
  )
  assert.equal(await wideIn('north'), 'east,north,west', 'nobody may change it there any more')
})
