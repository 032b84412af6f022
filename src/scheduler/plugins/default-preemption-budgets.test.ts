import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { podOf } from '../testing/world.ts'
import { splitByBudgets, splitUnitsByBudgets } from './default-preemption-budgets.ts'

const budgetOf = (name: string, selector: object, disruptionsAllowed: number) =>
  ({
    metadata: { name, namespace: 'a' },
    spec: { selector },
    status: { disruptionsAllowed },
  }) as unknown as PodDisruptionBudget
const podsOf = (labels: Readonly<Record<string, Readonly<Record<string, string>>>>) =>
  Object.entries(labels).map(([name, own]) => podInfoOf(podOf(name, {}, own)))
const namesOf = (pods: readonly { readonly uid: string }[]) => pods.map(({ uid }) => uid)

test('a pod that no budget lets go takes from all of them, but of a group only from those up to the first that it breaks', () => {
  const budgets = [
    budgetOf('tight', { matchLabels: { app: 'x' } }, 0),
    budgetOf('loose', { matchLabels: { tier: 'y' } }, 1),
  ]
  const pods = podsOf({ both: { app: 'x', tier: 'y' }, one: { tier: 'y' } })
  assert.deepEqual(namesOf(splitByBudgets(pods, budgets).violating), ['both', 'one'])
  const { violating, others } = splitUnitsByBudgets(
    pods.map(pod => [pod]),
    unit => unit,
    budgets,
  )
  assert.deepEqual(namesOf(violating.flat()), ['both'])
  assert.deepEqual(namesOf(others.flat()), ['one'])
})

test('a pod without labels counts for no budget, even where the selector asks for the absence of one', () => {
  const selector = { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }
  const pods = podsOf({ bare: {}, other: { tier: 'y' } })
  const { violating } = splitByBudgets(pods, [budgetOf('b', selector, 0)])
  assert.deepEqual(namesOf(violating), ['other'])
})
