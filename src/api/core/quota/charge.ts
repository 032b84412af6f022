/** What a write adds to what the quotas of its namespace have used, or why it may not. */
import { compareQuantities } from '../../machinery/quantity.ts'
import {
  addAmounts,
  amountsBeyond,
  onlyAmounts,
  type ResourceList,
  readAmounts,
  showAmounts,
  writeAmounts,
} from '../../machinery/resource-list.ts'
import type { ResourceQuota } from '../v1/resource-quota.ts'
import { matchesQuota, type QuotaEvaluator, type QuotaWrite } from './evaluator.ts'

export type Charged =
  /** In the same order; those that it does not concern are the very same objects. */
  | { readonly quotas: readonly ResourceQuota[]; readonly isChanged: boolean }
  /** Why not, as clients are told. */
  | { readonly refusal: string }

/** `now` in milliseconds since the epoch. */
export function chargeQuotas(
  quotas: readonly ResourceQuota[],
  write: QuotaWrite,
  evaluator: QuotaEvaluator,
  now: number,
): Charged {
  const { object, oldObject, operation } = write
  const unchanged = { quotas, isChanged: false }
  if (!object) return unchanged
  const concerned = quotas.filter(quota => matchesQuota(evaluator, quota, object))
  if (concerned.length === 0) return unchanged
  for (const quota of concerned) {
    const refusal = notReady(quota, object, evaluator)
    if (refusal) return { refusal }
  }
  const usage = evaluator.usage(object, now)
  const negative = [...usage].filter(([, { nanos }]) => nanos < 0n).map(([name]) => name)
  if (negative.length > 0)
    return { refusal: `quota usage is negative for resource(s): ${negative.toSorted().join()}` }
  const before = operation === 'UPDATE' ? oldObject : undefined
  const added = before ? amountsBeyond(usage, evaluator.usage(before, now)) : usage
  const charged: ResourceQuota[] = []
  for (const quota of quotas) {
    const isKnown = before !== undefined && matchesQuota(evaluator, quota, before)
    const next = concerned.includes(quota)
      ? chargeOne(quota, isKnown ? added : usage, write.subresource !== 'status')
      : quota
    if (typeof next === 'string') return { refusal: next }
    charged.push(next)
  }
  return { quotas: charged, isChanged: charged.some((quota, index) => quota !== quotas[index]) }
}

/** Why the object cannot be judged by this quota. */
function notReady(
  { metadata, status }: ResourceQuota,
  object: NonNullable<QuotaWrite['object']>,
  evaluator: QuotaEvaluator,
): string | undefined {
  const names = Object.keys(status.hard ?? {})
    .filter(name => evaluator.measures(name))
    .toSorted()
  const missing = evaluator.missing?.(object, names)
  if (missing) return `failed quota: ${metadata.name}: ${missing}`
  if (names.every(name => status.used?.[name] !== undefined)) return undefined
  return `status unknown for quota: ${metadata.name}, resources: ${names.join(',')}`
}

/** The quota with the usage in it; a text where it would be too much. */
function chargeOne(
  quota: ResourceQuota,
  usage: ResourceList,
  isLimiting: boolean,
): ResourceQuota | string {
  const { metadata, status } = quota
  const hard = readAmounts(status.hard)
  const requested = onlyAmounts(usage, (name, { nanos }) => nanos !== 0n && hard.has(name))
  if (requested.size === 0) return quota
  const used = readAmounts(status.used)
  const total = addAmounts(used, requested)
  const exceeded = onlyAmounts(requested, name => {
    const [sum, limit] = [total.get(name), hard.get(name)]
    return sum !== undefined && limit !== undefined && compareQuantities(sum, limit) > 0
  })
  if (isLimiting && exceeded.size > 0) {
    const part = (list: ResourceList) => showAmounts(onlyAmounts(list, name => exceeded.has(name)))
    return `exceeded quota: ${metadata.name}, requested: ${part(requested)}, used: ${part(used)}, limited: ${part(hard)}`
  }
  return { ...quota, status: { ...status, used: writeAmounts(total) } }
}
