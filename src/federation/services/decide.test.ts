import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { type Action, type ClusterView, decideService, MAXIMUM_SLICES } from './decide.ts'
import type { ServiceExport, ServiceImport } from './kinds.ts'

const UID = 'f'
const at = { name: 'web', namespace: 'shop' }
const NOW = Date.parse('2026-01-01T00:00:00Z')

const cluster = (name: string, more: Partial<ClusterView> = {}): ClusterView => ({
  ...{ name, state: 'Ready', isKnown: true, hasNamespace: true, slices: [], imported: [] },
  ...more,
})
const endpoint = (address: string, ready = true) => ({
  ...{ addresses: [address], conditions: { ready }, nodeName: 'node', targetRef: { name: 'pod' } },
})
const slice = (name: string, ...endpoints: object[]) =>
  ({
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints,
  }) as unknown as EndpointSlice
const exporting = (second: number, ...slices: EndpointSlice[]): Partial<ClusterView> => ({
  serviceExport: {
    metadata: { ...at, generation: 1, creationTimestamp: `2025-01-01T00:00:0${second}Z` },
  } as unknown as ServiceExport,
  service: {
    metadata: at,
    spec: {
      clusterIP: '10.96.0.1',
      ipFamilies: ['IPv4'],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    },
  } as unknown as Service,
  slices,
})

const decide = (clusters: readonly ClusterView[]) =>
  decideService({ uid: UID, ...at, clusters, nowMs: NOW }).actions

function nameOf(action: Action): string {
  switch (action.verb) {
    case 'create':
    case 'apply':
      return `${action.verb} ${action.kind.kind}`
    case 'delete':
      return `delete ${action.kind.kind}`
    case 'tell':
      return `tell ${action.kind.kind}`
  }
}
const names = (clusters: readonly ClusterView[], of: string) =>
  (decide(clusters).get(of) ?? []).map(nameOf)

/** Carries out what is decided, as clusters would, until nothing is left to do. */
function settle(views: readonly ClusterView[]): ClusterView[] {
  let clusters = [...views]
  for (let round = 0; round < 10; round++) {
    const all = decide(clusters)
    if (all.size === 0) return clusters
    clusters = clusters.map(view => (all.get(view.name) ?? []).reduce(after, view))
  }
  assert.fail(`it goes round in circles: ${JSON.stringify([...decide(clusters)])}`)
}

function after(view: ClusterView, action: Action): ClusterView {
  const { kind } = action.kind
  if (action.verb === 'tell') {
    if (kind === 'ServiceExport')
      return {
        ...view,
        serviceExport: { ...action.object, status: action.status } as ServiceExport,
      }
    const serviceImport = { ...view.serviceImport, status: action.status } as ServiceImport
    return { ...view, serviceImport }
  }
  const object = action.verb === 'delete' ? action.copy : action.desired
  const next = action.verb === 'delete' ? undefined : object
  if (kind === 'ServiceImport')
    return { ...view, serviceImport: next && (withUid(next, view.serviceImport) as ServiceImport) }
  if (kind === 'Service') {
    const { spec } = object as Service
    const address = { clusterIPs: [`10.96.0.${view.name.charCodeAt(0)}`], ipFamilies: ['IPv4'] }
    return { ...view, derived: next && ({ ...next, spec: { ...address, ...spec } } as Service) }
  }
  const others = view.imported.filter(({ metadata }) => metadata.name !== object.metadata.name)
  return { ...view, imported: next ? [...others, next as EndpointSlice] : others }
}

const withUid = (object: KubernetesObject, before: KubernetesObject | undefined) => {
  const { status } = (before ?? {}) as { status?: object }
  return { ...object, metadata: { ...object.metadata, uid: 'u', generation: 1 }, status }
}

const endpointsOf = ({ imported }: ClusterView) =>
  imported
    .flatMap(({ metadata, endpoints = [] }) =>
      endpoints.map(
        ({ addresses }) =>
          `${metadata.labels?.['multicluster.kubernetes.io/source-cluster']} ${addresses[0]}`,
      ),
    )
    .sort()

const two = () =>
  settle([
    cluster('a', exporting(1, slice('s1', endpoint('10.1.0.1')))),
    cluster('b', exporting(2, slice('s1', endpoint('10.2.0.1')))),
    cluster('c'),
  ])

test('step by step each cluster gets import, address and endpoints, and then nothing more', () => {
  const views = [cluster('a', exporting(1, slice('s1', endpoint('10.1.0.1')))), cluster('b')]
  assert.deepEqual(names(views, 'a'), ['create ServiceImport', 'tell ServiceExport'])
  assert.deepEqual(names(views, 'b'), ['create ServiceImport'])
  const [a, b] = settle(views)
  assert.deepEqual(a?.serviceImport?.spec.ips, ['10.96.0.97'])
  assert.deepEqual(b?.serviceImport?.spec.ips, ['10.96.0.98'], 'each has its own')
  assert.deepEqual(b?.serviceImport?.status?.clusters, [{ cluster: 'a' }])
  const [ours] = a?.imported ?? []
  const [theirs] = b?.imported ?? []
  assert.equal(ours?.endpoints?.[0]?.nodeName, 'node')
  assert.equal(theirs?.endpoints?.[0]?.nodeName, undefined)
  assert.equal(theirs?.endpoints?.[0]?.targetRef, undefined)
  assert.equal(theirs?.metadata.labels?.['kubernetes.io/service-name'], b?.derived?.metadata.name)
})

