/** Agrees with all who give away parts of the machine from where a pod's come, and has them set aside; upstream's topology manager. */
import type { AnyContainer, Pod } from '../pod-types.ts'
import { AdmissionError } from './admission-error.ts'
import { type HintProvider, judge, MAXIMUM_NODES, type TopologyPolicy } from './hints.ts'

export type TopologyScope = 'container' | 'pod'

export interface TopologyManagerOptions {
  readonly policy: TopologyPolicy
  readonly scope: TopologyScope
  /** Of the machine's memory nodes. */
  readonly nodeIds: readonly number[]
}

export class TopologyManager {
  readonly #options: TopologyManagerOptions
  readonly #providers: HintProvider[]

  constructor(options: TopologyManagerOptions, providers: readonly HintProvider[]) {
    this.#options = options
    this.#providers = [...providers]
  }

  /** Sets aside what the pod needs; throws where the node can't, and then the pod has nothing. Gives whether anything changed. */
  admit(pod: Pod, uid: string): boolean {
    const { policy, scope } = this.#options
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
    let changed = false
    try {
      const nodes =
        policy !== 'none' && scope === 'pod' ? this.#agree(each => each.podHints(pod)) : undefined
      for (const container of containers) changed = this.#allocate(pod, container, nodes) || changed
      return changed
    } catch (error) {
      for (const provider of this.#providers) provider.release(uid)
      throw error
    }
  }

  #allocate(pod: Pod, container: AnyContainer, podNodes: number | undefined): boolean {
    const { policy, scope } = this.#options
    const isByContainer = policy !== 'none' && scope === 'container'
    const nodes = isByContainer ? this.#agree(each => each.hints(pod, container)) : podNodes
    let changed = false
    for (const provider of this.#providers)
      changed = provider.allocate(pod, container, nodes) || changed
    return changed
  }

  #agree(
    ask: (provider: HintProvider) => ReturnType<HintProvider['podHints']>,
  ): number | undefined {
    const { policy, nodeIds } = this.#options
    const told = this.#providers.map(ask).filter(hints => hints !== undefined)
    const { hint, admitted } = judge(policy, nodeIds, told)
    if (!admitted)
      throw new AdmissionError(
        'TopologyAffinityError',
        'Resources cannot be allocated with Topology locality',
      )
    return hint.nodes
  }

  get problem(): string | undefined {
    const { policy, nodeIds } = this.#options
    return policy === 'none' || nodeIds.length <= MAXIMUM_NODES
      ? undefined
      : `unsupported on machines with more than ${MAXIMUM_NODES} NUMA Nodes`
  }
}
