/**
 * Which processors a container gets for itself: whole sockets and memory nodes where it asks for that much, then whole cores, then
 * single threads, all as close together as what is free allows. Pure, and the same each time.
 */
import type { Cpu } from '../host-access.ts'
import { type CpuSet, cpuSet } from './cpu-set.ts'

type Level = 'node' | 'socket' | 'core'

export interface TakeOptions {
  /** Never part of a core, even where the rest of it would be free. */
  readonly wholeCores?: boolean
}

/** `count` of those that are free; undefined where there are not enough. */
export function takeCpus(
  topology: readonly Cpu[],
  free: CpuSet,
  count: number,
  { wholeCores = false }: TakeOptions = {},
): CpuSet | undefined {
  const taking = new Taking(topology, free, count)
  // The larger unit first; where a node has several sockets it is the node.
  const levels: Level[] =
    averageSize(topology, 'node') > averageSize(topology, 'socket')
      ? ['node', 'socket']
      : ['socket', 'node']
  for (const level of levels) taking.wholeGroups(level)
  taking.wholeGroups('core')
  if (!wholeCores) taking.singles()
  return taking.left === 0 ? cpuSet(taking.taken) : undefined
}

class Taking {
  readonly taken: number[] = []
  readonly #topology: readonly Cpu[]
  readonly #free: Set<number>
  readonly #count: number

  constructor(topology: readonly Cpu[], free: CpuSet, count: number) {
    this.#topology = topology
    this.#free = new Set(free)
    this.#count = count
  }

  get left(): number {
    return this.#count - this.taken.length
  }

  /** As many as fit of those of which nothing is taken. */
  wholeGroups(level: Level): void {
    const sizes = countBy(this.#topology, level)
    for (;;) {
      const free = Map.groupBy(this.#freeCpus(), cpu => cpu[level])
      const fitting = [...free].filter(
        ([id, cpus]) => cpus.length === sizes.get(id) && cpus.length <= this.left,
      )
      const best = this.#closest(fitting.map(([, cpus]) => cpus))
      if (!best) return
      this.#take(best)
    }
  }

  /** Threads of cores that others have begun come before those of untouched ones. */
  singles(): void {
    while (this.left > 0) {
      const cores = [...Map.groupBy(this.#freeCpus(), cpu => cpu.core).values()]
      const fewest = Math.min(...cores.map(cpus => cpus.length))
      const near = this.#closest(cores.filter(cpus => cpus.length === fewest))
      if (!near) return
      this.#take(near.slice(0, this.left))
    }
  }

  #freeCpus(): Cpu[] {
    return this.#topology.filter(({ id }) => this.#free.has(id))
  }

  #take(cpus: readonly Cpu[]): void {
    for (const { id } of cpus) {
      this.#free.delete(id)
      this.taken.push(id)
    }
  }

  /** Of groups that would do: beside what is taken already, else in a socket that has room for the whole rest, and little beyond it. */
  #closest(groups: readonly (readonly Cpu[])[]): readonly Cpu[] | undefined {
    const room = countBy(this.#freeCpus(), 'socket')
    const inUse = new Set(
      this.#topology.filter(({ id }) => this.taken.includes(id)).map(({ socket }) => socket),
    )
    const rank = ([first]: readonly Cpu[]): readonly number[] => {
      const { socket = 0, id = 0 } = first ?? {}
      const has = room.get(socket) ?? 0
      const isEnough = has >= this.left
      return [inUse.has(socket) ? 0 : 1, isEnough ? 0 : 1, isEnough ? has : -has, id]
    }
    return groups.toSorted((a, b) => compare(rank(a), rank(b)))[0]
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) if (value !== b[at]) return value - (b[at] ?? 0)
  return 0
}

function countBy(cpus: readonly Cpu[], level: Level): Map<number, number> {
  const counts = new Map<number, number>()
  for (const cpu of cpus) counts.set(cpu[level], (counts.get(cpu[level]) ?? 0) + 1)
  return counts
}

const averageSize = (topology: readonly Cpu[], level: Level): number =>
  topology.length / Math.max(1, countBy(topology, level).size)

/** As many as each core has where all have the same; 1 on a machine without any. */
export const threadsPerCore = (topology: readonly Cpu[]): number =>
  Math.max(1, Math.round(averageSize(topology, 'core')))
