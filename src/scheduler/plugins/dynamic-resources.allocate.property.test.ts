/** Choosing devices against every way there is, over random pools, wishes and conditions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allocate } from './dynamic-resources.allocate.ts'
import type { Candidate } from './dynamic-resources.pools.ts'

const CLASSES = ['a', 'b']
const device = fc.record({
  // Which class takes it, by taints that only claims of that class tolerate.
  of: fc.constantFrom(...CLASSES),
  numa: fc.constantFrom('0', '1'),
  memory: fc.integer({ min: 1, max: 3 }),
  // Mostly free: of pools where half was taken only one case in eleven could be served.
  inUse: fc.nat({ max: 3 }).map(n => n === 0),
})
const wish = fc.record({
  of: fc.constantFrom(...CLASSES),
  count: fc.integer({ min: 1, max: 2 }),
})
const cases = fc.record({
  devices: fc.array(device, { maxLength: 6, size: 'max' }),
  claims: fc.array(
    fc.record({
      requests: fc.array(fc.array(wish, { minLength: 1, maxLength: 2 }), {
        minLength: 1,
        maxLength: 2,
      }),
      together: fc.boolean(),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  memory: fc.integer({ min: 0, max: 9 }),
})
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never
type Small = Case['devices'][number]

/** All ways to take `count` of these. */
function* subsets(from: readonly number[], count: number): Iterable<number[]> {
  if (count === 0) yield []
  else
    for (const [i, first] of from.entries())
      for (const rest of subsets(from.slice(i + 1), count - 1)) yield [first, ...rest]
}

/** Whether any way at all gives every request of every claim what it asks for. */
function isPossible({ devices, claims, memory }: Case): boolean {
  const requests = claims.flatMap(({ requests }, claim) =>
    requests.map(alternatives => ({ claim, alternatives })),
  )
  const isAllowed = (taken: ReadonlyMap<number, number>): boolean => {
    const used = [...taken.keys()].reduce((sum, i) => sum + (devices[i] as Small).memory, 0)
    if (used > memory) return false
    return claims.every(({ together }, claim) => {
      const own = [...taken].flatMap(([i, by]) => (by === claim ? (devices[i] as Small).numa : []))
      return !together || new Set(own).size <= 1
    })
  }
  const fill = (index: number, taken: ReadonlyMap<number, number>): boolean => {
    const next = requests[index]
    if (!next) return isAllowed(taken)
    return next.alternatives.some(({ of, count }) => {
      const free = devices.flatMap((each, i) =>
        each.of === of && !each.inUse && !taken.has(i) ? i : [],
      )
      for (const chosen of subsets(free, count)) {
        const more = new Map([...taken, ...chosen.map(i => [i, next.claim] as const)])
        if (fill(index + 1, more)) return true
      }
      return false
    })
  }
  return fill(0, new Map())
}

test('devices are found just where there is a way, and what is given keeps to all conditions', () => {
  let [given, refused] = [0, 0]
  fc.assert(
    fc.property(cases, found => {
      const candidates = found.devices.map(
        ({ of, numa, memory }, i): Candidate =>
          ({
            id: `d/p/${i}`,
            driver: 'd',
            pool: 'p',
            reach: undefined,
            device: {
              name: `${i}`,
              taints: [{ key: of, effect: 'NoSchedule' }],
              attributes: { numa: { string: numa } },
              consumesCounters: [{ counterSet: 's', counters: { memory: { value: `${memory}` } } }],
            },
          }) as never,
      )
      const inUse = new Set(found.devices.flatMap(({ inUse }, i) => (inUse ? `d/p/${i}` : [])))
      const exactly = ({ of, count }: { of: string; count: number }) => ({
        deviceClassName: 'c',
        count,
        tolerations: [{ key: of, operator: 'Exists' }],
      })
      const claims = found.claims.map(({ requests, together }, c) => ({
        metadata: { name: `c${c}` },
        spec: {
          devices: {
            requests: requests.map((alternatives, r) => ({
              name: `r${r}`,
              firstAvailable: alternatives.map((each, a) => ({ name: `s${a}`, ...exactly(each) })),
            })),
            constraints: together ? [{ matchAttribute: 'd/numa' }] : [],
          },
        },
      }))
      const result = allocate(claims as never, {
        candidates,
        inUse,
        counters: new Map([['d/p s memory', `${found.memory}`]]),
        classNamed: () => undefined,
        shares: new Map(),
        isSharing: true,
        preparingNode: undefined,
        newShareId: () => '',
        taintsOf: ({ device }) => device.taints ?? [],
      })
      assert.equal(result !== undefined, isPossible(found))
      if (!result) {
        refused++
        return
      }
      given++
      const results = result.flatMap(({ devices }) => devices.results ?? [])
      const names = results.map(each => each.device)
      assert.equal(new Set(names).size, names.length, 'nothing is given twice')
      assert.ok(names.every(name => !inUse.has(`d/p/${name}`)))
      const memory = names.reduce(
        (sum, name) => sum + (found.devices[Number(name)] as Small).memory,
        0,
      )
      assert.ok(memory <= found.memory)
    }),
    { numRuns: 1500 },
  )
  assert.ok(given > 100 && refused > 100, `${given} given, ${refused} refused`)
})
