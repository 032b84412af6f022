import { quotaEvaluators } from '#api/core/quota/evaluators.ts'
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { AnyObject } from '../runner/controller.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { reconcile } from './resourcequota.reconcile.ts'

const quotaEvaluatorOf = quotaEvaluators()

const NOW_MS = Date.UTC(2026, 0, 1)

interface State {
  readonly hard: Record<string, string>
  readonly scopes?: readonly string[]
  readonly status?: object
  readonly settled?: number
  readonly secrets?: number
  readonly pods?: readonly { cpu?: string; phase?: string }[]
}

function measuredOf(resource: string, objects: readonly unknown[]) {
  const evaluator = quotaEvaluatorOf({ group: '', resource })
  if (!evaluator) throw new Error(`nothing counts ${resource}`)
  return { evaluator, objects: objects as KubernetesObject[] }
}

function podOf({ cpu, phase = 'Running' }: { cpu?: string; phase?: string }) {
  const resources = cpu ? { requests: { cpu } } : {}
  return { metadata: {}, spec: { containers: [{ name: 'main', resources }] }, status: { phase } }
}

testScenarios<State>(new URL('resourcequota.scenarios.txt', import.meta.url), state => {
  const { hard, scopes, status = {}, settled = 0, secrets = 0, pods = [] } = state
  const quota = {
    metadata: { name: 'limit', namespace: 'a' },
    spec: { hard, ...(scopes ? { scopes } : {}) },
    status,
  } as unknown as ResourceQuota
  const kept = Array.from({ length: secrets }, () => ({ metadata: {} }))
  const names = Object.keys(hard)
  const measured = [measuredOf('pods', pods.map(podOf)), measuredOf('secrets', kept)].filter(
    ({ evaluator }) => names.some(name => evaluator.measures(name)),
  )
  const outcome = reconcile({ quota, measured, settledInMs: settled, nowMs: NOW_MS })
  return showOutcome(outcome, quota as unknown as AnyObject)
})
