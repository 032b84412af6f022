/** The part of a federation's life that is about Services across clusters: exports come and go in clusters, and each is imported by all. */
import assert from 'node:assert/strict'
import { type Service, service } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Client } from '#client/client.ts'
import {
  SERVICE_NAME,
  type ServiceExport,
  type ServiceImport,
  SOURCE_CLUSTER,
  serviceExport,
  serviceImport,
} from '../../src/federation/services/kinds.ts'

const quietly = (work: Promise<unknown>) =>
  work.catch(error => {
    if (!isStatus(error)) throw error
  })

export interface Happening {
  readonly client: Client
  readonly at: { readonly name: string; readonly namespace: string }
  readonly below: (bound: number) => number
}

/** In one cluster; tells what. */
export async function somethingExported({ client, at, below }: Happening): Promise<string> {
  switch (below(5)) {
    case 0:
    case 1: {
      const port = 80 + below(2)
      const isHeadless = below(4) === 0
      const spec = {
        selector: { app: at.name },
        ports: [{ name: 'http', port, targetPort: 80 }],
        ...(isHeadless ? { clusterIP: 'None' } : {}),
      }
      await quietly(client.create(service, { metadata: at, spec } as object))
      await quietly(client.create(serviceExport, { metadata: at } as object))
      return `export ${at.name} at ${port}${isHeadless ? ', headless' : ''}`
    }
    case 2:
      await quietly(client.delete(serviceExport, at))
      return `unexport ${at.name}`
    case 3:
      await quietly(client.delete(service, at))
      return `delete service ${at.name}`
    default:
      await quietly(client.delete(serviceImport, at))
      await quietly(
        client.deleteAll(endpointSlice, {
          namespace: at.namespace,
          labelSelector: `${SERVICE_NAME}=${at.name}`,
        }),
      )
      return `delete what was imported of ${at.name}`
  }
}

interface Seen {
  readonly cluster: string
  readonly exports: readonly ServiceExport[]
  readonly imports: readonly ServiceImport[]
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
}

/** Throws what is not as it must be. */
export async function judgeServices(
  clients: ReadonlyMap<string, Client>,
  namespace: string,
): Promise<void> {
  const seen = await Promise.all(
    [...clients].map(async ([cluster, client]): Promise<Seen> => {
      const all = { namespace }
      return {
        cluster,
        exports: (await client.list(serviceExport, all)).items as unknown as ServiceExport[],
        imports: (await client.list(serviceImport, all)).items as unknown as ServiceImport[],
        services: (await client.list(service, all)).items,
        slices: (await client.list(endpointSlice, all)).items,
      }
    }),
  )
  const names = new Set(
    seen.flatMap(({ exports, imports }) => [...exports, ...imports].map(nameOf)),
  )
  for (const { cluster, services, slices } of seen) {
    for (const { metadata } of services)
      if (metadata.labels?.[SERVICE_NAME])
        assert.ok(names.has(metadata.labels[SERVICE_NAME]), `${cluster} has ${metadata.name}`)
    for (const { metadata } of slices)
      if (metadata.labels?.[SERVICE_NAME])
        assert.ok(names.has(metadata.labels[SERVICE_NAME]), `${cluster} has ${metadata.name}`)
  }
  for (const name of names) judgeService(name, seen)
}

const nameOf = ({ metadata }: KubernetesObject) => metadata.name ?? ''
const isFor = (name: string) => (slice: EndpointSlice) =>
  slice.metadata.labels?.[SERVICE_NAME] === name

function judgeService(name: string, seen: readonly Seen[]): void {
  const exporters = seen
    .flatMap(({ cluster, exports, services, slices }) => {
      const exported = exports.find(each => nameOf(each) === name)
      const its = services.find(each => nameOf(each) === name)
      if (!exported) return []
      assert.equal(
        exported.status?.conditions?.find(({ type }) => type === 'Valid')?.status,
        its ? 'True' : 'False',
        `${cluster}: whether the export of ${name} is valid`,
      )
      const own = slices.filter(
        ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name,
      )
      return its ? [{ cluster, exported, its, own }] : []
    })
    .sort(
      (one, other) =>
        Date.parse(one.exported.metadata.creationTimestamp ?? '') -
          Date.parse(other.exported.metadata.creationTimestamp ?? '') ||
        (one.cluster < other.cluster ? -1 : 1),
    )
  const [oldest] = exporters
  for (const { cluster, imports, services, slices } of seen) {
    const what = `${name} in ${cluster}`
    const imported = imports.find(each => nameOf(each) === name)
    const theirs = slices.filter(isFor(name))
    if (!oldest) {
      assert.equal(imported, undefined, `${what} is imported, and nobody exports it`)
      assert.equal(theirs.length, 0, `${what} has endpoints, and nobody exports it`)
      continue
    }
    const isHeadless = oldest.its.spec.clusterIP === 'None'
    assert.equal(imported?.spec.type, isHeadless ? 'Headless' : 'ClusterSetIP', `${what}: type`)
    assert.deepEqual(
      imported?.spec.ports.map(({ port }) => port),
      oldest.its.spec.ports?.map(({ port }) => port),
      `${what}: ports`,
    )
    const derived = services.find(({ metadata }) => metadata.labels?.[SERVICE_NAME] === name)
    assert.equal(
      imported?.spec.ips?.join(),
      isHeadless ? undefined : derived?.spec.clusterIPs?.join(),
      `${what}: address`,
    )
    assert.equal(derived === undefined, isHeadless, `${what}: derived`)
    assert.deepEqual(
      imported?.status?.clusters?.map(each => each.cluster),
      exporters.map(each => each.cluster).sort(),
      `${what}: clusters`,
    )
    for (const { cluster: source, its, own } of exporters) {
      const agrees: boolean = its.spec.ports?.[0]?.port === oldest.its.spec.ports?.[0]?.port
      const got = theirs.filter(({ metadata }) => metadata.labels?.[SOURCE_CLUSTER] === source)
      const wanted: string[] = agrees ? addressesIn(own) : []
      assert.deepEqual(addressesIn(got), wanted, `${what}: endpoints of ${source}`)
    }
    const sources = new Set(theirs.map(({ metadata }) => metadata.labels?.[SOURCE_CLUSTER] ?? ''))
    for (const source of sources)
      assert.ok(
        exporters.some(each => each.cluster === source),
        `${what}: of ${source}`,
      )
  }
}

const addressesIn = (slices: readonly EndpointSlice[]): string[] =>
  slices
    .flatMap(({ endpoints = [], ports = [] }) =>
      ports.length === 0 ? [] : endpoints.flatMap(({ addresses }) => addresses),
    )
    .sort()
