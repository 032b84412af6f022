/**
 * How much of the machine's swap a container may use. Where the kernel can limit it, containers have none, or with LimitedSwap those of Burstable pods a part of
 * it, as large as the part of the memory that they request.
 */
import { quantityToNumber } from '#api/machinery/quantity.ts'
import { isCritical } from '../eviction/ranking.ts'
import type { AnyContainer, Pod } from '../pod-types.ts'
import type { LinuxResources } from '../runtime.ts'
import { qosClassOf } from '../status/qos.ts'

export type SwapBehavior = 'NoSwap' | 'LimitedSwap'

export interface SwapRules {
  readonly behavior: SwapBehavior
  /** Of control groups, in which swap can be limited. */
  readonly version: 1 | 2
  readonly memoryBytes: number
  readonly swapBytes: number
}

type SwapLimits = Pick<LinuxResources, 'memorySwapLimitBytes' | 'unified'>

/** The file of version 2 that has the limit. */
const FILE = 'memory.swap.max'

/** Of a machine that can limit it. */
export class NodeSwap {
  readonly #rules: SwapRules

  constructor(rules: SwapRules) {
    this.#rules = rules
  }

  /** What a container has beside its other limits. */
  limitsOf(pod: Pod, container: AnyContainer, limits: Limited): SwapLimits {
    return swapLimits(this.#rules, pod, container, limits)
  }

  /** Why memory can't be changed while its container runs; undefined where it can. */
  resizeProblem(before: Pod, after: Pod): string | undefined {
    return swapResizeProblem(this.#rules, before, after)
  }
}

type Limited = Pick<LinuxResources, 'memoryLimitBytes'>

export function swapLimits(
  rules: SwapRules,
  pod: Pod,
  container: AnyContainer,
  { memoryLimitBytes }: Limited,
): SwapLimits {
  if (rules.version === 2)
    return { unified: { [FILE]: String(swapBytesOf(rules, pod, container)) } }
  // Version 1 limits memory and swap together.
  return memoryLimitBytes ? { memorySwapLimitBytes: memoryLimitBytes } : {}
}

function swapBytesOf(rules: SwapRules, pod: Pod, container: AnyContainer): number {
  const { memoryBytes, swapBytes } = rules
  if (!mayUseSwap(rules, pod, container)) return 0
  const requested = memoryOf(container, 'requests')
  if (memoryBytes <= 0 || requested > memoryBytes) return 0
  return Math.trunc((requested / memoryBytes) * swapBytes)
}

/** Whoever says exactly what memory it needs, or nothing of it, has no swap, nor has who is critical. */
function mayUseSwap(rules: SwapRules, pod: Pod, container: AnyContainer): boolean {
  if (rules.behavior !== 'LimitedSwap' || rules.version !== 2) return false
  if (qosClassOf(pod) !== 'Burstable' || isCritical(pod)) return false
  const [requested, limit] = [memoryOf(container, 'requests'), memoryOf(container, 'limits')]
  return (requested > 0 || limit > 0) && requested !== limit
}

const memoryOf = (container: AnyContainer, which: 'requests' | 'limits'): number =>
  quantityToNumber(container.resources?.[which]?.memory ?? '0')

/** What a container may have of swap would no longer be right. */
export function swapResizeProblem(rules: SwapRules, before: Pod, after: Pod): string | undefined {
  for (const container of after.spec?.containers ?? []) {
    const known = before.spec?.containers?.find(({ name }) => name === container.name)
    if (!known || memoryOf(known, 'requests') === memoryOf(container, 'requests')) continue
    const isRestarted = known.resizePolicy?.some(
      ({ resourceName, restartPolicy }) =>
        resourceName === 'memory' && restartPolicy === 'RestartContainer',
    )
    if (isRestarted) continue
    if (mayUseSwap(rules, before, known) || mayUseSwap(rules, after, container))
      return 'In-place resize of containers with swap is not supported.'
  }
  return undefined
}
