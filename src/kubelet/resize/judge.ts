/** Whether the node can give a pod what a resize asks for. Pure. */
import { quantityToMilli, quantityToNumber } from '#api/machinery/quantity.ts'
import type { PodRequests } from '../containers/resources.ts'
import { outOf } from '../pods/admission.ts'

export interface Postponement {
  /** `Infeasible` is for good, `Deferred` until others leave. */
  readonly reason: 'Infeasible' | 'Deferred'
  readonly message: string
}

export interface JudgeInput {
  readonly asked: PodRequests
  /** What the pod takes already; part of `taken`. */
  readonly before: PodRequests
  readonly taken: PodRequests
  readonly allocatable: Readonly<Record<string, string>>
}

/** Undefined where it fits. */
export function judgeResize(input: JudgeInput): Postponement | undefined {
  const { asked, before, taken } = input
  for (const name of ['memory', 'cpu'] as const) {
    const capacity = capacityOf(input, name)
    if (asked[name] > capacity)
      return {
        reason: 'Infeasible',
        message: `Node didn't have enough capacity: ${name}, requested: ${asked[name]}, capacity: ${capacity}`,
      }
  }
  for (const name of ['cpu', 'memory'] as const) {
    // Who takes less helps, even where too much is taken.
    if (asked[name] <= before[name]) continue
    const used = taken[name] - before[name]
    const capacity = capacityOf(input, name)
    if (asked[name] + used <= capacity) continue
    return { reason: 'Deferred', message: outOf(name, asked[name], used, capacity).message }
  }
  return undefined
}

function capacityOf({ allocatable }: JudgeInput, name: 'cpu' | 'memory'): number {
  const quantity = allocatable[name]
  if (quantity === undefined) return Number.POSITIVE_INFINITY
  return name === 'cpu' ? quantityToMilli(quantity) : quantityToNumber(quantity)
}
