/**
 * How the node divides its machine among containers: who has processors and memory nodes of its own, and what is left to all others.
 * Held by files, so that a kubelet that starts anew gives nothing away twice.
 */
import { formatQuantity, quantityToMilli, quantityToNumber } from '#api/machinery/quantity.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { CounterName } from '../figures/instruments.ts'
import type { Files, MachineTopology } from '../host-access.ts'
import { type Pod, uidOf } from '../pod-types.ts'
import { Rounds } from '../rounds.ts'
import type { LinuxResources } from '../runtime.ts'
import type { PodFailure } from '../status/pod-status.ts'
import { qosClassOf } from '../status/qos.ts'
import { failureOf } from './admission-error.ts'
import { CpuManager, exclusiveCpus } from './cpu-manager.ts'
import { type CpuSet, cpuSet, formatCpuSet, without } from './cpu-set.ts'
import type { HintSource, TopologyPolicy } from './hints.ts'
import { type Amounts, MemoryManager, wantedMemory } from './memory-manager.ts'
import {
  type CpuState,
  cpuStateFile,
  type MemoryState,
  memoryStateFile,
  type StateFile,
  unusable,
} from './state-files.ts'
import { takeCpus } from './take-cpus.ts'
import { type Placing, TopologyManager, type TopologyScope } from './topology-manager.ts'

/** As upstream's flags say it. */
export interface DivisionWanted {
  readonly cpuManagerPolicy: 'none' | 'static'
  readonly cpuManagerPolicyOptions: ReadonlyMap<string, boolean>
  readonly memoryManagerPolicy: 'None' | 'Static'
  /** By memory node. */
  readonly reservedMemory: ReadonlyMap<number, Amounts>
  readonly topologyManagerPolicy: TopologyPolicy
  readonly topologyManagerScope: TopologyScope
  readonly reservedCpus: CpuSet
}

export interface DivisionParts {
  readonly topology: MachineTopology
  readonly files: Files
  /** Where the files of who has what are. */
  readonly directory: string
  /** Of the node as a whole, by resource name. */
  readonly reserved: Readonly<Record<string, string>>
  readonly log: Log
}

export class Division {
  readonly cpus: CpuManager | undefined
  readonly memory: MemoryManager | undefined
  readonly #topology: TopologyManager
  readonly #parts: DivisionParts
  readonly #write: () => Promise<void>
  readonly #writing = new Rounds(() => this.#keepNow())
  #isKept = true
  #admitting: Promise<unknown> = Promise.resolve()
  /** Hears what is to be counted, and how often. */
  told: (name: CounterName, times: number) => void = () => {}

  constructor(
    parts: DivisionParts,
    managers: {
      readonly cpus: CpuManager | undefined
      readonly memory: MemoryManager | undefined
      readonly topology: TopologyManager
      readonly write: () => Promise<void>
    },
  ) {
    this.#parts = parts
    this.cpus = managers.cpus
    this.memory = managers.memory
    this.#topology = managers.topology
    this.#write = managers.write
  }

  /**
   * Sets aside what the pod is to have for itself, at once, or tells why it can't be had. What it has already it keeps. Where something
   * changed, `settle` has to resolve before anything of the pod starts.
   */
  admit(pod: Pod): { readonly failure?: PodFailure; readonly changed: boolean } {
    const isNew = this.#isNew(pod)
    this.#tellAsked(pod, isNew)
    try {
      const changed = this.#topology.admit(pod, uidOf(pod), isNew)
      this.#isKept &&= !changed
      return { changed }
    } catch (error) {
      return { failure: this.#failed(error), changed: false }
    }
  }

  /** Whether it matters where devices are that a pod gets beside. */
  get placesDevices(): boolean {
    return this.#topology.isOn
  }

  /** Hears from where devices could come, which is agreed on with all others. */
  hearOfDevices(source: HintSource): void {
    this.#topology.hear(source)
  }

  get nodeIds(): readonly number[] {
    return this.#topology.nodeIds
  }

  /**
   * As `admit`, for a pod whose devices are asked for meanwhile: `work` is given what sets aside each container's share, in their order, and
   * tells from where its devices are to come. One pod at a time, so that nobody is given what another is about to get. What `work` comes to;
   * where that is a failure, the pod has nothing.
   */
  admitWith(
    pod: Pod,
    work: (place: Placing['place']) => Promise<PodFailure | undefined>,
  ): Promise<{ readonly failure?: PodFailure; readonly changed: boolean }> {
    const admit = async () => {
      const isNew = this.#isNew(pod)
      this.#tellAsked(pod, isNew)
      const giveUp = () => {
        if (isNew) for (const manager of [this.cpus, this.memory]) manager?.release(uidOf(pod))
      }
      try {
        const placing = this.#topology.placing(pod, isNew)
        const failure = await work(container => placing.place(container))
        if (failure) {
          giveUp()
          return { failure, changed: false }
        }
        const { changed } = placing
        this.#isKept &&= !changed
        return { changed }
      } catch (error) {
        giveUp()
        return { failure: this.#failed(error), changed: false }
      }
    }
    const admitted = this.#admitting.then(admit)
    this.#admitting = admitted.catch(() => {})
    return admitted
  }

  /** What a pod has already was agreed on when it came, and stays. */
  #isNew(pod: Pod): boolean {
    const uid = uidOf(pod)
    return !this.cpus?.has(uid) && !this.memory?.has(uid)
  }

  #tellAsked(pod: Pod, isNew: boolean): void {
    const asked = isNew ? askedBy(pod) : NOTHING
    if (this.cpus) this.told('kubelet_cpu_manager_pinning_requests_total', asked.cpus)
    if (this.memory) this.told('kubelet_memory_manager_pinning_requests_total', asked.memory)
  }

