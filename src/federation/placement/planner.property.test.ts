/** What holds of every plan; and that shares are those of a slow model, which gives replicas away one at a time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Plan, type PlanRequest, planReplicas } from './planner.ts'
import type { ClusterPreferences } from './preferences.ts'

const RUNS = Number(process.env.LIVES ?? 2_000)
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

interface Drawn {
  readonly request: PlanRequest
  readonly wishes: ReadonlyMap<string, ClusterPreferences>
}

const wish = fc
  .record({
    minReplicas: fc.integer({ min: 0, max: 12 }),
    more: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
    weight: fc.integer({ min: 0, max: 10 }),
  })
  .map(({ minReplicas, more, weight }) => ({
    minReplicas,
    weight,
    ...(more === undefined ? {} : { maxReplicas: minReplicas + more }),
  }))

const counts = fc.dictionary(fc.constantFrom(...NAMES), fc.integer({ min: 0, max: 30 }))

const drawn = (rebalance: fc.Arbitrary<boolean>): fc.Arbitrary<Drawn> =>
  fc
    .record({
      replicas: fc.integer({ min: 0, max: 100 }),
      rebalance,
      wishes: fc.array(wish, { minLength: NAMES.length, maxLength: NAMES.length }),
      clusters: fc.subarray(NAMES),
      current: counts,
      capacity: counts,
      key: fc.string(),
    })
    .map(({ replicas, wishes, clusters, current, capacity, key, rebalance: mayMove }) => {
      const named = Object.fromEntries(
        NAMES.map((name, at) => [name, wishes[at] as ClusterPreferences]),
      )
      return {
        wishes: new Map(Object.entries(named)),
        request: {
          ...{ replicas, clusters, key },
          preferences: { rebalance: mayMove, clusters: named },
          current: new Map(Object.entries(current)),
          capacity: new Map(Object.entries(capacity)),
        },
      }
    })

const sum = (of: ReadonlyMap<string, number>) => [...of.values()].reduce((a, b) => a + b, 0)
const shareOf = ({ replicas }: Plan, name: string) => replicas.get(name) ?? 0

function mostOf({ request, wishes }: Drawn, name: string): number {
  const { maxReplicas = Number.POSITIVE_INFINITY } = wishes.get(name) ?? {}
  return Math.min(maxReplicas, request.capacity.get(name) ?? Number.POSITIVE_INFINITY)
}

/** What all clusters together could take: those without weight have no more than what they must, or what runs there. */
function room(of: Drawn): number {
  const { clusters, capacity } = of.request
  return clusters.reduce((total, name) => {
    const { minReplicas = 0, weight = 0 } = of.wishes.get(name) ?? {}
    const least = Math.min(minReplicas, capacity.get(name) ?? Number.POSITIVE_INFINITY)
    return total + (weight > 0 ? Math.max(least, mostOf(of, name)) : least)
  }, 0)
}

test('no plan has more than was asked for, nor less where there is room', () => {
  fc.assert(
    fc.property(drawn(fc.boolean()), of => {
      const plan = planReplicas(of.request)
      const total = sum(plan.replicas)
      assert.ok(total <= of.request.replicas)
      assert.ok(total >= Math.min(of.request.replicas, room(of)), `${total} of ${room(of)}`)
      assert.deepEqual([...plan.replicas.keys()].sort(), [...of.request.clusters].sort())
      for (const name of of.request.clusters) {
        const share = shareOf(plan, name)
        assert.ok(Number.isInteger(share) && share >= 0)
        assert.ok(share <= mostOf(of, name), `${name} has ${share} of at most ${mostOf(of, name)}`)
      }
      for (const count of plan.overflow.values()) assert.ok(count > 0)
    }),
    { numRuns: RUNS },
  )
})

