/** What disruption budgets say about the eviction of a pod; what they allow is entered into them before the pod goes. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { notFound, PlainError, StatusError } from '#api/machinery/status.ts'
import { disruptionAllowed } from '#api/policy/v1/disruption-allowed.ts'
import type {
  PodDisruptionBudget,
  PodDisruptionBudgetStatus,
} from '#api/policy/v1/pod-disruption-budget.ts'
import type { StoredResource } from './registry.ts'
import { isSettled } from './update.ts'
import { checkPreconditions, nowOf, type Preconditions, type Write } from './write.ts'

/** How often another write may come between. */
const MAXIMUM_ATTEMPTS = 64
/** Evictions that the controller of budgets has not seen through; more mean that it is not there. */
const MAXIMUM_DISRUPTED = 2000
const VIOLATION = "Cannot evict pod as it would violate the pod's disruption budget."
const BUSY_RETRY_SECONDS = 10

/** Whether the pod is to be the very one that was judged. */
export interface Permission {
  readonly isPinned: boolean
  /** Whose say it was. */
  readonly budget?: string
}

/** Enters the eviction into the budget of the pod, if it has one that counts it. Throws where the budget forbids it now. */
export async function permitEviction(write: Write, pod: Pod): Promise<Permission> {
  if (hasNoSay(pod)) return { isPinned: pod.status.phase === 'Pending' && !isEnding(pod) }
  const budgets = budgetsOf(write, pod)
  const [budget] = budgets
  if (!budget) return { isPinned: false }
  if (budgets.length > 1)
    throw new PlainError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    )
  const { name = '' } = budget.metadata
  if (!isReady(pod) && mayGoUnhealthy(budget)) return { isPinned: true, budget: name }
  await enter(write, name, pod.metadata.name ?? '')
  return { isPinned: false, budget: name }
}

const isEnding = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined

/** It does no work, or not for long any more. */
function hasNoSay(pod: Pod): boolean {
  const { phase } = pod.status
  return isEnding(pod) || phase === 'Pending' || phase === 'Succeeded' || phase === 'Failed'
}

function isReady({ status }: Pod): boolean {
  return (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')
}

function budgetsOf({ exchange, namespace }: Write, { metadata }: Pod): PodDisruptionBudget[] {
  const { storage } = exchange.server.registry.stored('policy', 'v1', 'poddisruptionbudgets')
  return storage.cache
    .list(namespace)
    .map(({ object }) => object as PodDisruptionBudget)
    .filter(({ spec }) => labelMatcherOf(spec.selector).matches(metadata.labels))
}

/** What is not ready does not count as healthy anyway. */
function mayGoUnhealthy({ spec, status }: PodDisruptionBudget): boolean {
  const { currentHealthy, desiredHealthy } = status
  return (
    spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' ||
    (currentHealthy >= desiredHealthy && desiredHealthy > 0)
  )
}

function enter(write: Write, budgetName: string, podName: string): Promise<KubernetesObject> {
  const resource = write.exchange.server.registry.stored('policy', 'v1', 'poddisruptionbudgets')
  return rewrite({ ...write, resource, name: budgetName }, object => {
    const budget = object as PodDisruptionBudget
    checkAllowed(budget)
    return { ...budget, status: disrupted(budget.status, podName, nowOf(write)) }
  })
}

/** The server's own write, past admission: whoever may evict need not be allowed to change budgets or pods. */
async function rewrite(
  write: Write & { readonly resource: StoredResource },
  change: (current: KubernetesObject) => KubernetesObject,
): Promise<KubernetesObject> {
  const { namespace, name } = write
  const { storage } = write.resource
  for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS; attempt++) {
    const current = await storage.latest(namespace, name)
    try {
      if (!current) throw notFound(write.resource.name, name)
      const next = change(current.object)
      if (write.dryRun) return current.object
      const stored = await storage.replace(current, next)
      if (stored) return stored.object
    } catch (thrown) {
      // A refusal shows what it was judged by, which must not be taken back by a crash.
      if (await isSettled(write, current)) throw thrown
    }
  }
  throw new StatusError('Timeout', `couldn't update ${name} due to conflicts`, {
    retryAfterSeconds: BUSY_RETRY_SECONDS,
  })
}

/** The controller hears by this that the pod is not to be counted on. */
function disrupted(
  status: PodDisruptionBudgetStatus,
  podName: string,
  now: string,
): PodDisruptionBudgetStatus {
  const next = {
    ...status,
    disruptionsAllowed: status.disruptionsAllowed - 1,
    disruptedPods: { ...status.disruptedPods, [podName]: now },
  }
  return next.disruptionsAllowed === 0 ? disruptionAllowed(next, Date.parse(now)) : next
}

function checkAllowed({ metadata, status }: PodDisruptionBudget): void {
  const { name = '', generation = 0 } = metadata
  if ((status.observedGeneration ?? 0) < generation) throw stillProcessed(name)
  if (Object.keys(status.disruptedPods ?? {}).length > MAXIMUM_DISRUPTED)
    throw new StatusError(
      'Forbidden',
      `poddisruptionbudget.policy "${name}" is forbidden: DisruptedPods map too big - too many evictions not confirmed by PDB controller`,
      { name, group: 'policy', kind: 'poddisruptionbudget' },
    )
  if (status.disruptionsAllowed === 0) throw violation(whyNot(name, status))
}

/** Also where the pod changed while it was judged: clients try again. */
export function stillProcessed(budgetName: string): StatusError {
  const message = `The disruption budget ${budgetName} is still being processed by the server.`
  return violation(message, BUSY_RETRY_SECONDS)
}

function violation(message: string, retryAfterSeconds?: number): StatusError {
  return new StatusError('TooManyRequests', VIOLATION, {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}

function whyNot(name: string, status: PodDisruptionBudgetStatus): string {
  const { currentHealthy, desiredHealthy, conditions = [] } = status
  const condition = conditions.find(({ type }) => type === 'DisruptionAllowed')
  const told = condition?.status === 'False' && condition.message ? condition : undefined
  const refusal = `The disruption budget ${name} does not allow evicting pods currently`
  // The counts are not to be trusted where they could not be made.
  if (told?.reason === 'SyncFailed') return `${refusal} because it failed sync: ${told.message}`
  if (currentHealthy <= desiredHealthy)
    return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
  return told ? `${refusal} (${told.reason}): ${told.message}` : refusal
}

/** Says on the pod why it ends; gives its resourceVersion since. Throws where it is not the pod that is meant. */
export async function markDisrupted(write: Write, meant: Preconditions): Promise<string> {
  const now = nowOf(write)
  const marked = await rewrite(write, object => {
    const pod = object as Pod
    checkPreconditions(write.resource.name, write.name, pod, meant)
    const condition = {
      type: 'DisruptionTarget',
      status: 'True' as const,
      lastProbeTime: null,
      lastTransitionTime: now,
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
    }
    const others = (pod.status.conditions ?? []).filter(({ type }) => type !== condition.type)
    return { ...pod, status: { ...pod.status, conditions: [...others, condition] } } as Pod
  })
  return marked.metadata.resourceVersion ?? ''
}