  #failed(error: unknown): PodFailure {
    const failure = failureOf(error)
    this.told(ERRORS[failure.reason] ?? errorsOf(failure.message), 1)
    return failure
  }

  /** Nothing of the pod runs any more. Gives whether others have more now. */
  async release(uid: string): Promise<boolean> {
    const had = [this.cpus, this.memory].map(manager => manager?.release(uid) ?? false)
    if (!had.includes(true)) return false
    await this.#writing.run()
    return true
  }

  /** Of pods that went while no kubelet ran. */
  releaseOthers(uids: ReadonlySet<string>): void {
    const known = new Set(
      [this.cpus, this.memory].flatMap(manager => Object.keys(manager?.entries ?? {})),
    )
    const gone = [...known].filter(uid => !uids.has(uid))
    for (const uid of gone) for (const manager of [this.cpus, this.memory]) manager?.release(uid)
    if (gone.length > 0) void this.#writing.run()
  }

  /** Writes what is not written yet. */
  async settle(): Promise<void> {
    if (!this.#isKept) await this.#writing.run()
  }

  /** What the runtime is told of a container beside what the pod says. */
  setsOf(uid: string, name: string): Pick<LinuxResources, 'cpusetCpus' | 'cpusetMems'> {
    const cpus = this.cpus && (this.cpus.exclusiveOf(uid, name) ?? this.cpus.shared)
    const nodes = this.memory?.nodesOf(uid, name)
    return {
      ...(cpus && cpus.length > 0 ? { cpusetCpus: formatCpuSet(cpus) } : {}),
      ...(nodes && nodes.length > 0 ? { cpusetMems: formatCpuSet(nodes) } : {}),
    }
  }

  /** It has processors that nobody else may use: a quota would only slow it down. */
  isAlone(uid: string, name: string): boolean {
    return this.cpus?.exclusiveOf(uid, name) !== undefined
  }

  hasExclusiveCpus(uid: string): boolean {
    return this.cpus?.has(uid) ?? false
  }

  /** Why the resources of a pod can't change while it runs. */
  resizeProblem(pod: Pod): string | undefined {
    if (qosClassOf(pod) !== 'Guaranteed') return undefined
    if (this.cpus)
      return 'Resize is infeasible for Guaranteed Pods alongside CPU Manager policy "static"'
    if (this.memory)
      return 'Resize is infeasible for Guaranteed Pods alongside Memory Manager policy "Static"'
    return undefined
  }

  async #keepNow(): Promise<void> {
    // What changes from here on is for the next round.
    this.#isKept = true
    try {
      await this.#write()
    } catch (error) {
      this.#isKept = false
      const why = messageOf(error)
      this.#parts.log.warn('who has which processors and memory could not be kept', { why })
    }
  }
}

const ERRORS: Readonly<Record<string, CounterName>> = {
  TopologyAffinityError: 'kubelet_topology_manager_admission_errors_total',
  SMTAlignmentError: 'kubelet_cpu_manager_pinning_errors_total',
}

/** Whose error it is that only its words tell. */
const errorsOf = (message: string): CounterName =>
  message.includes('[memorymanager]')
    ? 'kubelet_memory_manager_pinning_errors_total'
    : 'kubelet_cpu_manager_pinning_errors_total'

const NOTHING = { cpus: 0, memory: 0 }

/** How many containers want processors, and memory, for themselves. */
function askedBy(pod: Pod) {
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  return {
    cpus: all.filter(container => exclusiveCpus(pod, container) > 0).length,
    memory: all.filter(container => wantedMemory(pod, container)).length,
  }
}

/** Reads who has what, and keeps it from then on. Throws a UserError where the flags don't fit the machine or what is known of it. */
export async function divideMachine(
  wanted: DivisionWanted,
  parts: DivisionParts,
): Promise<Division> {
  const { files, directory, topology } = parts
  const cpuFile = cpuStateFile(files, directory, wanted.cpuManagerPolicy)
  const memoryFile = memoryStateFile(files, directory, wanted.memoryManagerPolicy)
  const cpus = await cpuManager(wanted, parts, cpuFile)
  const memory = await memoryManager(wanted, parts, memoryFile)
  const providers = [cpus, memory].filter(each => each !== undefined)
  const { topologyManagerPolicy: policy, topologyManagerScope: scope } = wanted
  const nodeIds = topology.nodes.map(({ id }) => id)
  const manager = new TopologyManager({ policy, scope, nodeIds }, providers)
  if (manager.problem !== undefined) throw new UserError(manager.problem)
  const write = async () => {
    await cpuFile.write({
      policyName: wanted.cpuManagerPolicy,
      shared: cpus?.shared ?? [],
      entries: cpus?.entries ?? {},
    })
    await memoryFile.write({
      policyName: wanted.memoryManagerPolicy,
      machine: memory?.machine ?? {},
      entries: memory?.entries ?? {},
    })
  }
  await write()
  return new Division(parts, { cpus, memory, topology: manager, write })
}

