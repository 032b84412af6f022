/**
 * Memory and huge pages of certain memory nodes for containers of Guaranteed pods. Upstream's `Static` policy. Here is only the book of
 * who has what: `division.ts` keeps it on disk and tells the runtime.
 *
 * Invariants: what a node has free and what containers have of it add up to what may be given away; nodes that serve one container
 * together serve others only together, too.
 */
import { isDeepStrictEqual } from 'node:util'
import { quantityToNumber } from '#api/machinery/quantity.ts'
import type { MemoryNode } from '../host-access.ts'
import { type AnyContainer, isSidecar, type Pod, uidOf } from '../pod-types.ts'
import { qosClassOf } from '../status/qos.ts'
import type { CpuSet } from './cpu-set.ts'
import { count, type Hint, type HintProvider, type Hints, nodesIn, setsOf } from './hints.ts'

/** Bytes, by the name of the resource: `memory`, `hugepages-2Mi`. */
export type Amounts = Readonly<Record<string, number>>

export interface MemoryBlock {
  readonly numaAffinity: CpuSet
  readonly type: string
  readonly size: number
}

interface Table {
  readonly total: number
  readonly systemReserved: number
  readonly allocatable: number
  reserved: number
  free: number
}

export interface NodeState {
  numberOfAssignments: number
  readonly memoryMap: Readonly<Record<string, Table>>
  /** The nodes that serve containers together with this one, itself among them. */
  cells: CpuSet
}

export type MemoryEntries = Readonly<
  Record<string, Readonly<Record<string, readonly MemoryBlock[]>>>
>

export class MemoryManager implements HintProvider {
  readonly #entries = new Map<string, Map<string, readonly MemoryBlock[]>>()
  readonly #nodes: ReadonlyMap<number, NodeState>

