/** How others than its node say a condition of a pod. */
import type { Pod } from './pod.ts'

/** For a strategic patch of its status: of the generation that was seen, and last where it was not said before, as upstream's have it. */
export function saidCondition(
  { metadata: { generation: observedGeneration }, status }: Pod,
  condition: Readonly<Record<string, unknown>> & { readonly type: string },
): object {
  const known = (status.conditions ?? []).map(({ type }) => type)
  const order = known.includes(condition.type) ? known : [...known, condition.type]
  return {
    '$setElementOrder/conditions': order.map(type => ({ type })),
    conditions: [{ ...condition, ...(observedGeneration ? { observedGeneration } : {}) }],
  }
}
