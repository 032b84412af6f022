import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Condition } from '#api/machinery/metadata.ts'
import type { ClusterProfile } from './cluster-profile.ts'
import { conditionsAfter, type Health, stateOf } from './health.ts'

const START = Date.parse('2026-05-01T12:00:00Z')
const unreachable: Health = { kind: 'unreachable', why: 'no way' }
const texts = (conditions: readonly Condition[] = []) =>
  conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`)
const profile = (conditions: readonly Condition[]) =>
  ({
    metadata: {},
    spec: { clusterManager: { name: 'x' } },
    status: { conditions },
  }) as unknown as ClusterProfile

test('conditions say what was found, in the words of the inventory and of Federation v1', () => {
  const well = conditionsAfter([], { kind: 'healthy' }, START) ?? []
  assert.deepEqual(texts(well), [
    'ControlPlaneHealthy=True ClusterReady',
    'Ready=True ClusterReady',
    'Offline=False ClusterReachable',
  ])
  assert.equal(conditionsAfter(well, { kind: 'healthy' }, START + 1), undefined, 'nothing new')
  const ill = conditionsAfter(well, { kind: 'unhealthy', why: '500' }, START + 5_000) ?? []
  assert.deepEqual(texts(ill), [
    'ControlPlaneHealthy=False ClusterNotReady',
    'Ready=False ClusterNotReady',
    'Offline=False ClusterReachable',
  ])
  const times = (of: readonly Condition[]) => of.map(each => each.lastTransitionTime)
  assert.deepEqual(times(ill), [
    '2026-05-01T12:00:05Z',
    '2026-05-01T12:00:05Z',
    '2026-05-01T12:00:00Z',
  ])
  const other = { ...(well[0] as Condition), type: 'Mine' }
  assert.ok(conditionsAfter([other], unreachable, START)?.includes(other), 'of others: kept')
})

test('a cluster that does not answer is given a while', () => {
  assert.deepEqual(stateOf(profile([]), START, 60_000), { state: 'Offline' })
  const well = conditionsAfter([], { kind: 'healthy' }, START) ?? []
  assert.deepEqual(stateOf(profile(well), START + 1e9, 60_000), { state: 'Ready' })
  const away = conditionsAfter(well, unreachable, START + 10_000) ?? []
  assert.deepEqual(stateOf(profile(away), START + 30_000, 60_000), {
    state: 'Unreachable',
    endsInMs: 40_000,
  })
  assert.deepEqual(stateOf(profile(away), START + 70_000, 60_000), { state: 'Offline' })
  const back = stateOf(profile(away), START - 1e9, 60_000)
  assert.deepEqual(back, { state: 'Unreachable', endsInMs: 60_000 }, 'a clock that was set back')
})