  constructor(nodes: readonly MemoryNode[], reserved: ReadonlyMap<number, Amounts>) {
    this.#nodes = new Map(
      nodes.map(node => [node.id, emptyState(node, reserved.get(node.id) ?? {})]),
    )
  }

  get machine(): Readonly<Record<string, NodeState>> {
    return Object.fromEntries(this.#nodes)
  }

  /** What containers may have for themselves, whether somebody has it or not. */
  get allocatable(): readonly MemoryBlock[] {
    return [...this.#nodes].flatMap(([id, { memoryMap }]) =>
      Object.entries(memoryMap)
        .filter(([, { allocatable }]) => allocatable > 0)
        .map(([type, { allocatable: size }]) => ({ numaAffinity: [id], type, size })),
    )
  }

  get entries(): MemoryEntries {
    return Object.fromEntries(
      [...this.#entries].map(([uid, containers]) => [uid, Object.fromEntries(containers)]),
    )
  }

  /** Goes on from what a file says. Throws where the machine is another one now. */
  restore(machine: Readonly<Record<string, NodeState>>, entries: MemoryEntries): void {
    if (!isDeepStrictEqual(sizesOf(machine), sizesOf(this.machine)))
      throw new Error('[memorymanager] the expected machine state is different from the real one')
    for (const [uid, containers] of Object.entries(entries))
      this.#entries.set(uid, new Map(Object.entries(containers)))
    for (const [id, state] of this.#nodes) {
      const told = machine[id]
      if (!told) continue
      state.numberOfAssignments = told.numberOfAssignments
      state.cells = told.cells
      for (const [name, table] of Object.entries(state.memoryMap)) {
        table.reserved = told.memoryMap[name]?.reserved ?? 0
        table.free = told.memoryMap[name]?.free ?? 0
      }
    }
  }

  blocksOf(uid: string, name: string): readonly MemoryBlock[] | undefined {
    return this.#entries.get(uid)?.get(name)
  }

  nodesOf(uid: string, name: string): CpuSet | undefined {
    const blocks = this.blocksOf(uid, name)
    return (
      blocks &&
      [...new Set(blocks.flatMap(({ numaAffinity }) => numaAffinity))].sort((a, b) => a - b)
    )
  }

  has(uid: string): boolean {
    return this.#entries.has(uid)
  }

  /** Undefined where the container takes its memory from anywhere. */
  hints(pod: Pod, container: AnyContainer): Hints | undefined {
    return this.#hintsFor(pod, wantedMemory(pod, container))
  }

  /** Of all containers of the pod together. */
  podHints(pod: Pod): Hints | undefined {
    return this.#hintsFor(pod, wantedByPod(pod))
  }

  #hintsFor(pod: Pod, wanted: Amounts | undefined): Hints | undefined {
    if (!wanted) return undefined
    const hints = this.#places(pod, wanted)
    return Object.fromEntries(Object.keys(wanted).map(name => [name, hints]))
  }

  /** Sets of nodes that have room for it. */
  #places(pod: Pod, wanted: Amounts): Hint[] {
    const ids = [...this.#nodes.keys()]
    const fits = (nodes: number, of: (table: Table) => number, more: (name: string) => number) =>
      Object.entries(wanted).every(
        ([name, size]) => this.#sum(nodes, name, of) + more(name) >= size,
      )
    const sets = setsOf(ids)
    const large = sets.filter(nodes =>
      fits(
        nodes,
        ({ allocatable }) => allocatable,
        () => 0,
      ),
    )
    const least = Math.min(...large.map(count))
    const left = this.#leftBy(pod).flatMap(name => this.blocksOf(uidOf(pod), name) ?? [])
    return large
      .filter(nodes => {
        const together = nodesIn(nodes, ids)
        const reusable = (name: string) =>
          left
            .filter(({ type, numaAffinity }) => type === name && sameIds(numaAffinity, together))
            .reduce((sum, { size }) => sum + size, 0)
        return this.#mayServe(together) && fits(nodes, ({ free }) => free, reusable)
      })
      .map(nodes => ({ nodes, preferred: count(nodes) === least }))
  }

  /** Nodes that serve nobody yet, or just these together. */
  #mayServe(together: CpuSet): boolean {
    return together.every(id => {
      const state = this.#nodes.get(id)
      return !state || state.numberOfAssignments === 0 || sameIds(state.cells, together)
    })
  }

  #sum(nodes: number, name: string, of: (table: Table) => number): number {
    let sum = 0
    for (const [id, { memoryMap }] of this.#nodes) {
      const table = memoryMap[name]
      if (nodes & (1 << id) && table) sum += of(table)
    }
    return sum
  }

  /** Throws where there is no room. Gives whether anything changed. */
  allocate(pod: Pod, container: AnyContainer, nodes?: number): boolean {
    const uid = uidOf(pod)
    const wanted = wantedMemory(pod, container)
    if (!wanted || this.#entries.get(uid)?.has(container.name)) return false
    const places = this.#places(pod, wanted)
    const chosen =
      places.find(place => nodes !== undefined && place.nodes === nodes) ??
      places.find(place => nodes !== undefined && ((place.nodes ?? 0) & nodes) === nodes) ??
      places[0]
    if (chosen?.nodes === undefined)
      throw new Error(
        '[memorymanager] failed to get the default NUMA affinity, no NUMA nodes with enough memory is available',
      )
    const numaAffinity = nodesIn(chosen.nodes, [...this.#nodes.keys()])
    const blocks = Object.entries(wanted).map(([type, size]) => ({ numaAffinity, type, size }))
    for (const block of blocks) this.#takeOver(pod, block)
    this.#enter(uid, container.name, blocks)
    return true
  }

  /** Init containers of the pod that are over by the time of those after them. */
  #leftBy({ metadata, spec }: Pod): readonly string[] {
    const entries = this.#entries.get(metadata.uid ?? '')
    return (spec?.initContainers ?? [])
      .filter(each => !isSidecar(each) && entries?.has(each.name))
      .map(({ name }) => name)
  }

  /** What an init container had of the same nodes is the next one's, not given a second time: its block shrinks by as much. */
  #takeOver(pod: Pod, { type, numaAffinity, size }: MemoryBlock): void {
    const containers = this.#entries.get(uidOf(pod))
    let wanted = size
    for (const name of this.#leftBy(pod)) {
      const smaller = (containers?.get(name) ?? []).map(block => {
        if (block.type !== type || !sameIds(block.numaAffinity, numaAffinity)) return block
        const taken = Math.min(block.size, wanted)
        wanted -= taken
        return { ...block, size: block.size - taken }
      })
      containers?.set(name, smaller)
    }
    this.#book(type, numaAffinity, wanted - size)
  }

  #enter(uid: string, name: string, blocks: readonly MemoryBlock[]): void {
    const containers = this.#entries.get(uid) ?? new Map<string, readonly MemoryBlock[]>()
    this.#entries.set(uid, containers.set(name, blocks))
    for (const { type, numaAffinity, size } of blocks) {
      this.#book(type, numaAffinity, size)
      this.#assign(numaAffinity, 1)
    }
  }

  #assign(numaAffinity: CpuSet, by: 1 | -1): void {
    for (const id of numaAffinity) {
      const state = this.#nodes.get(id)
      if (!state) continue
      state.numberOfAssignments += by
      state.cells = state.numberOfAssignments > 0 ? numaAffinity : [id]
    }
  }

  /** Takes from the first of the nodes what it has, the rest from the next; gives back likewise. */
  #book(type: string, numaAffinity: CpuSet, size: number): void {
    let left = Math.abs(size)
    for (const id of numaAffinity) {
      const table = this.#nodes.get(id)?.memoryMap[type]
      if (!table) continue
      const part = Math.min(left, size > 0 ? table.free : table.reserved)
      left -= part
      table.free -= Math.sign(size) * part
      table.reserved += Math.sign(size) * part
    }
  }

  /** Gives whether it had any. */
  release(uid: string): boolean {
    const containers = this.#entries.get(uid)
    for (const { type, numaAffinity, size } of [...(containers?.values() ?? [])].flat()) {
      this.#book(type, numaAffinity, -size)
      this.#assign(numaAffinity, -1)
    }
    return this.#entries.delete(uid)
  }
}

