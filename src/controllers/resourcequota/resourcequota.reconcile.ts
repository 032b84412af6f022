/** What the objects of a namespace use of a quota, and what its status says about that. */
import { matchesQuota, type QuotaEvaluator } from '#api/core/quota/evaluator.ts'
import { type ResourceQuota, resourceQuota } from '#api/core/v1/resource-quota.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { compareQuantities } from '#api/machinery/quantity.ts'
import {
  addAmounts,
  countOf,
  largestAmounts,
  onlyAmounts,
  type ResourceList,
  readAmounts,
  writeAmounts,
} from '#api/machinery/resource-list.ts'
import type { Outcome } from '../runner/controller.ts'

/** Objects of one resource, and how they count. */
export interface Measured {
  readonly evaluator: QuotaEvaluator
  /** Of the quota's namespace. */
  readonly objects: readonly KubernetesObject[]
}

export interface QuotaWorld {
  readonly quota: ResourceQuota
  /** Of everything that the quota limits. */
  readonly measured: readonly Measured[]
  /**
   * How long ago somebody entered something into the status. What was entered for a write may be on its way still, and must
   * not be taken back.
   */
  readonly settledInMs: number
  readonly nowMs: number
}

export function reconcile(world: QuotaWorld): Outcome {
  const { quota, settledInMs } = world
  const hard = quota.spec.hard ?? {}
  const known = onlyAmounts(readAmounts(quota.status.used), name => name in hard)
  const counted = countedUsage(world)
  // A name that nobody counts keeps what is said about it.
  const exact = new Map([...known, ...counted])
  const isLess = [...counted].some(([name, amount]) => {
    const before = known.get(name)
    return before !== undefined && compareQuantities(amount, before) < 0
  })
  const mustWait = isLess && settledInMs > 0
  const used = mustWait ? largestAmounts(known, exact) : exact
  const isSame =
    sameAmounts(used, readAmounts(quota.status.used)) &&
    sameAmounts(readAmounts(hard), readAmounts(quota.status.hard)) &&
    quota.status.hard !== undefined &&
    quota.status.used !== undefined
  const status = { hard, used: writeAmounts(used) }
  return {
    writes: isSame
      ? []
      : [
          {
            verb: 'update',
            kind: resourceQuota,
            object: { ...quota, status },
            subresource: 'status',
          },
        ],
    ...(mustWait ? { againAfterMs: settledInMs } : {}),
  }
}

/** Zero for what the quota limits and nobody uses. */
function countedUsage({ quota, measured, nowMs }: QuotaWorld): ResourceList {
  const { hard = {} } = quota.spec
  // What counts is what the spec says, even where the status does not say it yet.
  const limited = { ...quota, status: { ...quota.status, hard } }
  let usage: ResourceList = new Map()
  for (const { evaluator, objects } of measured) {
    for (const name of Object.keys(hard))
      if (evaluator.measures(name)) usage = addAmounts(usage, new Map([[name, countOf(0)]]))
    for (const object of objects)
      if (matchesQuota(evaluator, limited, object))
        usage = addAmounts(
          usage,
          onlyAmounts(evaluator.usage(object, nowMs), name => name in hard),
        )
  }
  return usage
}

function sameAmounts(a: ResourceList, b: ResourceList): boolean {
  return (
    a.size === b.size &&
    [...a].every(([name, amount]) => {
      const other = b.get(name)
      return other !== undefined && compareQuantities(amount, other) === 0
    })
  )
}
