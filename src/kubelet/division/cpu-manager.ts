/**
 * Processors of their own for containers of Guaranteed pods that ask for whole ones; all others share what is left. Upstream's `static`
 * policy. Here is only the book of who has what: `division.ts` keeps it on disk and tells the runtime.
 *
 * Invariants: no processor is in two hands, but for those of init containers, which their pod's later containers take over; the shared
 * pool never loses what is reserved for the system.
 */
import { quantityToMilli } from '#api/machinery/quantity.ts'
import type { Cpu } from '../host-access.ts'
import { type AnyContainer, isSidecar, type Pod, uidOf } from '../pod-types.ts'
import { qosClassOf } from '../status/qos.ts'
import { AdmissionError } from './admission-error.ts'
import { type CpuSet, common, formatCpuSet, holds, isEqual, union, without } from './cpu-set.ts'
import { count, type HintProvider, type Hints, setsOf } from './hints.ts'
import { takeCpus, threadsPerCore } from './take-cpus.ts'

export interface CpuManagerOptions {
  readonly topology: readonly Cpu[]
  readonly reserved: CpuSet
  /** Only whole cores, and none that others have begun. */
  readonly fullPcpusOnly: boolean
  /** What is reserved is nobody's, not even of those that share. */
  readonly strictReservation: boolean
}

/** By the pod's uid and the container's name. */
export type CpuEntries = Readonly<Record<string, Readonly<Record<string, CpuSet>>>>

export class CpuManager implements HintProvider {
  readonly #options: CpuManagerOptions
  readonly #entries = new Map<string, Map<string, CpuSet>>()
  #shared: CpuSet

  constructor(options: CpuManagerOptions) {
    this.#options = options
    this.#shared = this.#poolOf([])
  }

  get shared(): CpuSet {
    return this.#shared
  }