test('minima come first, in the order of weights', () => {
  fc.assert(
    fc.property(drawn(fc.boolean()), of => {
      const plan = planReplicas(of.request)
      const lacking = of.request.clusters.filter(name => {
        const least = Math.min(of.wishes.get(name)?.minReplicas ?? 0, mostOf(of, name))
        return shareOf(plan, name) < least
      })
      for (const name of lacking)
        for (const other of of.request.clusters) {
          const [wanted, others] = [of.wishes.get(name), of.wishes.get(other)]
          if ((others?.weight ?? 0) < (wanted?.weight ?? 0))
            assert.equal(
              shareOf(plan, other),
              0,
              `${other} is lighter than ${name}, which lacks some`,
            )
          assert.ok(shareOf(plan, other) <= (others?.minReplicas ?? 0))
        }
    }),
    { numRuns: RUNS },
  )
})

test('once carried out, a plan stays as it is', () => {
  fc.assert(
    fc.property(drawn(fc.boolean()), of => {
      const first = planReplicas(of.request)
      const second = planReplicas({ ...of.request, current: first.replicas })
      assert.deepEqual(sum(second.replicas), sum(first.replicas))
      if (of.request.preferences.rebalance) assert.deepEqual(second.replicas, first.replicas)
      // Replicas that run may not be moved, so nobody has fewer.
      else for (const [name, count] of first.replicas) assert.equal(shareOf(second, name), count)
    }),
    { numRuns: RUNS },
  )
})

test('where nothing may be moved, none is taken away that there is room and need for', () => {
  fc.assert(
    fc.property(drawn(fc.constant(false)), of => {
      const { clusters, current, replicas, capacity } = of.request
      const kept = (name: string) => Math.min(current.get(name) ?? 0, mostOf(of, name))
      const least = (name: string) =>
        Math.min(
          of.wishes.get(name)?.minReplicas ?? 0,
          capacity.get(name) ?? Number.POSITIVE_INFINITY,
        )
      const needed = clusters.reduce((all, name) => all + Math.max(kept(name), least(name)), 0)
      if (needed > replicas) return
      const plan = planReplicas(of.request)
      for (const name of clusters) assert.ok(shareOf(plan, name) >= kept(name), name)
    }),
    { numRuns: RUNS },
  )
})

test('shares are those of the slow model, give or take one for each cluster', () => {
  fc.assert(
    fc.property(drawn(fc.constant(true)), of => {
      // Who goes without where not all minima can be met is told by the test above.
      const minima = of.request.clusters.map(name => of.wishes.get(name)?.minReplicas ?? 0)
      if (minima.reduce((all, least) => all + least, 0) > of.request.replicas) return
      const plan = planReplicas(of.request)
      const slow = slowShares(of)
      for (const name of of.request.clusters) {
        const difference = Math.abs(shareOf(plan, name) - (slow.get(name) ?? 0))
        assert.ok(difference <= of.request.clusters.length, `${name}: ${difference}`)
      }
    }),
    { numRuns: RUNS },
  )
})

/** Everybody has the minimum; each further replica goes to whoever has had the fewest for his weight. */
function slowShares(of: Drawn): Map<string, number> {
  const { clusters, replicas, capacity } = of.request
  const shares = new Map<string, number>()
  let left = replicas
  const heaviest = [...clusters].sort(
    (one, other) => (of.wishes.get(other)?.weight ?? 0) - (of.wishes.get(one)?.weight ?? 0),
  )
  for (const name of heaviest) {
    const { minReplicas = 0 } = of.wishes.get(name) ?? {}
    const share = Math.min(minReplicas, capacity.get(name) ?? minReplicas, left)
    shares.set(name, share)
    left -= share
  }
  const given = new Map<string, number>()
  for (; left > 0; left--) {
    const open = clusters.filter(
      name => (of.wishes.get(name)?.weight ?? 0) > 0 && (shares.get(name) ?? 0) < mostOf(of, name),
    )
    const [next] = open.sort((one, other) => due(one) - due(other))
    if (next === undefined) break
    shares.set(next, (shares.get(next) ?? 0) + 1)
    given.set(next, (given.get(next) ?? 0) + 1)
  }
  function due(name: string): number {
    return ((given.get(name) ?? 0) + 1) / (of.wishes.get(name)?.weight ?? 1)
  }
  return shares
}
