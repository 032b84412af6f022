/** Why a pod has no node, in upstream's words, and whom that makes wait for what. */
import type { FilterFailure } from '../framework/plugin.ts'
import { isRejected, messageOfStatus, type Status } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'

/** The plugins' name for a cluster without nodes: only a node helps. */
export const NO_NODES = 'nodes'
export const NO_NODES_MESSAGE = 'no nodes available to schedule pods'

export class Failure implements FilterFailure {
  readonly counts: Map<Status, number> = new Map()
  readonly #total: number
  readonly #own = new Map<string, Status>()
  readonly #known: (position: number) => Status | undefined
  /** The answer of nodes that were not asked one by one. */
  #absent: Status | undefined
  /** Set where PreFilter refused the pod. */
  #preFilter: Status | undefined
  readonly #others = new Set<string>()

  /** `known` gives refusals that are kept elsewhere, by the nodes' positions; they are counted by `countAll`. */
  constructor(total: number, known: (position: number) => Status | undefined = () => undefined) {
    this.#total = total
    this.#known = known
  }

  note(node: NodeInfo, status: Status): void {
    this.#own.set(node.name, status)
    this.#count(status, 1)
  }

  countAll(counts: ReadonlyMap<Status, number>): void {
    for (const [status, count] of counts) this.#count(status, count)
  }

  /** All nodes that have no refusal of their own are refused with this. */
  noteRest(status: Status): void {
    this.#absent = status
    const asked = [...this.counts.values()].reduce((sum, count) => sum + count, 0)
    if (this.#total > asked) this.#count(status, this.#total - asked)
  }

  notePreFilter(status: Status): void {
    this.#preFilter = status
    this.noteRest(status)
  }

  /** Somebody had a part in the refusal without refusing a node by itself. */
  blame(plugin: string): void {
    this.#others.add(plugin)
  }

  statusOf(node: NodeInfo): Status {
    const own = this.#own.size > 0 ? this.#own.get(node.name) : undefined
    return own ?? this.#known(node.position) ?? this.#absent ?? ABSENT
  }

  statusAt(position: number, nodes: readonly NodeInfo[]): Status {
    const node = this.#own.size > 0 ? nodes[position] : undefined
    return node ? this.statusOf(node) : (this.#known(position) ?? this.#absent ?? ABSENT)
  }

  /** Who refused, and who only waits for something. */
  get rejectors(): { refusedBy: ReadonlySet<string>; pendingFor: ReadonlySet<string> } {
    const refusedBy = new Set(this.#others)
    const pendingFor = new Set<string>()
    for (const status of this.counts.keys()) {
      if (!status.plugin || !isRejected(status)) continue
      if (status.code === 'Pending') pendingFor.add(status.plugin)
      else refusedBy.add(status.plugin)
    }
    return { refusedBy, pendingFor }
  }

  /** `0/N nodes are available: 1 REASON, 2 REASON.` and what PostFilter says; or the reason alone, if no node is to blame. */
  message(postFilter: string): string {
    for (const status of this.counts.keys()) if (status.isOfNoNode) return messageOfStatus(status)
    const why = this.#preFilter ? messageOfStatus(this.#preFilter) : countedReasons(this.counts)
    const parts = [`0/${this.#total} nodes are available:`]
    if (why !== '') parts.push(`${why}.`)
    if (postFilter !== '') parts.push(postFilter)
    return parts.join(' ')
  }

  #count(status: Status, count: number): void {
    this.counts.set(status, (this.counts.get(status) ?? 0) + count)
  }
}

/** What upstream takes for nodes of which nothing is known. */
const ABSENT: Status = Object.freeze({
  code: 'UnschedulableAndUnresolvable',
  reasons: [],
  plugin: '',
})

/** `1 REASON, 2 REASON`, in the order of the texts. */
export function countedReasons(counts: ReadonlyMap<Status, number>): string {
  const byReason = new Map<string, number>()
  for (const [{ reasons }, count] of counts)
    for (const reason of reasons) byReason.set(reason, (byReason.get(reason) ?? 0) + count)
  return [...byReason]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ')
}
