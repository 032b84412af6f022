/** Selectors of new pods get the values that the pods have themselves in the labels they name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines } from '../testing.ts'
import { pod } from './pod.ts'

const metadata = { name: 'web', labels: { app: 'web', tier: 'front' } }
const labelled = (spec: object) => ({
  metadata,
  spec: { containers: [{ name: 'a', image: 'i' }], ...spec },
})
const matchLabels = { x: 'y' }
const ofApp = { key: 'app', operator: 'In', values: ['web'] }
const notTier = { key: 'tier', operator: 'NotIn', values: ['front'] }

const spread = (more: object) => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', ...more },
  ],
})
const affine = (more: object) => {
  const term = { topologyKey: 'zone', ...more }
  const terms = {
    requiredDuringSchedulingIgnoredDuringExecution: [term],
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }],
  }
  return { affinity: { podAffinity: terms, podAntiAffinity: terms } }
}

test('a spread counts the pods that share the labels named', () => {
  const keys = { matchLabelKeys: ['app', 'gone'] }
  const made = created(pod, labelled(spread({ labelSelector: { matchLabels }, ...keys })))
  assert.deepEqual(made.spec.topologySpreadConstraints?.[0]?.labelSelector, {
    matchLabels,
    matchExpressions: [ofApp],
  })
})

test('terms of all sorts mean pods that share some, and do not share others', () => {
  const { spec } = created(
    pod,
    labelled(
      affine({
        labelSelector: { matchExpressions: [{ key: 'x', operator: 'Exists' }] },
        matchLabelKeys: ['app'],
        mismatchLabelKeys: ['tier', 'gone'],
      }),
    ),
  )
  const expected = [{ key: 'x', operator: 'Exists' }, ofApp, notTier]
  for (const sort of ['podAffinity', 'podAntiAffinity'] as const) {
    const of = spec.affinity?.[sort]
    const need = of?.requiredDuringSchedulingIgnoredDuringExecution?.[0]
    const wish = of?.preferredDuringSchedulingIgnoredDuringExecution?.[0]?.podAffinityTerm
    assert.deepEqual(need?.labelSelector?.matchExpressions, expected)
    assert.deepEqual(wish?.labelSelector?.matchExpressions, expected)
  }
})

test('what selects nothing goes on doing so', () => {
  const made = created(pod, labelled(affine({ matchLabelKeys: ['app'] })))
  const [term] =
    made.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  assert.equal(term?.labelSelector, undefined)
})

test('whoever selects by such a label besides is refused, where the pod has it', () => {
  const told = (spec: object) => lines(pod.validate(created(pod, labelled(spec))))
  const IN_BOTH = 'Invalid value: "app": exists in both matchLabelKeys and labelSelector'
  const own = { labelSelector: { matchLabels: { app: 'z' } }, matchLabelKeys: ['tier', 'app'] }
  assert.deepEqual(told(spread(own)), [`spec.topologySpreadConstraints[0][1]: ${IN_BOTH}`])
  const at = (sort: string) => [
    `spec.affinity.${sort}.requiredDuringSchedulingIgnoredDuringExecution[0][1]: ${IN_BOTH}`,
    `spec.affinity.${sort}.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm[1]: ${IN_BOTH}`,
  ]
  assert.deepEqual(told(affine(own)), [...at('podAffinity'), ...at('podAntiAffinity')])
  const expression = { labelSelector: { matchExpressions: [ofApp] }, matchLabelKeys: ['app'] }
  assert.deepEqual(told(spread(expression)), [`spec.topologySpreadConstraints[0][0]: ${IN_BOTH}`])
  const other = { labelSelector: { matchLabels: { gone: 'z' } }, matchLabelKeys: ['gone'] }
  assert.deepEqual(told(spread(other)), [])
})
