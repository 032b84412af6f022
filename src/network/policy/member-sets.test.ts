import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import type { PeerSelector } from './allowance.ts'
import { MemberSets, marksOfSelectors } from './member-sets.ts'
import type { PolicedPod } from './policed-pod.ts'

const podOf = (labels: Record<string, string>, namespace = 'default'): PolicedPod => ({
  ...{ key: `${namespace}/p`, uid: 'u', namespace, labels, addresses: [], isLocal: false },
  ...{ created: '', namedPorts: [] },
})
const selectorOf = (selector: object, namespace?: string): PeerSelector => ({
  key: '',
  ...(namespace === undefined ? {} : { namespace }),
  pods: labelMatcherOf(selector),
})

test('a pod that changes is held against the sets that ask for what it has, not against all', () => {
  const sets = new MemberSets()
  let looks = 0
  for (let index = 0; index < 1000; index++) {
    const selector = selectorOf({ matchLabels: { app: `a${index}` } })
    sets.add(`set-${index}`, {
      ...{ type: 'ipv4_addr', family: 4, marks: marksOfSelectors([selector]) },
      membership: (pod, address) => {
        looks++
        return selector.pods.matches(pod.labels) ? [address] : []
      },
    })
  }
  const elements = (name: string) => [...(new Map(sets.filled()).get(name)?.elements ?? [])]
  sets.fillNew([['10.0.0.1', podOf({ app: 'a1' })]])
  assert.deepEqual(elements('set-1'), ['10.0.0.1'])
  sets.settle('10.0.0.1', podOf({ app: 'a2' }))
  assert.deepEqual([elements('set-1'), elements('set-2')], [[], ['10.0.0.1']])
  sets.settle('10.0.0.1', undefined)
  assert.deepEqual(elements('set-2'), [])
  assert.ok(looks <= 4, `${looks} looks`)
})

test('what a pod must have is known of most selectors', () => {
  const notIn = { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }
  const isIn = { matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] }
  assert.deepEqual(marksOfSelectors([selectorOf(isIn)]), ['label app=a', 'label app=b'])
  assert.deepEqual(marksOfSelectors([selectorOf(notIn, 'one')]), ['namespace one'])
  assert.equal(marksOfSelectors([selectorOf(isIn), selectorOf(notIn)]), undefined)
})