test('who is away keeps what it has, and others keep what it exports', () => {
  const [a, b, c] = two() as [ClusterView, ClusterView, ClusterView]
  const away = { ...a, state: 'Unreachable' as const }
  const more = { ...b, slices: [slice('s1', endpoint('10.2.0.1'), endpoint('10.2.0.2'))] }
  const [nowA, , nowC] = settle([away, more, c])
  assert.deepEqual(endpointsOf(nowA as ClusterView), endpointsOf(a))
  assert.deepEqual(endpointsOf(nowC as ClusterView), ['a 10.1.0.1', 'b 10.2.0.1', 'b 10.2.0.2'])
})

test('endpoints of a cluster that is taken for dead give way to others, if there are any', () => {
  const [a, b, c] = two() as [ClusterView, ClusterView, ClusterView]
  const dead = { ...a, state: 'Offline' as const }
  const [, , withOthers] = settle([dead, b, c])
  assert.deepEqual(endpointsOf(withOthers as ClusterView), ['b 10.2.0.1'])
  const [, , alone] = settle([
    dead,
    { ...b, slices: [slice('s1', endpoint('10.2.0.1', false))] },
    c,
  ])
  assert.deepEqual(endpointsOf(alone as ClusterView), ['a 10.1.0.1', 'b 10.2.0.1'])
})

test('where nobody has seen an exporter yet, what came of it stays', () => {
  const [, b, c] = two() as [ClusterView, ClusterView, ClusterView]
  const unseen = cluster('a', { isKnown: false, state: 'Unreachable', hasNamespace: false })
  const { serviceExport: _, service: __, ...gone } = { ...b, slices: [] }
  const [, , nowC] = settle([unseen, gone, c]) as [ClusterView, ClusterView, ClusterView]
  assert.deepEqual(endpointsOf(nowC), ['a 10.1.0.1'])
  assert.deepEqual(nowC.serviceImport?.spec, c.serviceImport?.spec)
  // One that is no member any more has nothing to come back to.
  const [, left] = settle([gone, c]) as [ClusterView, ClusterView]
  assert.equal(left.serviceImport, undefined)
  assert.deepEqual([left.derived, left.imported], [undefined, []])
})

test('only where the namespace is, and never over what is somebody else’s', () => {
  const [a] = two() as [ClusterView]
  assert.deepEqual(names([a, cluster('b', { hasNamespace: false })], 'b'), [])
  const theirs = { metadata: at, spec: { type: 'Headless', ports: [] } } as unknown as ServiceImport
  const foreign = cluster('b', { serviceImport: theirs })
  assert.deepEqual(names([a, foreign], 'b'), ['create ServiceImport'], 'which fails, and tells why')
  assert.deepEqual(names([cluster('a'), foreign], 'b'), [])
})

test('exports are told what is wrong', () => {
  const told = (view: ClusterView, ...others: ClusterView[]) => {
    const [after] = settle([view, ...others])
    const { conditions = [] } = after?.serviceExport?.status ?? {}
    return conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`)
  }
  const { serviceExport } = exporting(1) as { serviceExport: ServiceExport }
  assert.deepEqual(told(cluster('a', { serviceExport })), [
    'Valid False NoService',
    'Ready False Failed',
    'Conflict False NoConflicts',
  ])
  const failing = cluster('b', { failure: 'full', hasNamespace: false })
  assert.equal(told(cluster('a', exporting(1)), failing)[1], 'Ready False Failed')
  assert.equal(told(cluster('a.b', exporting(1)))[1], 'Ready False Failed')
  const many = Array.from({ length: MAXIMUM_SLICES + 1 }, (_, at) => slice(`s${at}`))
  const [full] = settle([cluster('a', exporting(1, ...many))])
  assert.equal(full?.imported.length, MAXIMUM_SLICES)
  const headless = exporting(2) as { service: Service }
  const spec = { ...headless.service.spec, clusterIP: 'None' }
  const second = cluster('b', { ...headless, service: { ...headless.service, spec } })
  assert.equal(told(cluster('a', exporting(1)), second)[2], 'Conflict True TypeConflict')
})

test('a service that becomes headless loses its address', () => {
  const [a] = two() as [ClusterView]
  const { service } = a as { service: Service }
  const headless = { ...service, spec: { ...service.spec, clusterIP: 'None' } }
  const [now] = settle([{ ...a, service: headless }]) as [ClusterView]
  assert.equal(now.derived, undefined)
  assert.equal(now.serviceImport?.spec.ips, undefined)
  const [imported] = now.imported
  assert.equal(imported?.metadata.labels?.['kubernetes.io/service-name'], undefined)
})
