import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { ServiceExport } from './kinds.ts'
import { byAge, type Exporter, isOffered, mergeServices } from './merge.ts'

const http = { name: 'http', port: 80, protocol: 'TCP' }

function exporter(
  cluster: string,
  second: number,
  spec: object = {},
  exported: object = {},
): Exporter {
  const creationTimestamp = `2026-01-01T00:00:0${second}Z`
  return {
    cluster,
    serviceExport: { metadata: { creationTimestamp }, spec: exported } as unknown as ServiceExport,
    service: {
      metadata: {},
      spec: { ports: [http], clusterIP: '10.0.0.1', ipFamilies: ['IPv4'], ...spec },
    } as unknown as Service,
  }
}

const merge = (...exporters: Exporter[]) => {
  const outcome = mergeServices([...exporters].sort(byAge))
  return {
    ...outcome?.merged,
    ports: outcome?.merged.ports.map(({ name = '', port }) => `${name}:${port}`).join(),
    conflicts: outcome?.conflicts.map(({ reason }) => reason).join(),
  }
}

test('what agrees is one service without conflicts, and nobody exports nothing', () => {
  const { type, ports, conflicts } = merge(exporter('a', 1), exporter('b', 2))
  assert.deepEqual([type, ports, conflicts], ['ClusterSetIP', 'http:80', ''])
  assert.equal(mergeServices([]), undefined)
})

test('the oldest export wins, and of two of one moment the first by name', () => {
  const young = exporter('a', 2, { clusterIP: 'None', sessionAffinity: 'ClientIP' })
  const old = exporter('b', 1, { sessionAffinity: 'None' }, { exportedLabels: { a: '1' } })
  const { type, traffic, labels, conflicts } = merge(young, old)
  assert.equal(type, 'ClusterSetIP')
  assert.deepEqual(traffic, { sessionAffinity: 'None' })
  assert.deepEqual(labels, { a: '1' })
  assert.equal(conflicts, 'TypeConflict,SessionAffinityConflict,LabelsConflict')
  assert.equal(merge(exporter('b', 1), exporter('a', 1, { clusterIP: 'None' })).type, 'Headless')
})

test('ports are united where a Service may have them all', () => {
  const cases: [object[], string][] = [
    [[{ name: 'more', port: 90, protocol: 'TCP' }], 'http:80,more:90'],
    [[{ name: 'http', port: 81, protocol: 'TCP' }], 'http:80'],
    [[{ name: 'web', port: 80, protocol: 'TCP' }], 'http:80'],
    [[{ name: 'web', port: 80, protocol: 'UDP' }], 'http:80,web:80'],
    [[{ port: 90, protocol: 'TCP' }], 'http:80'],
  ]
  for (const [ports, united] of cases) {
    const outcome = merge(exporter('a', 1), exporter('b', 2, { ports }))
    assert.deepEqual([outcome.ports, outcome.conflicts], [united, 'PortConflict'])
  }
})

test('families are united, and those who have fewer are a conflict', () => {
  const both = exporter('b', 2, { ipFamilies: ['IPv6', 'IPv4'] })
  const { ipFamilies, conflicts } = merge(exporter('a', 1), both)
  assert.deepEqual([ipFamilies, conflicts], [['IPv4', 'IPv6'], 'IPFamilyConflict'])
  const other = exporter('a', 1, { ipFamilies: ['IPv4', 'IPv6'] })
  assert.equal(merge(other, both).conflicts, '', 'the order is each cluster’s own')
})

test('words of the federation and of the API are not exported', () => {
  const exportedLabels = { 'federation.kubernetes.io/placed-by': 'me', tier: 'front' }
  const exportedAnnotations = { 'multicluster.kubernetes.io/derived-service': 'mine', a: 'b' }
  const { labels, annotations } = merge(
    exporter('a', 1, {}, { exportedLabels, exportedAnnotations }),
  )
  assert.deepEqual([labels, annotations], [{ tier: 'front' }, { a: 'b' }])
})

test('endpoints of a port that lost are not offered', () => {
  const { service } = exporter('a', 1)
  assert.equal(isOffered('http', service, [http]), true)
  assert.equal(isOffered('http', service, [{ ...http, port: 81 }]), false)
  assert.equal(isOffered('other', service, [http]), false)
})
