/** Decisions that are carried out come to rest, whatever the clusters were like, and what they come to is a plan that holds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deployment } from '#api/apps/v1/deployment.ts'
import { everything, parseLabelSelector } from '#api/machinery/label-selector.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { Preferences } from '../placement/preferences.ts'
import { type ClusterView, type Decision, decide, type Remembered } from './decide.ts'
import { builtInKinds, type FederatedKind } from './federated-kinds.ts'

const RUNS = Number(process.env.LIVES ?? 500)
const NAMES = ['a', 'b', 'c', 'd']
/** In one, what cannot run is seen; in the next, others get it; and once more for what that leads to. */
const MOST_ROUNDS = 12
const kind = builtInKinds.find(each => each.kind === deployment) as FederatedKind

/** A cluster as it is, not as it is seen. */
interface Place {
  readonly state: ClusterView['state']
  readonly isSynced: boolean
  readonly room: number
  readonly isBlocked: boolean
  replicas: number | undefined
  copy?: KubernetesObject
}

const place: fc.Arbitrary<Place> = fc.record({
  state: fc.constantFrom('Ready', 'Ready', 'Ready', 'Unreachable', 'Offline'),
  isSynced: fc.constantFrom(true, true, true, false),
  room: fc.constantFrom(0, 2, 5, 1000),
  isBlocked: fc.constantFrom(false, false, false, true),
  replicas: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
})
const wish = fc
  .record({
    minReplicas: fc.integer({ min: 0, max: 3 }),
    more: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
    weight: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ minReplicas, more, weight }) => ({
    ...{ minReplicas, weight },
    ...(more === undefined ? {} : { maxReplicas: minReplicas + more }),
  }))
const preferences: fc.Arbitrary<Preferences> = fc.record({
  rebalance: fc.boolean(),
  clusters: fc.dictionary(fc.constantFrom('*', ...NAMES), wish),
})

const object = (replicas: number) =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', uid: 'u' },
    spec: { replicas, template: {} },
  }) as unknown as KubernetesObject

const replicasIn = (of: KubernetesObject) =>
  (of as unknown as { spec: { replicas: number } }).spec.replicas

function look(
  isFull: Set<string>,
  name: string,
  { state, isSynced, room, isBlocked, replicas, copy }: Place,
): ClusterView {
  const base = { name, labels: { name }, state, isSynced }
  const seen = replicas === undefined ? undefined : (copy ?? { ...object(replicas) })
  // Once seen it is remembered.
  if (replicas !== undefined && replicas > room) isFull.add(name)
  const isKnown = state === 'Ready' && isSynced
  return {
    ...base,
    ...(seen ? { copy: seen } : {}),
    ...(isKnown && seen && isFull.has(name) ? { capacity: room } : {}),
    ...(isKnown && isBlocked && !seen ? { blocked: 'Conflict' } : {}),
  }
}

function carryOut(places: ReadonlyMap<string, Place>, { actions }: Decision): void {
  for (const action of actions) {
    const at = places.get(action.cluster) as Place
    if (action.verb === 'delete') {
      at.replicas = undefined
      delete at.copy
    } else {
      at.copy = action.desired
      at.replicas = replicasIn(action.desired)
    }
  }
}

test('decisions come to rest, and their sum is what was asked for at most', () => {
  fc.assert(
    fc.property(
      fc.tuple(place, place, place, place),
      preferences,
      fc.integer({ min: 0, max: 20 }),
      fc.constantFrom('', 'name in (a,b)', 'name=z'),
      (drawn, wished, replicas, chosen) => {
        const places = new Map(NAMES.map((name, at) => [name, { ...(drawn[at] as Place) }]))
        const selector = chosen === '' ? everything : parseLabelSelector(chosen)
        const isFull = new Set<string>()
        let remembered: Readonly<Record<string, Remembered>> = {}
        const next = () =>
          decide({
            ...{ kind, object: object(replicas), uid: 'f', selector, preferences: wished },
            ...{
              clusters: NAMES.map(name => look(isFull, name, places.get(name) as Place)),
              remembered,
            },
            isAutoscaled: false,
          })
        let decision = next()
        for (let round = 0; decision.actions.length > 0 && round < MOST_ROUNDS; round++) {
          for (const { cluster } of decision.actions) {
            const { state, isSynced } = places.get(cluster) as Place
            assert.ok(state === 'Ready' && isSynced, `${cluster} cannot be asked`)
          }
          carryOut(places, decision)
          remembered = decision.placement
          decision = next()
        }
        assert.deepEqual(decision.actions, [], 'it goes round in circles')
        const known = [...places].filter(([, { state, isSynced }]) => state === 'Ready' && isSynced)
        const pinned = [...places]
          .filter(
            ([name, { state, isSynced }]) =>
              selector.matches({ name }) && state !== 'Offline' && !(state === 'Ready' && isSynced),
          )
          .reduce((sum, [, of]) => sum + (of.replicas ?? 0), 0)
        const waiting = known.reduce(
          (sum, [, of]) => sum + Math.max(0, (of.replicas ?? 0) - of.room),
          0,
        )
        const total = known.reduce((sum, [, of]) => sum + (of.replicas ?? 0), 0)
        assert.ok(total - waiting <= Math.max(0, replicas - pinned), `${total} run of ${replicas}`)
        for (const [name, of] of known)
          if (!selector.matches({ name })) assert.equal(of.replicas, undefined, `${name} keeps one`)
      },
    ),
    { numRuns: RUNS },
  )
})
