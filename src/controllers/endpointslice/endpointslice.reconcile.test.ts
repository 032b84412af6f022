import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoints } from '#api/core/v1/endpoints.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { reconcile as reconcileEndpoints } from '../endpoints/endpoints.reconcile.ts'
import type { Write } from '../runner/controller.ts'
import { reconcile } from './endpointslice.reconcile.ts'

const NOW_MS = Date.UTC(2026, 0, 1)

function serviceOf(spec: object = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'a', uid: 's', labels: { team: 'x' } },
    spec: {
      clusterIP: '10.0.0.1',
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
      ...spec,
    },
    status: {},
  } as unknown as Service
}

function podOf(
  index: number,
  more: { ready?: boolean; deleting?: boolean; port?: number; spec?: object } = {},
) {
  const { ready = true, deleting = false, port = 8080 } = more
  return {
    metadata: {
      name: `p${index}`,
      namespace: 'a',
      uid: `p${index}`,
      ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }] }],
      ...more.spec,
    },
    status: {
      phase: 'Running',
      podIPs: [{ ip: `10.1.${index >> 8}.${index & 255}` }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  } as unknown as Pod
}

const many = (count: number, from = 0) => Array.from({ length: count }, (_, i) => podOf(from + i))

function look(service: Service, pods: Pod[], slices: EndpointSlice[] = []): Write[] {
  return reconcile({ service, pods, slices, zoneOf: () => 'z', nowMs: NOW_MS })
}

let made = 0
/** The slices after the writes. */
function after(slices: EndpointSlice[], writes: readonly Write[]): EndpointSlice[] {
  const result = new Map(slices.map(slice => [slice.metadata.name, slice]))
  for (const write of writes) {
    if (write.verb === 'create') {
      const name = `web-${made++}`
      const object = write.object as unknown as EndpointSlice
      result.set(name, { ...object, metadata: { ...object.metadata, name } })
    } else if (write.verb === 'update')
      result.set(write.object.metadata.name, write.object as unknown as EndpointSlice)
    else if (write.verb === 'delete') result.delete(write.object.metadata.name)
  }
  return [...result.values()]
}

const counts = (slices: EndpointSlice[]) => slices.map(({ endpoints }) => endpoints.length)

test('endpoints carry address, readiness, node, zone and pod', () => {
  const [slice] = after(
    [],
    look(serviceOf(), [podOf(1), podOf(2, { ready: false }), podOf(3, { deleting: true })]),
  )
  assert.ok(slice)
  assert.equal(slice.addressType, 'IPv4')
  assert.deepEqual(slice.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }])
  assert.deepEqual(slice.metadata.labels, {
    team: 'x',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  })
  assert.deepEqual(slice.endpoints[0], {
    addresses: ['10.1.0.1'],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', namespace: 'a', name: 'p1', uid: 'p1' },
    nodeName: 'n1',
    zone: 'z',
  })
  assert.deepEqual(
    slice.endpoints.map(({ conditions: { ready, serving, terminating } }) => [
      ready,
      serving,
      terminating,
    ]),
    [
      [true, true, false],
      [false, false, false],
      [false, true, true],
    ],
  )
})

test('a slice holds at most a hundred; endpoints stay where they are; nothing new is nothing written', () => {
  const service = serviceOf()
  let slices = after([], look(service, many(250)))
  assert.deepEqual(counts(slices), [100, 100, 50])
  assert.deepEqual(look(service, many(250), slices), [])
  const writes = look(service, many(249, 1), slices)
  assert.deepEqual(
    writes.map(({ verb }) => verb),
    ['update'],
  )
  slices = after(slices, writes)
  assert.deepEqual(counts(slices), [99, 100, 50])
  slices = after(slices, look(service, many(150, 1), slices))
  assert.deepEqual(counts(slices), [99, 51])
  slices = after(slices, look(service, [], slices))
  assert.deepEqual(counts(slices), [0], 'one empty slice says that there is nobody')
})

test('pods with other numbers for a named port have slices of their own', () => {
  const pods = [podOf(1), podOf(2, { port: 9090 })]
  const slices = after([], look(serviceOf(), pods))
  assert.deepEqual(slices.map(({ ports }) => ports[0]?.port).sort(), [8080, 9090])
})

