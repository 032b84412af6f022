import { configMap } from '#api/core/v1/config-map.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { AnyObject, UpdateWrite } from '../runner/controller.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { type Emptied, type NamespaceWorld, reconcile } from './namespace.reconcile.ts'

const DELETED = '2026-01-01T00:00:00Z'

interface State {
  /** Seconds since the namespace was deleted. */
  readonly after?: number
  readonly told?: boolean
  readonly pods?: readonly { grace: number; phase?: string; finalizers?: readonly string[] }[]
  readonly podError?: string
  /** How many are left of a kind; looked at only once there are no pods. */
  readonly others?: { readonly services?: number; readonly configmaps?: number }
  readonly undiscovered?: readonly string[]
}

testScenarios<State>(new URL('namespace.scenarios.txt', import.meta.url), state => {
  const space = {
    metadata: { name: 'space', deletionTimestamp: DELETED },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  } as unknown as Namespace
  const world: NamespaceWorld = {
    namespace: space,
    emptied: emptiedOf(state),
    undiscovered: state.undiscovered ?? [],
    nowMs: Date.parse(DELETED) + (state.after ?? 0) * 1000,
  }
  const first = reconcile(world)
  if (!state.told) return show(first, space)
  const told = (first.writes[0] as UpdateWrite).object as unknown as Namespace
  return show(reconcile({ ...world, namespace: told, nowMs: world.nowMs + 1000 }), told)
})

function show(outcome: ReturnType<typeof reconcile>, before: Namespace): string[] {
  const shown = showOutcome(outcome, before as unknown as AnyObject)
  const lines = shown.map(line => line.trimEnd())
  return outcome.againWithBackoff ? [...lines, 'again with backoff'] : lines
}

function emptiedOf({ pods = [], podError, others }: State): Emptied[] {
  const left = pods.map(({ grace, phase = 'Running', finalizers = [] }) => ({
    metadata: { finalizers },
    spec: { terminationGracePeriodSeconds: grace },
    status: { phase },
  })) as unknown as KubernetesObject[]
  const emptied: Emptied[] = [{ kind: pod, left, ...(podError ? { error: podError } : {}) }]
  if (!others) return emptied
  const some = (count = 0) => Array<KubernetesObject>(count).fill({ metadata: {} } as never)
  return [
    ...emptied,
    { kind: service, left: some(others.services) },
    { kind: configMap, left: some(others.configmaps) },
  ]
}
