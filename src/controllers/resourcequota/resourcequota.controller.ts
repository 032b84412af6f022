/**
 * Counts what the objects of namespaces use of their quotas. Admission enters what a write will use before it is stored; this
 * controller takes back what is used no longer. It follows only kinds that some quota limits.
 */
import type { QuotaEvaluator } from '#api/core/quota/evaluator.ts'
import { quotaEvaluators } from '#api/core/quota/evaluators.ts'
import { type ResourceQuota, resourceQuota } from '#api/core/v1/resource-quota.ts'
import { type AnyKind, storedOnce } from '#api/machinery/kind.ts'
import { type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import { writeAmounts } from '#api/machinery/resource-list.ts'
import type { Informer } from '#client/informer.ts'
import type { Controller, ControllerContext, Wakeup } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'
import { QuotaDevices } from './resourcequota.devices.ts'
import { reconcile } from './resourcequota.reconcile.ts'

/** What happens in a namespace within this time is counted at once. */
const BATCH_MS = 50
/**
 * What admission entered is not taken back before the status has been quiet for so long: the object that it was entered for may not be
 * stored yet. Nobody has to wait for that who is within the limit.
 */
const SETTLING_MS = 1_000
/** Upstream's --resource-quota-sync-period: a pod that is to end stops counting by time alone. */
const PERIOD_MS = 5 * 60_000

interface Followed {
  readonly evaluator: QuotaEvaluator
  readonly informer: Informer<KubernetesObject>
  readonly end: () => void
}

export function resourceQuotaController(context: ControllerContext): Controller {
  const { clock, informers } = context
  const quotas = informers.for(resourceQuota)
  const followed = new Map<AnyKind, Followed>()
  /** When the status of a quota changed last, by key. */
  const changedAt = new Map<string, number>()
  let wakeup: Wakeup | undefined
  const wakeAll = () => {
    for (const quota of quotas.list()) wakeup?.add(keyOf(quota))
  }
  const devices = new QuotaDevices(informers, {
    allClaims: wakeAll,
    claimsOf(namespace) {
      for (const quota of quotas.list(namespace)) wakeup?.addAfter(keyOf(quota), BATCH_MS)
    },
  })
  const quotaEvaluatorOf = quotaEvaluators(devices)

  const wakeNamespace = (namespace: string, evaluator: QuotaEvaluator) => {
    for (const quota of quotas.list(namespace))
      if (limits(quota, evaluator)) wakeup?.addAfter(keyOf(quota), BATCH_MS)
  }
  const follow = (kind: AnyKind, evaluator: QuotaEvaluator): Followed => {
    const known = followed.get(kind)
    if (known) return known
    const informer = informers.for(kind) as Informer<KubernetesObject>
    const wake = ({ metadata }: KubernetesObject) =>
      wakeNamespace(metadata.namespace ?? '', evaluator)
    const end = informer.subscribe({
      changed(next, previous) {
        if (!previous || !usesSame(evaluator, next, previous, clock.now())) wake(next)
      },
      deleted: wake,
    })
    const found = { evaluator, informer, end }
    followed.set(kind, found)
    return found
  }
  const forget = (kind: AnyKind) => {
    followed.get(kind)?.end()
    followed.delete(kind)
  }
  /** Every kind that the quota limits something of. */
  const measuredBy = (quota: ResourceQuota): Followed[] =>
    storedOnce(context.kinds()).flatMap(kind => {
      if (kind.scope !== 'Namespaced' || !kind.verbs.includes('watch')) return []
      const evaluator = quotaEvaluatorOf({ group: kind.group, resource: kind.plural })
      return evaluator && limits(quota, evaluator) ? follow(kind, evaluator) : []
    })

  return {
    name: 'resourcequota-controller',
    workers: 5,
    views: [{ kind: resourceQuota, informer: quotas }],
    wake(queue) {
      wakeup = queue
      queue.onStop(
        quotas.subscribe({
          changed(next, previous) {
            if (!sameJson(next.status, previous?.status))
              changedAt.set(keyOf(next), clock.monotonicMs())
            queue.add(keyOf(next))
          },
          deleted: gone => changedAt.delete(keyOf(gone)),
        }),
      )
      queue.onStop(
        context.customKinds.subscribe({
          added: wakeAll,
          removed(kind) {
            forget(kind)
            wakeAll()
          },
        }),
      )
      queue.onStop(() => {
        devices.stop()
        for (const kind of [...followed.keys()]) forget(kind)
      })
    },
    async reconcile(key) {
      const found = quotas.get(key)
      if (!found) return { writes: [] }
      if (!(await devices.ready(found))) return { writes: [] }
      const measured = measuredBy(found)
      await Promise.all(measured.map(({ informer }) => informer.synced))
      // Views have filled in between; the newest quota is the one to judge.
      const quota = quotas.get(key)
      if (!quota) return { writes: [] }
      const { namespace = '' } = quota.metadata
      const { writes, againAfterMs = PERIOD_MS } = reconcile({
        quota,
        measured: measured.map(({ evaluator, informer }) => ({
          evaluator,
          objects: informer.list(namespace),
        })),
        settledInMs: (changedAt.get(key) ?? 0) + SETTLING_MS - clock.monotonicMs(),
        nowMs: clock.now(),
      })
      return { writes, againAfterMs }
    },
  }
}

function limits({ spec }: ResourceQuota, evaluator: QuotaEvaluator): boolean {
  return Object.keys(spec.hard ?? {}).some(name => evaluator.measures(name))
}

function usesSame(
  evaluator: QuotaEvaluator,
  next: KubernetesObject,
  previous: KubernetesObject,
  nowMs: number,
): boolean {
  const used = (object: KubernetesObject) => writeAmounts(evaluator.usage(object, nowMs))
  return (
    sameJson(used(next), used(previous)) &&
    next.metadata.deletionTimestamp === previous.metadata.deletionTimestamp
  )
}