test('publishNotReadyAddresses makes all ready; headless is labelled; host names are told', () => {
  const service = serviceOf({ publishNotReadyAddresses: true, clusterIP: 'None' })
  const pod = podOf(1, { ready: false, spec: { hostname: 'first', subdomain: 'web' } })
  const [slice] = after([], look(service, [pod]))
  assert.equal(slice?.endpoints[0]?.conditions.ready, true)
  assert.equal(slice?.endpoints[0]?.conditions.serving, false)
  assert.equal(slice?.endpoints[0]?.hostname, 'first')
  assert.equal(slice?.metadata.labels?.['service.kubernetes.io/headless'], '')
})

test('Endpoints part ready from not ready addresses and leave out those that end', () => {
  const pods = [podOf(1), podOf(2, { ready: false }), podOf(3, { deleting: true })]
  const service = serviceOf()
  const world = { service, pods, existing: undefined, nowMs: NOW_MS }
  const [write] = reconcileEndpoints(world)
  assert.ok(write?.verb === 'create')
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the written object
  const object = write.object as any
  assert.deepEqual(object.subsets, [
    {
      addresses: [
        {
          ip: '10.1.0.1',
          nodeName: 'n1',
          targetRef: { kind: 'Pod', namespace: 'a', name: 'p1', uid: 'p1' },
        },
      ],
      notReadyAddresses: [
        {
          ip: '10.1.0.2',
          nodeName: 'n1',
          targetRef: { kind: 'Pod', namespace: 'a', name: 'p2', uid: 'p2' },
        },
      ],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    },
  ])
  assert.deepEqual(reconcileEndpoints({ ...world, existing: object }), [])
})

test('Endpoints tell with each port who offers it, and ports together that the very same offer', () => {
  const ports = [
    { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' },
    { name: 'fixed', port: 81, targetPort: 8081, protocol: 'TCP' },
    { name: 'also', port: 82, targetPort: 8082, protocol: 'TCP' },
  ]
  const plain = podOf(3, { spec: { containers: [{ name: 'c' }] } })
  const pods = [podOf(1), podOf(2, { ready: false }), plain]
  const [write] = reconcileEndpoints({
    service: serviceOf({ ports }),
    pods,
    existing: undefined,
    nowMs: NOW_MS,
  })
  assert.ok(write?.verb === 'create')
  const { subsets = [] } = write.object as Endpoints
  const told = subsets.map(({ addresses = [], notReadyAddresses = [], ports: offered = [] }) => [
    addresses.map(({ targetRef }) => targetRef?.name),
    notReadyAddresses.map(({ targetRef }) => targetRef?.name),
    offered.map(({ name }) => name),
  ])
  assert.deepEqual(told, [
    [['p1'], ['p2'], ['http']],
    [['p1', 'p3'], ['p2'], ['fixed', 'also']],
  ])
})

test('what a Service prefers is a hint at each endpoint that is ready', () => {
  const hintsFor = (trafficDistribution: string | undefined, zone: string | undefined) => {
    const service = serviceOf(trafficDistribution ? { trafficDistribution } : {})
    const pods = [podOf(1), podOf(2, { ready: false })]
    const writes = reconcile({ service, pods, slices: [], zoneOf: () => zone, nowMs: NOW_MS })
    const [made] = after([], writes)
    return made?.endpoints?.map(({ hints }) => hints)
  }
  const zones = { forZones: [{ name: 'z' }] }
  const nodes = { forNodes: [{ name: 'n1' }] }
  assert.deepEqual(hintsFor(undefined, 'z'), [undefined, undefined])
  assert.deepEqual(hintsFor('PreferClose', 'z'), [zones, undefined])
  assert.deepEqual(hintsFor('PreferSameZone', 'z'), [zones, undefined])
  assert.deepEqual(hintsFor('PreferSameZone', undefined), [undefined, undefined])
  assert.deepEqual(hintsFor('PreferSameNode', 'z'), [{ ...zones, ...nodes }, undefined])
  assert.deepEqual(hintsFor('PreferSameNode', undefined), [nodes, undefined])
})
