/** Shares of devices against every way there is, and amounts against the rules for requests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DeviceCapacity } from '#api/resource/v1/capacity.schema.ts'
import { allocate } from './dynamic-resources.allocate.ts'
import { amountsFor } from './dynamic-resources.capacity.ts'
import type { Candidate } from './dynamic-resources.pools.ts'

const cases = fc.record({
  devices: fc.array(
    fc.record({
      memory: fc.integer({ min: 1, max: 6 }),
      shared: fc.boolean(),
      /** What others have of it: all, where it cannot be shared. */
      others: fc.integer({ min: 0, max: 3 }),
      draws: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 3 },
  ),
  requests: fc.array(
    fc.record({
      memory: fc.option(fc.integer({ min: 1, max: 4 })),
      count: fc.integer({ min: 1, max: 2 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  counter: fc.integer({ min: 0, max: 4 }),
})
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never

/** Gives each of the wanted amounts to any device, in every way, and asks whether one of them is allowed. */
function isPossible({ devices, requests, counter }: Case): boolean {
  const wanted = requests.flatMap(({ memory, count }, request) =>
    Array.from({ length: count }, () => ({ memory, request })),
  )
  const isAllowed = (places: readonly number[]): boolean => {
    let drawn = 0
    for (const [i, device] of devices.entries()) {
      const users = wanted.filter((_, w) => places[w] === i)
      const amounts = users.map(({ memory }) => memory ?? device.memory)
      if (users.length === 0) continue
      if (amounts.some(amount => amount > device.memory)) return false
      const before = device.shared ? device.others : 0
      if (device.shared && amounts.reduce((a, b) => a + b, before) > device.memory) return false
      if (!device.shared && (users.length > 1 || device.others > 0)) return false
      // Others who use it have drawn already.
      if (device.others === 0) drawn += device.draws
    }
    return drawn <= counter
  }
  const tryAll = (places: readonly number[]): boolean =>
    places.length === wanted.length
      ? isAllowed(places)
      : devices.some((_, i) => tryAll([...places, i]))
  return tryAll([])
}

test('shares are found just where there is a way, and never exceed what devices have', () => {
  let [given, refused] = [0, 0]
  fc.assert(
    fc.property(cases, found => {
      const candidates = found.devices.map(
        ({ memory, shared, draws }, i): Candidate =>
          ({
            id: `d/p/${i}`,
            driver: 'd',
            pool: 'p',
            reach: undefined,
            device: {
              name: `${i}`,
              allowMultipleAllocations: shared,
              capacity: { memory: { value: `${memory}` } },
              consumesCounters: [{ counterSet: 's', counters: { c: { value: `${draws}` } } }],
            },
          }) as never,
      )
      const used = found.devices.flatMap((device, i) => (device.others > 0 ? [{ device, i }] : []))
      const claim = {
        metadata: { name: 'c' },
        spec: {
          devices: {
            requests: found.requests.map(({ memory, count }, r) => ({
              name: `r${r}`,
              exactly: {
                deviceClassName: 'c',
                count,
                ...(memory === null ? {} : { capacity: { requests: { memory: `${memory}` } } }),
              },
            })),
          },
        },
      }
      let shares = 0
      const result = allocate([claim as never], {
        candidates,
        inUse: new Set(used.flatMap(({ device, i }) => (device.shared ? [] : [`d/p/${i}`]))),
        shares: new Map(
          used.flatMap(({ device, i }) =>
            device.shared ? [[`d/p/${i}`, { memory: `${device.others}` }] as const] : [],
          ),
        ),
        counters: new Map([['d/p s c', `${found.counter}`]]),
        isSharing: true,
        preparingNode: undefined,
        newShareId: () => `share-${shares++}`,
        taintsOf: ({ device }) => device.taints ?? [],
        classNamed: () => undefined,
      })
      assert.equal(result !== undefined, isPossible(found))
      if (!result) {
        refused++
        return
      }
      given++
      const results = result.flatMap(({ devices }) => devices.results ?? [])
      for (const [i, device] of found.devices.entries()) {
        const own = results.filter(each => each.device === `${i}`)
        if (!device.shared) assert.ok(own.every(each => !each.shareID && !each.consumedCapacity))
        else {
          const taken = own.reduce((sum, each) => sum + Number(each.consumedCapacity?.memory), 0)
          assert.ok(own.length === 0 || device.others + taken <= device.memory)
          assert.equal(new Set(own.map(each => each.shareID)).size, own.length)
        }
      }
    }),
    { numRuns: 1500 },
  )
  assert.ok(given > 60 && refused > 100, `${given} given, ${refused} refused`)
})

test('requests are raised to what the policy allows, or refused', () => {
  const amount = (capacity: DeviceCapacity, request?: string) =>
    amountsFor(
      { capacity: { memory: capacity } } as never,
      request === undefined ? {} : { memory: request },
    )?.memory
  const range = { min: '2Gi', max: '7Gi', step: '2Gi' }
  const of = (requestPolicy?: object) => ({ value: '10Gi', requestPolicy }) as never
  const rows: readonly [string | undefined, object | undefined, string | undefined][] = [
    [undefined, undefined, '10Gi'],
    ['3Gi', undefined, '3Gi'],
    ['11Gi', undefined, undefined],
    [undefined, { default: '1Gi' }, '1Gi'],
    ['1Gi', { default: '2Gi', validRange: range }, '2Gi'],
    ['3Gi', { default: '2Gi', validRange: range }, '4Gi'],
    ['4Gi', { default: '2Gi', validRange: range }, '4Gi'],
    ['7Gi', { default: '2Gi', validRange: range }, undefined],
    ['3Gi', { default: '2Gi', validRange: { min: '2Gi' } }, '3Gi'],
    ['3Gi', { default: '2Gi', validValues: ['2Gi', '4Gi'] }, '4Gi'],
    ['5Gi', { default: '2Gi', validValues: ['2Gi', '4Gi'] }, undefined],
  ]
  for (const [request, policy, expected] of rows)
    assert.equal(amount(of(policy), request), expected, JSON.stringify([request, policy]))
  assert.equal(amountsFor({} as never, { memory: '1' }), undefined, 'nothing is known of it')
})
