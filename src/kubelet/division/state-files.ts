/**
 * Who has what of the machine, as files that outlive the kubelet: in upstream's places and shape, its checksum included, so that either
 * goes on where the other stopped. A file that is damaged, or of another policy, keeps the kubelet from starting: what runs may hold
 * what would be given away a second time.
 */
import { messageOf, UserError } from '#base/errors.ts'
import type { Files } from '../host-access.ts'
import type { CpuEntries } from './cpu-manager.ts'
import { type CpuSet, formatCpuSet, parseCpuSet } from './cpu-set.ts'
import type { MemoryEntries, NodeState } from './memory-manager.ts'

const LIMIT_BYTES = 16 * 1024 * 1024

export interface CpuState {
  readonly policyName: string
  readonly shared: CpuSet
  readonly entries: CpuEntries
}

export interface MemoryState {
  readonly policyName: string
  readonly machine: Readonly<Record<string, NodeState>>
  readonly entries: MemoryEntries
}

/** How one of the files is written and read. */
interface Form<S extends { readonly policyName: string }> {
  readonly name: string
  /** What errors call its owner. */
  readonly manager: 'CPU manager' | 'memory manager'
  readonly prefix: string
  toJson(state: S): object
  fromJson(json: Json): S
  /** The text of which the checksum is made: as Go's spew prints upstream's structures. */
  hashed(state: S): string
}

type Json = Readonly<Record<string, unknown>>

export interface StateFile<S> {
  /** Undefined where there is none yet. Throws a UserError where it can't be used. */
  read(): Promise<S | undefined>
  write(state: S): Promise<void>
}

export const cpuStateFile = (files: Files, directory: string, policy: string) =>
  stateFile(files, directory, policy, CPU_FORM)
export const memoryStateFile = (files: Files, directory: string, policy: string) =>
  stateFile(files, directory, policy, MEMORY_FORM)

function stateFile<S extends { readonly policyName: string }>(
  files: Files,
  directory: string,
  policy: string,
  form: Form<S>,
): StateFile<S> {
  const path = `${directory}/${form.name}`
  return {
    async read() {
      const bytes = await files.read(path, LIMIT_BYTES)
      if (!bytes) return undefined
      try {
        return parse(new TextDecoder().decode(bytes), form, policy)
      } catch (error) {
        throw unusable(form.manager, path, messageOf(error))
      }
    },
    async write(state) {
      const json = { ...form.toJson(state), checksum: fnv(form.hashed(state)) }
      await files.makeDirectory(directory)
      await files.write(path, new TextEncoder().encode(JSON.stringify(json)), { mode: 0o600 })
    },
  }
}

/** The error that stops a kubelet, with what to do about it. */
export function unusable(manager: string, path: string, why: string): UserError {
  const [start, file] = [manager === 'CPU manager' ? 'cpu manager' : 'memory manager', manager]
  return new UserError(
    `start ${start} error: could not restore state from checkpoint: ${why}, please drain this node and delete the ${file} checkpoint file "${path}" before restarting Kubelet`,
  )
}

function parse<S extends { readonly policyName: string }>(
  text: string,
  form: Form<S>,
  policy: string,
): S {
  let state: S
  let checksum: unknown
  try {
    const json = recordOf(JSON.parse(text))
    checksum = json.checksum
    state = form.fromJson(json)
  } catch {
    throw new Error('checkpoint is corrupted')
  }
  if (checksum !== fnv(form.hashed(state))) throw new Error('checkpoint is corrupted')
  if (state.policyName !== policy)
    throw new Error(
      `${form.prefix}configured policy "${policy}" differs from state checkpoint policy "${state.policyName}"`,
    )
  return state
}

