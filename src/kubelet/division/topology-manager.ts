/** Agrees with all who give away parts of the machine from where a pod's come, and has them set aside; upstream's topology manager. */
import type { AnyContainer, Pod } from '../pod-types.ts'
import { AdmissionError } from './admission-error.ts'
import {
  type HintProvider,
  type HintSource,
  judge,
  MAXIMUM_NODES,
  type TopologyPolicy,
} from './hints.ts'

export type TopologyScope = 'container' | 'pod'

export interface TopologyManagerOptions {
  readonly policy: TopologyPolicy
  readonly scope: TopologyScope
  /** Of the machine's memory nodes. */
  readonly nodeIds: readonly number[]
}

export interface Placing {
  /** Sets aside what the container needs; gives the nodes from which all that it has is to come. */
  place(container: AnyContainer): number | undefined
  /** Anybody has something else than before. */
  changed: boolean
}

export class TopologyManager {
  readonly #options: TopologyManagerOptions
  readonly #providers: readonly HintProvider[]
  #other: HintSource | undefined

  constructor(options: TopologyManagerOptions, providers: readonly HintProvider[]) {
    this.#options = options
    this.#providers = [...providers]
  }

  /** Somebody else who gives something away, and sees to that by itself. */
  hear(source: HintSource): void {
    this.#other = source
  }

  get nodeIds(): readonly number[] {
    return this.#options.nodeIds
  }

  /** Whether it matters from where something comes. */
  get isOn(): boolean {
    return this.#options.policy !== 'none'
  }

  /**
   * Sets aside what the pod needs; throws where the node can't, and then a new pod has nothing. What the pod has already was agreed on when it
   * came, and stays. Gives whether anything changed.
   */
  admit(pod: Pod, uid: string, isNew = true): boolean {
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
    try {
      const placing = this.placing(pod, isNew)
      for (const container of containers) placing.place(container)
      return placing.changed
    } catch (error) {
      if (isNew) for (const provider of this.#providers) provider.release(uid)
      throw error
    }
  }

  /** The same container by container, in their order. Throws where it can't; then the pod has what it was given so far. */
  placing(pod: Pod, isNew = true): Placing {
    const { scope } = this.#options
    const agrees = isNew && this.isOn
    const podNodes = agrees && scope === 'pod' ? this.#agree(each => each.podHints(pod)) : undefined
    const placing: Placing = {
      changed: false,
      place: container => {
        const nodes =
          agrees && scope === 'container'
            ? this.#agree(each => each.hints(pod, container))
            : podNodes
        for (const provider of this.#providers)
          placing.changed = provider.allocate(pod, container, nodes) || placing.changed
        return nodes
      },
    }
    return placing
  }

  #agree(ask: (source: HintSource) => ReturnType<HintSource['podHints']>): number | undefined {
    const { policy, nodeIds } = this.#options
    const sources = this.#other ? [...this.#providers, this.#other] : this.#providers
    const told = sources.map(ask).filter(hints => hints !== undefined)
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
