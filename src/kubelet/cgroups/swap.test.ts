import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Pod } from '../pod-types.ts'
import { type SwapRules, swapLimits, swapResizeProblem } from './swap.ts'

const GIBIBYTE = 2 ** 30
const RULES: SwapRules = {
  ...{ behavior: 'LimitedSwap', version: 2 },
  ...{ memoryBytes: 16 * GIBIBYTE, swapBytes: 8 * GIBIBYTE },
}

function podOf(resources: Container['resources'], more: object = {}, policy?: string) {
  const resizePolicy = policy ? [{ resourceName: 'memory', restartPolicy: policy }] : undefined
  const container = { name: 'c', resources, resizePolicy } as unknown as Container
  // Somebody beside it, so that the pod is Burstable whatever the one in question says.
  const beside = { name: 'b', resources: { requests: { cpu: '1m' } } }
  const spec = { containers: [container, beside], ...more }
  return { pod: { metadata: {}, spec } as unknown as Pod, container }
}

function swapOf(resources: Container['resources'], more: object = {}, rules = RULES) {
  const { pod, container } = podOf(resources, more)
  return swapLimits(rules, pod, container, {}).unified?.['memory.swap.max']
}

test('a container of a Burstable pod may have as much of the swap as it requests of the memory', () => {
  assert.equal(swapOf({ requests: { memory: '2Gi' } }), String(GIBIBYTE))
  assert.equal(swapOf({ requests: { memory: '1Gi' }, limits: { memory: '4Gi' } }), '536870912')
  // Rounded down.
  assert.equal(swapOf({ requests: { memory: '3' } }), '1')
})

test('who has no swap', () => {
  assert.equal(swapOf({ requests: { memory: '1Gi' }, limits: { memory: '1Gi' } }), '0')
  assert.equal(swapOf({}), '0', 'it says nothing of memory')
  assert.equal(swapOf({ requests: { memory: '17Gi' } }), '0', 'there is not so much')
  assert.equal(swapOf({ requests: { memory: '2Gi' } }, { priority: 2_000_000_000 }), '0')
  const best = { metadata: {}, spec: { containers: [{ name: 'c' }] } } as unknown as Pod
  const [container] = best.spec?.containers ?? []
  assert.deepEqual(swapLimits(RULES, best, container as Container, {}), {
    unified: { 'memory.swap.max': '0' },
  })
  assert.equal(swapOf({ requests: { memory: '2Gi' } }, {}, { ...RULES, behavior: 'NoSwap' }), '0')
})

test('version 1 limits memory and swap together, and nothing where memory is not limited', () => {
  const rules: SwapRules = { ...RULES, behavior: 'NoSwap', version: 1 }
  const { pod, container } = podOf({ limits: { memory: '1Gi' } })
  assert.deepEqual(swapLimits(rules, pod, container, { memoryLimitBytes: GIBIBYTE }), {
    memorySwapLimitBytes: GIBIBYTE,
  })
  assert.deepEqual(swapLimits(rules, pod, container, {}), {})
})

test('memory of a container that may use swap is changed by a restart alone', () => {
  const problem = (before: string, after: string, policy?: string, rules = RULES) =>
    swapResizeProblem(
      rules,
      podOf({ requests: { memory: before } }, {}, policy).pod,
      podOf({ requests: { memory: after } }, {}, policy).pod,
    )
  assert.equal(problem('1Gi', '2Gi'), 'In-place resize of containers with swap is not supported.')
  assert.equal(problem('1Gi', '1Gi'), undefined)
  assert.equal(problem('1Gi', '2Gi', 'RestartContainer'), undefined)
  assert.equal(problem('1Gi', '2Gi', undefined, { ...RULES, behavior: 'NoSwap' }), undefined)
})