const CPU_FORM: Form<CpuState> = {
  name: 'cpu_manager_state',
  manager: 'CPU manager',
  prefix: '',
  toJson: ({ policyName, shared, entries }) => ({
    policyName,
    defaultCpuSet: formatCpuSet(shared),
    ...(Object.keys(entries).length > 0
      ? { entries: mapValues(entries, containers => mapValues(containers, formatCpuSet)) }
      : {}),
  }),
  fromJson: json => ({
    policyName: textOf(json.policyName),
    shared: parseCpuSet(textOf(json.defaultCpuSet)),
    entries: mapValues(recordOf(json.entries ?? {}), containers =>
      mapValues(recordOf(containers), cpus => parseCpuSet(textOf(cpus))),
    ),
  }),
  hashed: ({ policyName, shared, entries }) => {
    const given = goMap(entries, containers => goMap(containers, formatCpuSet))
    return `(*state.CPUManagerCheckpoint){PolicyName:(string)${policyName} DefaultCPUSet:(string)${formatCpuSet(shared)} Entries:(map[string]map[string]string)${given} Checksum:(checksum.Checksum)0}`
  },
}

const TABLE = ['total', 'systemReserved', 'allocatable', 'reserved', 'free'] as const
const TABLE_IN_GO = ['TotalMemSize', 'SystemReserved', 'Allocatable', 'Reserved', 'Free']

const MEMORY_FORM: Form<MemoryState> = {
  name: 'memory_manager_state',
  manager: 'memory manager',
  prefix: '[memorymanager] ',
  toJson: ({ policyName, machine: machineState, entries }) => ({
    policyName,
    machineState,
    ...(Object.keys(entries).length > 0 ? { entries } : {}),
  }),
  fromJson: json => ({
    policyName: textOf(json.policyName),
    machine: mapValues(recordOf(json.machineState ?? {}), nodeOf),
    entries: mapValues(recordOf(json.entries ?? {}), containers =>
      mapValues(recordOf(containers), blocks =>
        listOf(blocks).map(block => {
          const { numaAffinity, type, size } = recordOf(block)
          return {
            numaAffinity: listOf(numaAffinity).map(numberOf),
            type: textOf(type),
            size: numberOf(size),
          }
        }),
      ),
    ),
  }),
  hashed: ({ policyName, machine, entries }) => {
    const nodes = goMap(machine, ({ numberOfAssignments, memoryMap, cells }) => {
      const tables = goMap(memoryMap, table => {
        const fields = TABLE.map((name, at) => `${TABLE_IN_GO[at]}:(uint64)${table[name]}`)
        return `<*>{${fields.join(' ')}}`
      })
      return `<*>{NumberOfAssignments:(int)${numberOfAssignments} MemoryMap:(map[v1.ResourceName]*state.MemoryTable)${tables} Cells:([]int)[${cells.join(' ')}]}`
    })
    const given = goMap(entries, containers =>
      goMap(containers, blocks => {
        const texts = blocks.map(
          ({ numaAffinity, type, size }) =>
            `{NUMAAffinity:([]int)[${numaAffinity.join(' ')}] Type:(v1.ResourceName)${type} Size:(uint64)${size}}`,
        )
        return `[${texts.join(' ')}]`
      }),
    )
    return `(*state.MemoryManagerCheckpoint){PolicyName:(string)${policyName} MachineState:(state.NUMANodeMap)${nodes} Entries:(state.ContainerMemoryAssignments)${given} Checksum:(checksum.Checksum)0}`
  },
}

function nodeOf(value: unknown): NodeState {
  const { numberOfAssignments, memoryMap, cells } = recordOf(value)
  return {
    numberOfAssignments: numberOf(numberOfAssignments),
    memoryMap: mapValues(recordOf(memoryMap), table => {
      const read = recordOf(table)
      const [total, systemReserved, allocatable, reserved, free] = TABLE.map(name =>
        numberOf(read[name]),
      ) as [number, number, number, number, number]
      return { total, systemReserved, allocatable, reserved, free }
    }),
    cells: listOf(cells).map(numberOf),
  }
}

/** As Go's spew prints a map: sorted by its keys. */
const goMap = <T>(map: Readonly<Record<string, T>>, show: (value: T) => string): string =>
  `map[${Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}:${show(value)}`)
    .join(' ')}]`

/** FNV-1a of 32 bits. */
export function fnv(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}

function recordOf(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('no object')
  return value as Json
}
function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('no list')
  return value
}
function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error('no text')
  return value
}
function numberOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new Error('no whole number')
  return value as number
}
