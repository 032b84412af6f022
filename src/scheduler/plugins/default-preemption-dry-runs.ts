/**
 * Dry runs of evictions, kept per node and per sort of pod: of thousands of pods alike that look for room, each asks only about
 * the nodes that changed since the one before it.
 */
import type { NodeVictims } from '../framework/extender.ts'
import type { Status } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import { isCountedByAny } from './default-preemption-budgets.ts'
import { COSTS, costsOf, leastRow } from './default-preemption-choice.ts'
import { type DryRun, victimsOn } from './default-preemption-victims.ts'

/** Sorts of pods whose dry runs are kept; each needs some 60 bytes a node, and its victims. */
const SORTS_LIMIT = 16

export class DryRuns {
  readonly #plugin: string
  /** The sort longest unused comes first. */
  readonly #kept = new Map<string, DryRunAnswers>()
  /** For pods whose answers are not kept: they use the same tables, one after the other. */
  #unsorted = new DryRunAnswers(0, true)

  constructor(plugin: string) {
    this.#plugin = plugin
  }

  /** Budgets select other pods than before. */
  forget(): void {
    this.#kept.clear()
  }

  /** Answers for one pod, until the next is asked for; what they rest on must not change meanwhile. */
  of(run: DryRun): DryRunAnswers {
    const { sort } = run.cycle
    const { length } = run.handle.snapshot.nodes
    const answers = sort === undefined ? this.#unsortedFor(length) : this.#keptFor(sort, length)
    answers.begin(run, this.#plugin)
    return answers
  }

  #unsortedFor(nodes: number): DryRunAnswers {
    if (this.#unsorted.nodes < nodes) this.#unsorted = new DryRunAnswers(nodes, true)
    return this.#unsorted
  }

  #keptFor(sort: string, nodes: number): DryRunAnswers {
    const answers = this.#kept.get(sort) ?? new DryRunAnswers(nodes)
    this.#kept.delete(sort)
    this.#kept.set(sort, answers)
    if (this.#kept.size > SORTS_LIMIT)
      for (const [oldest] of this.#kept) {
        this.#kept.delete(oldest)
        break
      }
    return answers
  }
}

/**
 * What evictions on each node would come to, by its position. Thousands of nodes are gone through for every pod, so what is read
 * of each lies side by side in tables and not in objects all over the memory.
 */
export class DryRunAnswers {
  /** Of the nodes when they were asked; -1 where they are to be asked. */
  readonly #revisions: Float64Array
  /** Of the nodes now. */
  #newest: Float64Array = new Float64Array()
  readonly #found: (NodeVictims | Status | undefined)[] = []
  /** `COSTS` numbers a node; the first is -1 where no eviction helps, and otherwise counts broken budgets. */
  readonly #costs: Float64Array
  readonly #isPassing: boolean
  /** Places whose answers are for one pod only. */
  #passing: number[] = []
  #run: DryRun | undefined
  #plugin = ''
  #hoped: string | undefined

  /** `isPassing` if no answer is for more than one pod. */
  constructor(nodes: number, isPassing = false) {
    this.#isPassing = isPassing
    this.#revisions = new Float64Array(nodes).fill(-1)
    this.#costs = new Float64Array(nodes * COSTS)
  }

  /** How many there is room for. */
  get nodes(): number {
    return this.#revisions.length
  }

  /** From here on, answers are for the pod of this run. */
  begin(run: DryRun, plugin: string): void {
    const { nominator, snapshot } = run.handle
    this.#run = run
    this.#newest = snapshot.revisions
    this.#plugin = plugin
    this.#hoped = nominator.nodeOf(run.pod.uid)
    for (const position of this.#passing) {
      this.#revisions[position] = -1
      // The pods that are named there may be gone for long when it is asked about again.
      this.#found[position] = undefined
    }
    this.#passing = []
    // Where the pod itself hopes to go, others must leave it the room, and it need not.
    const hoped = snapshot.node(this.#hoped ?? '')
    if (hoped) this.#revisions[hoped.position] = -1
  }

  /** How many disruption budgets evictions on the node there would break; -1 where none would make room. */
  violationsAt(position: number): number {
    if (this.#revisions[position] !== this.#newest[position]) {
      const node = this.#run?.handle.snapshot.nodes[position]
      if (node) this.#ask(node)
    }
    return this.#costs[position * COSTS] ?? -1
  }

  foundOn(node: NodeInfo): NodeVictims | Status {
    const { position, revision } = node
    const found = this.#revisions[position] === revision ? this.#found[position] : undefined
    return found ?? this.#ask(node)
  }

  /** Of the nodes at these places, all of which can be freed: the one whose freeing hurts least. */
  leastHurt(positions: readonly number[]): number | undefined {
    return leastRow(this.#costs, positions)
  }

  #ask(node: NodeInfo): NodeVictims | Status {
    const { position, revision, name } = node
    const run = this.#run
    if (!run) throw new Error('no pod is looking for room')
    const found = victimsOn(run, node, this.#plugin)
    this.#revisions[position] = revision
    this.#found[position] = found
    if ('code' in found || found.pods.length === 0) this.#costs[position * COSTS] = -1
    else this.#costs.set(costsOf(found), position * COSTS)
    const isOwn = this.#isPassing || name === this.#hoped
    if (isOwn || isCountedByAny(run.budgets, node.pods.values())) this.#passing.push(position)
    return found
  }
}