function emptyState(node: MemoryNode, reserved: Amounts): NodeState {
  const totals = { ...node.hugePages, memory: node.memoryBytes }
  const usable =
    node.memoryBytes - Object.values(node.hugePages).reduce((sum, each) => sum + each, 0)
  const memoryMap = Object.fromEntries(
    Object.entries(totals).map(([name, total]) => {
      const systemReserved = reserved[name] ?? 0
      // Memory in huge pages is no other memory.
      const allocatable = Math.max(0, (name === 'memory' ? usable : total) - systemReserved)
      return [name, { total, systemReserved, allocatable, reserved: 0, free: allocatable }]
    }),
  )
  return { numberOfAssignments: 0, memoryMap, cells: [node.id] }
}

const isMemory = (name: string) => name === 'memory' || name.startsWith('hugepages-')

export function wantedMemory(pod: Pod, container: AnyContainer): Amounts | undefined {
  if (qosClassOf(pod) !== 'Guaranteed' || pod.spec?.resources) return undefined
  const requests = Object.entries(container.resources?.requests ?? {})
  const wanted = requests
    .filter(([name]) => isMemory(name))
    .map(([name, quantity]) => [name, quantityToNumber(quantity)] as const)
    .filter(([, size]) => size > 0)
  return wanted.length > 0 ? Object.fromEntries(wanted) : undefined
}

/** The most that it has at any moment: sidecars stay, other init containers leave theirs to those after them. */
function wantedByPod(pod: Pod): Amounts | undefined {
  const sidecars: Record<string, number> = {}
  const peaks: Record<string, number> = {}
  const raise = (sums: Record<string, number>, more: Amounts = {}) => {
    for (const name of new Set([...Object.keys(sums), ...Object.keys(more)]))
      peaks[name] = Math.max(peaks[name] ?? 0, (sums[name] ?? 0) + (more[name] ?? 0))
  }
  const add = (sums: Record<string, number>, more: Amounts = {}) => {
    for (const [name, size] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + size
  }
  for (const container of pod.spec?.initContainers ?? []) {
    const wanted = wantedMemory(pod, container)
    if (isSidecar(container)) add(sidecars, wanted)
    raise(sidecars, isSidecar(container) ? {} : wanted)
  }
  for (const container of pod.spec?.containers ?? []) add(sidecars, wantedMemory(pod, container))
  raise(sidecars)
  return Object.keys(peaks).length > 0 ? peaks : undefined
}

const sameIds = (a: CpuSet, b: CpuSet): boolean =>
  a.length === b.length && a.every((id, at) => id === b[at])

/** What of a machine does not change while pods come and go. */
const sizesOf = (machine: Readonly<Record<string, NodeState>>) =>
  Object.fromEntries(
    Object.entries(machine).map(([id, { memoryMap }]) => [
      id,
      Object.fromEntries(
        Object.entries(memoryMap).map(([name, { total, systemReserved, allocatable }]) => [
          name,
          [total, systemReserved, allocatable],
        ]),
      ),
    ]),
  )
