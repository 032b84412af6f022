import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { AnyObject } from '../runner/controller.ts'
import { canonical } from '../runner/json.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { baseName } from './resourceclaim.make.ts'
import { reconcileClaim } from './resourceclaim.reconcile.claim.ts'
import { reconcileGroup } from './resourceclaim.reconcile.group.ts'
import { reconcilePod } from './resourceclaim.reconcile.pod.ts'

const NOW = '2026-01-01T00:00:00Z'

interface PodState {
  readonly uid?: string
  readonly node?: string
  readonly phase?: string
  readonly deleting?: boolean
  readonly claims?: object[]
  readonly told?: object[]
}
interface GroupState {
  readonly uid?: string
  readonly deleting?: boolean
  readonly claims?: object[]
  readonly told?: object[]
}
interface ClaimState {
  readonly owner?: string
  /** Of the owner; Pod if absent. */
  readonly kind?: string
  readonly entry?: string
  readonly finalizers?: string[]
  readonly deleting?: boolean
  readonly allocated?: boolean
  readonly users?: object[]
}

const podOf = (name: string, state: PodState): Pod =>
  ({
    metadata: {
      name,
      namespace: 'a',
      uid: state.uid ?? name,
      ...(state.deleting ? { deletionTimestamp: NOW } : {}),
    },
    spec: {
      nodeName: state.node,
      resourceClaims: state.claims,
      schedulingGroup: { podGroupName: 'g' },
    },
    status: { phase: state.phase ?? 'Pending', resourceClaimStatuses: state.told },
  }) as unknown as Pod

const groupOf = (name: string, state: GroupState): PodGroup =>
  ({
    metadata: {
      name,
      namespace: 'a',
      uid: state.uid ?? name,
      ...(state.deleting ? { deletionTimestamp: NOW } : {}),
    },
    spec: { resourceClaims: state.claims },
    status: { resourceClaimStatuses: state.told },
  }) as unknown as PodGroup

const claimOf = (name: string, state: ClaimState): ResourceClaim => {
  const { kind = 'Pod', owner: uid } = state
  const owner = kind === 'Pod' ? 'p' : 'g'
  const reference = { apiVersion: 'v1', kind, name: owner, uid, controller: true }
  return {
    metadata: {
      name,
      namespace: 'a',
      uid: name,
      finalizers: state.finalizers,
      annotations: state.entry ? { 'resource.kubernetes.io/pod-claim-name': state.entry } : {},
      ...(state.owner ? { ownerReferences: [reference] } : {}),
      ...(state.deleting ? { deletionTimestamp: NOW } : {}),
    },
    spec: { devices: {} },
    status: {
      ...(state.allocated ? { allocation: { devices: { results: [] } } } : {}),
      ...(state.users ? { reservedFor: state.users } : {}),
    },
  } as unknown as ResourceClaim
}

const mapOf = <T, R>(
  states: Readonly<Record<string, T>> = {},
  make: (name: string, state: T) => R,
) => new Map(Object.entries(states).map(([name, state]) => [name, make(name, state ?? ({} as T))]))

const templateIn = (templates: Record<string, object>) => (name: string) =>
  templates[name] &&
  ({ metadata: { name }, spec: templates[name] } as unknown as ResourceClaimTemplate)

const shownClaim = (object: AnyObject) => ` ${canonical({ ...object.metadata, spec: object.spec })}`

interface State {
  readonly pod: PodState
  /** The group `g` that the pod is of; `awaited` if it is not there. */
  readonly group?: GroupState | 'awaited'
  readonly claims?: Record<string, ClaimState>
  readonly templates?: Record<string, object>
}

testScenarios<State>(
  new URL('resourceclaim.pod.scenarios.txt', import.meta.url),
  ({ pod, group, claims, templates = {} }) => {
    const known = mapOf(claims, claimOf)
    const outcome = reconcilePod({
      pod: podOf('p', pod),
      group: typeof group === 'object' ? groupOf('g', group) : group,
      claimNamed: name => known.get(name),
      ownClaims: [...known.values()].filter(
        ({ metadata }) => metadata.ownerReferences?.[0]?.uid === 'p',
      ),
      templateNamed: templateIn(templates),
    })
    return showOutcome(outcome, undefined, shownClaim)
  },
)

testScenarios<{ group: GroupState } & Omit<State, 'pod' | 'group'>>(
  new URL('resourceclaim.group.scenarios.txt', import.meta.url),
  ({ group, claims, templates = {} }) => {
    const known = mapOf(claims, claimOf)
    const outcome = reconcileGroup({
      group: groupOf('g', group),
      claimNamed: name => known.get(name),
      ownClaims: [...known.values()].filter(
        ({ metadata }) => metadata.ownerReferences?.[0]?.uid === 'g',
      ),
      templateNamed: templateIn(templates),
    })
    return showOutcome(outcome, undefined, shownClaim)
  },
)

interface ClaimScenario {
  readonly claim: ClaimState
  readonly pods?: Record<string, PodState>
  readonly groups?: Record<string, GroupState>
  /** Those that only the server knows. */
  readonly unseen?: Record<string, PodState>
}

testScenarios<ClaimScenario>(
  new URL('resourceclaim.claim.scenarios.txt', import.meta.url),
  ({ claim, pods, groups, unseen }) => {
    const before = claimOf('c', claim)
    const seen = mapOf(pods, podOf)
    const others = mapOf(unseen, podOf)
    const known = groups && mapOf(groups, groupOf)
    const outcome = reconcileClaim({
      claim: before,
      seenPod: name => seen.get(name),
      podNamed: name => seen.get(name) ?? others.get(name),
      groupNamed: known && (name => known.get(name)),
    })
    return showOutcome(outcome, before as unknown as AnyObject).map((line, index) => {
      const write = outcome.writes[index]
      if (write?.verb !== 'update' || write.subresource) return line
      return `${line}finalizers=${canonical(write.object.metadata.finalizers)}`
    })
  },
)

test('of names that are too long together, something of both is left', () => {
  assert.equal(baseName('web', 'gpu'), 'web-gpu-')
  const long = baseName('p'.repeat(63), 'gpu')
  assert.equal(long, `${'p'.repeat(52)}-gp`)
  const both = baseName('p'.repeat(60), 'c'.repeat(63))
  assert.match(both, /^p{27}-c{28}$/)
  assert.ok(baseName('p'.repeat(253), 'c'.repeat(63)).length <= 57)
})