/** Of upstream's, those that are there. */
const CPU_OPTIONS: readonly string[] = ['full-pcpus-only', 'strict-cpu-reservation']

async function cpuManager(
  wanted: DivisionWanted,
  { topology, directory, reserved }: DivisionParts,
  file: StateFile<CpuState>,
): Promise<CpuManager | undefined> {
  const { cpuManagerPolicy, cpuManagerPolicyOptions: options } = wanted
  const known = await file.read()
  if (cpuManagerPolicy === 'none') {
    if (options.size > 0)
      throw new UserError(
        `None policy: received unsupported options=${JSON.stringify(Object.fromEntries(options))}`,
      )
    return undefined
  }
  for (const name of options.keys())
    if (!CPU_OPTIONS.includes(name))
      throw new UserError(
        `--cpu-manager-policy-options knows ${CPU_OPTIONS.join(' and ')}, not "${name}"`,
      )
  const manager = new CpuManager({
    topology: topology.cpus,
    reserved: reservedCpus(wanted, topology, reserved),
    fullPcpusOnly: options.get('full-pcpus-only') ?? false,
    strictReservation: options.get('strict-cpu-reservation') ?? false,
  })
  try {
    if (known) manager.restore(known.shared, known.entries)
  } catch (error) {
    throw unusable('CPU manager', `${directory}/cpu_manager_state`, messageOf(error))
  }
  return manager
}

function reservedCpus(
  { reservedCpus: named }: DivisionWanted,
  { cpus }: MachineTopology,
  reserved: Readonly<Record<string, string>>,
): CpuSet {
  const all = cpuSet(cpus.map(({ id }) => id))
  const unknown = without(named, all)
  if (unknown.length > 0)
    throw new UserError(
      `--reserved-cpus names ${formatCpuSet(unknown)}, but this machine has ${formatCpuSet(all)}`,
    )
  if (named.length > 0) return named
  const count = Math.ceil(quantityToMilli(reserved.cpu ?? '0') / 1000)
  if (reserved.cpu === undefined)
    throw new UserError(
      '[cpumanager] unable to determine reserved CPU resources for static policy: --reserved-cpus names them, or --system-reserved and --kube-reserved say how many',
    )
  if (count === 0)
    throw new UserError(
      '[cpumanager] the static policy requires systemreserved.cpu + kubereserved.cpu to be greater than zero',
    )
  const taken = takeCpus(cpus, all, count)
  if (!taken)
    throw new UserError(
      `${count} processors are to be reserved, but this machine has ${all.length}`,
    )
  return taken
}

async function memoryManager(
  wanted: DivisionWanted,
  { topology, directory, reserved }: DivisionParts,
  file: StateFile<MemoryState>,
): Promise<MemoryManager | undefined> {
  const known = await file.read()
  if (wanted.memoryManagerPolicy === 'None') return undefined
  const { reservedMemory } = wanted
  for (const id of reservedMemory.keys())
    if (!topology.nodes.some(node => node.id === id))
      throw new UserError(
        `--reserved-memory names memory node ${id}, which this machine does not have`,
      )
  const names = new Set([
    'memory',
    ...[...reservedMemory.values()].flatMap(each => Object.keys(each)),
  ])
  for (const name of names) {
    const sum = [...reservedMemory.values()].reduce((all, each) => all + (each[name] ?? 0), 0)
    const whole = quantityToNumber(reserved[name] ?? '0')
    if (sum !== whole)
      throw new UserError(
        `the total amount "${bytes(sum)}" of type "${name}" is not equal to the value "${bytes(whole)}" determined by Node Allocatable feature`,
      )
  }
  if (quantityToNumber(reserved.memory ?? '0') === 0)
    throw new UserError(
      '[memorymanager] you should specify the system reserved memory: --reserved-memory names it by memory node, and --system-reserved, --kube-reserved and --eviction-hard as much together',
    )
  const manager = new MemoryManager(topology.nodes, reservedMemory)
  try {
    if (known && Object.keys(known.machine).length > 0)
      manager.restore(known.machine, known.entries)
  } catch (error) {
    throw unusable('memory manager', `${directory}/memory_manager_state`, messageOf(error))
  }
  return manager
}

const bytes = (amount: number): string =>
  formatQuantity({ nanos: BigInt(amount) * 1_000_000_000n, format: 'BinarySI' })