  /** What containers may have for themselves, whether somebody has it or not. */
  get allocatable(): CpuSet {
    return without(this.#all(), this.#options.reserved)
  }

  get entries(): CpuEntries {
    return Object.fromEntries(
      [...this.#entries].map(([uid, containers]) => [uid, Object.fromEntries(containers)]),
    )
  }

  /** How many processors have one owner. */
  get exclusiveCount(): number {
    return this.#poolOf([]).length - this.#shared.length
  }

  exclusiveOf(uid: string, name: string): CpuSet | undefined {
    return this.#entries.get(uid)?.get(name)
  }

  has(uid: string): boolean {
    return this.#entries.has(uid)
  }

  /** Goes on from what a file says. Throws where that can't be true of this machine. */
  restore(shared: CpuSet, entries: CpuEntries): void {
    const { reserved, strictReservation } = this.#options
    const given = Object.values(entries).flatMap(containers => Object.values(containers))
    // Where all are given away but what is nobody's, none are left to share.
    if (shared.length === 0 && given.length > 0 && !strictReservation)
      throw new Error('default cpuset cannot be empty')
    // Written before anything was ever given away.
    if (shared.length === 0 && given.length === 0) return
    const kept = common(shared, reserved)
    if (strictReservation && kept.length > 0)
      throw new Error(
        `some of strictly reserved cpus: "${formatCpuSet(reserved)}" are present in defaultCpuSet: "${formatCpuSet(shared)}"`,
      )
    if (!strictReservation && !holds(shared, reserved))
      throw new Error(
        `not all reserved cpus: "${formatCpuSet(reserved)}" are present in defaultCpuSet: "${formatCpuSet(shared)}"`,
      )
    for (const [uid, containers] of Object.entries(entries))
      for (const [name, cpus] of Object.entries(containers))
        if (common(cpus, shared).length > 0)
          throw new Error(
            `pod: ${uid}, container: ${name} cpuset: "${formatCpuSet(cpus)}" overlaps with default cpuset "${formatCpuSet(shared)}"`,
          )
    const known = union(shared, ...given, strictReservation ? reserved : [])
    if (!isEqual(known, this.#all()))
      throw new Error(
        `current set of available CPUs "${formatCpuSet(this.#all())}" doesn't match with CPUs in state "${formatCpuSet(known)}"`,
      )
    for (const [uid, containers] of Object.entries(entries))
      this.#entries.set(uid, new Map(Object.entries(containers)))
    this.#shared = shared
  }

  /** Undefined where the container shares. */
  hints(pod: Pod, container: AnyContainer): Hints | undefined {
    return this.#hintsFor(pod, exclusiveCpus(pod, container))
  }

  /** Of all containers of the pod together. */
  podHints(pod: Pod): Hints | undefined {
    return this.#hintsFor(pod, exclusiveCpusOfPod(pod))
  }

  #hintsFor(pod: Pod, wanted: number): Hints | undefined {
    if (wanted === 0) return undefined
    const free = this.#freeFor(pod)
    const { topology } = this.#options
    const sets = setsOf([...new Set(topology.map(({ node }) => node))])
    const of = (nodes: number) =>
      topology.filter(({ node }) => nodes & (1 << node)).map(({ id }) => id)
    const least = Math.min(
      ...sets.filter(nodes => of(nodes).length >= wanted).map(nodes => count(nodes)),
    )
    const cpu = sets
      .filter(nodes => common(free, of(nodes)).length >= wanted)
      .map(nodes => ({ nodes, preferred: count(nodes) === least }))
    return { cpu }
  }

  /** Throws an AdmissionError where it can't have them. Gives whether anything changed. */
  allocate(pod: Pod, container: AnyContainer, nodes?: number): boolean {
    const wanted = exclusiveCpus(pod, container)
    const uid = uidOf(pod)
    if (wanted === 0 || this.exclusiveOf(uid, container.name)) return false
    const cpus = this.#choose(pod, wanted, nodes)
    const containers = this.#entries.get(uid) ?? new Map<string, CpuSet>()
    this.#entries.set(uid, containers.set(container.name, cpus))
    this.#shared = without(this.#shared, cpus)
    return true
  }

  #choose(pod: Pod, wanted: number, nodes: number | undefined): CpuSet {
    const { topology, fullPcpusOnly } = this.#options
    const threads = threadsPerCore(topology)
    const free = this.#freeFor(pod)
    if (fullPcpusOnly && wanted % threads > 0)
      throw new AdmissionError(
        'SMTAlignmentError',
        `SMT Alignment Error: requested ${wanted} cpus not multiple cpus per core = ${threads}`,
      )
    // The nodes that were agreed on come first, and both of them and of all what the pod's init containers had.
    const own = this.#leftBy(pod)
    const near = topology
      .filter(({ node }) => nodes !== undefined && nodes & (1 << node))
      .map(({ id }) => id)
    let chosen: CpuSet = []
    for (const wish of [common(own, near), near, own, free]) {
      const left = common(without(free, chosen), wish)
      const most = fullPcpusOnly ? this.#wholeCores(left) : left.length
      const number = Math.min(most, wanted - chosen.length)
      const taken = takeCpus(topology, left, number, { wholeCores: fullPcpusOnly })
      chosen = union(chosen, taken ?? [])
    }
    if (chosen.length === wanted) return chosen
    if (fullPcpusOnly && free.length >= wanted)
      throw new AdmissionError(
        'SMTAlignmentError',
        `SMT Alignment Error: not enough free physical CPUs: available physical CPUs = ${this.#wholeCores(free)}, requested CPUs = ${wanted}, CPUs per core = ${threads}`,
      )
    throw new Error(
      `not enough cpus available to satisfy request: requested=${wanted}, available=${free.length}`,
    )
  }

  /** How many processors are in cores of which nothing is taken. */
  #wholeCores(free: CpuSet): number {
    const cores = Map.groupBy(this.#options.topology, ({ core }) => core)
    const whole = [...cores.values()].filter(cpus => cpus.every(({ id }) => free.includes(id)))
    return whole.flat().length
  }

  /** Gives whether it had any. */
  release(uid: string): boolean {
    const isKnown = this.#entries.delete(uid)
    if (isKnown)
      this.#shared = this.#poolOf([...this.#entries.values()].flatMap(each => [...each.values()]))
    return isKnown
  }

  /** What may be given to a container of the pod. */
  #freeFor(pod: Pod): CpuSet {
    const free = without(this.#shared, this.#options.reserved)
    return union(free, this.#leftBy(pod))
  }

  /** What the pod's init containers have that nobody of those after them has taken over yet. */
  #leftBy({ metadata, spec }: Pod): CpuSet {
    const containers = this.#entries.get(metadata.uid ?? '')
    if (!containers) return []
    const passing = new Set(
      (spec?.initContainers ?? []).filter(each => !isSidecar(each)).map(({ name }) => name),
    )
    const of = (isPassing: boolean) =>
      union(
        ...[...containers].flatMap(([name, cpus]) =>
          passing.has(name) === isPassing ? [cpus] : [],
        ),
      )
    return without(of(true), of(false))
  }

  /** What those share that have none of their own. */
  #poolOf(given: readonly CpuSet[]): CpuSet {
    const { reserved, strictReservation } = this.#options
    return without(this.#all(), union(...given, strictReservation ? reserved : []))
  }

  #all(): CpuSet {
    return union(this.#options.topology.map(({ id }) => id))
  }
}

/** How many processors the container gets for itself; 0 where it shares. */
export function exclusiveCpus(pod: Pod, container: AnyContainer): number {
  // As upstream, a pod that limits itself as a whole shares with all.
  if (qosClassOf(pod) !== 'Guaranteed' || pod.spec?.resources) return 0
  const millis = quantityToMilli(container.resources?.requests?.cpu ?? '0')
  return millis % 1000 === 0 ? millis / 1000 : 0
}

/** The most that it has at any moment: sidecars stay, other init containers leave theirs to those after them. */
function exclusiveCpusOfPod(pod: Pod): number {
  let sidecars = 0
  let peak = 0
  for (const container of pod.spec?.initContainers ?? []) {
    const wanted = exclusiveCpus(pod, container)
    if (isSidecar(container)) sidecars += wanted
    peak = Math.max(peak, sidecars + (isSidecar(container) ? 0 : wanted))
  }
  const regular = (pod.spec?.containers ?? []).reduce(
    (sum, each) => sum + exclusiveCpus(pod, each),
    0,
  )
  return Math.max(peak, sidecars + regular)
}
