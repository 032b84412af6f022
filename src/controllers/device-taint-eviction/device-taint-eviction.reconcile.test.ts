import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { DeviceTaintRule } from '#api/resource/v1alpha3/device-taint-rule.ts'
import { deviceTaintRule } from '#api/resource/v1beta2/device-taint-rule.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { podEviction, reconcilePod } from './device-taint-eviction.reconcile.pod.ts'
import { reconcileRule } from './device-taint-eviction.reconcile.rule.ts'

const NOW = '2026-01-01T00:00:00Z'
const NOW_MS = Date.parse(NOW)

interface State {
  readonly node?: string
  readonly uses?: string[]
  readonly deleting?: boolean
  readonly planned?: boolean
  /** By name: the devices of each claim, with tolerations, and for whom it is reserved. */
  readonly claims?: Record<string, { devices: object[]; user?: string; owner?: string }>
  readonly slices?: { pool?: string; generation?: number; devices: object[] }[]
  readonly rules?: Record<string, object>
}

const claimOf = (
  name: string,
  { devices, user = 'p', owner = '' }: NonNullable<State['claims']>[string],
): ResourceClaim =>
  ({
    metadata: {
      name,
      namespace: 'a',
      ...(owner ? { ownerReferences: [{ uid: owner, controller: true }] } : {}),
    },
    status: {
      reservedFor: [{ resource: 'pods', name: user, uid: user }],
      allocation: {
        devices: { results: devices.map(device => ({ driver: 'gpu', pool: 'one', ...device })) },
      },
    },
  }) as unknown as ResourceClaim

const slicesOf = ({ slices = [] }: State): ResourceSlice[] =>
  slices.map(
    ({ pool = 'one', generation = 1, devices }) =>
      ({ spec: { driver: 'gpu', pool: { name: pool, generation }, devices } }) as never,
  )

const rulesOf = ({ rules = {} }: State): DeviceTaintRule[] =>
  Object.entries(rules).map(([name, spec]) => ({ metadata: { name }, spec }) as never)

testScenarios<State>(new URL('device-taint-eviction.pod.scenarios.txt', import.meta.url), state => {
  const { node = 'n1', uses = ['c'], claims = {}, deleting, planned = false } = state
  const pod = {
    metadata: {
      name: 'p',
      namespace: 'a',
      uid: 'p',
      ...(deleting ? { deletionTimestamp: NOW } : {}),
    },
    spec: {
      ...(node === 'none' ? {} : { nodeName: node }),
      resourceClaims: uses.map(name => ({ name, resourceClaimName: name })),
    },
    status: {},
  } as unknown as Pod
  const slices = slicesOf(state)
  const eviction = podEviction({
    pod,
    claimNamed: name => claims[name] && claimOf(name, claims[name]),
    slicesOf: (driver, pool) =>
      slices.filter(({ spec }) => spec.driver === driver && spec.pool.name === pool),
    rules: rulesOf(state),
  })
  const because = eviction?.rules.length ? [`because of ${eviction.rules.join()}`] : []
  const outcome = reconcilePod(pod, eviction, { wasToGo: planned, nowMs: NOW_MS })
  return [...showOutcome(outcome, undefined), ...because]
})

interface RuleState {
  readonly effect: string
  readonly told?: object
  readonly pods?: number
  readonly namespaces?: number
  readonly published?: number
  readonly allocated?: number
  readonly evicted?: number
}

testScenarios<RuleState>(
  new URL('device-taint-eviction.rule.scenarios.txt', import.meta.url),
  ({ effect, told, pods = 0, namespaces = 0, published = 0, allocated = 0, evicted = 0 }) => {
    const rule = {
      metadata: { name: 'r', uid: 'u', generation: 2 },
      spec: { taint: { key: 'broken', effect } },
      status: told
        ? { conditions: [{ type: 'EvictionInProgress', observedGeneration: 2, ...told }] }
        : {},
    } as unknown as DeviceTaintRule
    const outcome = reconcileRule({
      kind: deviceTaintRule,
      rule,
      pending: () => ({ pods, namespaces }),
      selected: () => ({ published, allocated }),
      evicted,
      nowMs: NOW_MS,
    })
    return showOutcome(outcome, undefined)
  },
)
