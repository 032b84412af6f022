import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { Informers } from '#client/informer.ts'
import type { PluginFactory } from '../framework/handle.ts'
import { createWorld } from '../testing/world.ts'
import type { Candidate } from './dynamic-resources.pools.ts'
import { areTolerated, createDeviceTaints, type DeviceTaints } from './dynamic-resources.taints.ts'

const EFFECTS = ['NoSchedule', 'NoExecute', 'None'] as const
const word = fc.constantFrom('a', 'b')
const taint = fc.record({ key: word, value: word, effect: fc.constantFrom(...EFFECTS) })
const toleration = fc.record({
  key: fc.constantFrom('', 'a', 'b'),
  operator: fc.constantFrom('Exists' as const, 'Equal' as const),
  value: word,
  effect: fc.constantFrom('', 'NoSchedule', 'NoExecute'),
})

test('a device is free to those who tolerate each of its taints that are more than a note', () => {
  let [yes, no] = [0, 0]
  fc.assert(
    fc.property(fc.array(taint, { maxLength: 3 }), fc.array(toleration), (taints, tolerations) => {
      let expected = true
      for (const { key, value, effect } of taints) {
        if (effect === 'None') continue
        const kept = tolerations.filter(one => one.effect === '' || one.effect === effect)
        const keyed = kept.filter(one => one.key === '' || one.key === key)
        const valued = keyed.filter(one => one.operator === 'Exists' || one.value === value)
        if (valued.length === 0) expected = false
      }
      if (expected) yes++
      else no++
      assert.equal(areTolerated(taints, tolerations as never), expected)
    }),
    { numRuns: 500 },
  )
  assert.ok(yes > 10 && no > 10)
})

const rule = (deviceSelector: object | undefined, key: string) => ({
  metadata: { name: key },
  spec: { deviceSelector, taint: { key, effect: 'NoSchedule' } },
})
const candidate = {
  driver: 'd',
  pool: 'p',
  device: { name: 'x', taints: [{ key: 'own', effect: 'NoSchedule' }] },
} as unknown as Candidate

test('rules add to what the driver says, where their gate is on and they select the device', () => {
  const rules = [
    rule({}, 'all'),
    rule(undefined, 'none'),
    rule({ driver: 'd', pool: 'p', device: 'x' }, 'this'),
    rule({ driver: 'd', device: 'y' }, 'other'),
    rule({ pool: 'q' }, 'elsewhere'),
  ]
  let reads = 0
  const taintsWith = (gates: Readonly<Record<string, boolean>>, objects: readonly object[]) => {
    const made: DeviceTaints[] = []
    const look: PluginFactory = (_args, handle) => {
      const counted: object = {
        for(kind: AnyKind) {
          const informer = handle.informers.for(kind)
          return { ...informer, list: () => ++reads && informer.list() }
        },
      }
      made.push(createDeviceTaints({ ...handle, informers: counted as Informers }))
      return { name: 'Look' }
    }
    createWorld({
      gates: new Map(Object.entries(gates)),
      objects: { devicetaintrules: objects },
      ownPlugins: new Map([['Look', look]]),
      profile: { plugins: { multiPoint: { enabled: [{ name: 'Look' }] } } },
    })
    const [taints] = made
    assert.ok(taints)
    const taintsOf = taints.now()
    reads = 0
    return {
      found: taintsOf(candidate),
      keys: taintsOf(candidate).map(({ key }) => key),
      heard: taints.interests.map(({ resource }) => resource),
    }
  }
  const off = taintsWith({}, rules)
  assert.deepEqual([off.keys, off.heard], [['own'], []], 'rules are off by default')
  const on = taintsWith({ DRADeviceTaintRules: true }, rules)
  assert.deepEqual([on.keys, on.heard], [['own', 'all', 'this'], ['DeviceTaintRule']])
  assert.equal(reads, 0, 'rules are not read for each device')
  assert.deepEqual(taintsWith({ DRADeviceTaints: false }, rules).keys, [])
  const { found } = taintsWith({ DRADeviceTaintRules: true }, [])
  assert.equal(found, candidate.device.taints, 'without rules nothing is copied')
})
