/** Lives of a divided machine: pods come, are refused and go, the kubelet starts anew, and a slow model says what may be. `LIVES=500` lives more of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import type { Files } from '../host-access.ts'
import { type Container, isSidecar, type Pod, uidOf } from '../pod-types.ts'
import { exclusiveCpus } from './cpu-manager.ts'
import { type CpuSet, common, union, without } from './cpu-set.ts'
import { type Division, type DivisionWanted, divideMachine } from './division.ts'
import { topologyPolicies } from './hints.ts'
import { wantedMemory } from './memory-manager.ts'
import {
  container,
  GIBIBYTE,
  machineOf,
  numbersFrom,
  podOf,
  type Shape,
} from './testing/machines.ts'

const SEEDS = Number(process.env.LIVES ?? 60)
const STEPS = 40
const NODES = { sockets: 1, nodesPerSocket: 1, coresPerNode: 4, threads: 2 }
const SHAPES: readonly Shape[] = [
  NODES,
  { ...NODES, coresPerNode: 8, threads: 1 },
  { ...NODES, sockets: 2, coresPerNode: 3 },
  { ...NODES, sockets: 2, nodesPerSocket: 2, coresPerNode: 2 },
]

function memoryFiles(): Files {
  const contents = new Map<string, Uint8Array>()
  return {
    read: async (path: string) => contents.get(path),
    write: async (path: string, bytes: Uint8Array) => void contents.set(path, bytes),
    makeDirectory: async () => {},
  } as unknown as Files
}

class Life {
  readonly #next: (bound: number) => number
  readonly #shape: Shape
  readonly #topology
  readonly #wanted: DivisionWanted
  readonly #files = memoryFiles()
  readonly #living = new Map<string, { readonly pod: Pod; readonly sets: string }>()
  #division!: Division
  #pods = 0

  constructor(seed: number) {
    const next = numbersFrom(seed)
    this.#next = next
    this.#shape = this.#oneOf(SHAPES)
    this.#topology = machineOf(this.#shape)
    this.#wanted = {
      cpuManagerPolicy: 'static',
      cpuManagerPolicyOptions: new Map([
        ['full-pcpus-only', next(4) === 0],
        ['strict-cpu-reservation', next(3) === 0],
      ]),
      memoryManagerPolicy: 'Static',
      reservedMemory: new Map([[0, { memory: GIBIBYTE }]]),
      topologyManagerPolicy: this.#oneOf(topologyPolicies),
      topologyManagerScope: this.#oneOf(['container', 'pod'] as const),
      reservedCpus: next(2) ? [0] : [],
    }
  }

  #oneOf<T>(choices: readonly T[]): T {
    return choices[this.#next(choices.length)] as T
  }

  async start(): Promise<void> {
    this.#division = await divideMachine(this.#wanted, {
      ...{ topology: this.#topology, files: this.#files, directory: '/k', log: silentLog },
      reserved: { cpu: '1', memory: '1Gi' },
    })
  }

  async live(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      const choice = this.#next(10)
      if (choice < 6) await this.#come()
      else if (choice < 9) await this.#go()
      else await this.#startAnew()
      this.#check()
    }
    for (const uid of [...this.#living.keys()]) await this.#leave(uid)
    const { cpus, memory } = this.#division
    assert.deepEqual(cpus?.entries, {})
    for (const { numberOfAssignments, memoryMap, cells } of Object.values(memory?.machine ?? {})) {
      assert.equal(numberOfAssignments, 0)
      assert.equal(cells.length, 1)
      assert.equal(memoryMap.memory?.free, memoryMap.memory?.allocatable)
    }
  }

  #newPod(): Pod {
    const cpu = () => this.#oneOf(['500m', '1', '1', '2', '3', '4'])
    const one = (name: string, more: object = {}) =>
      container(name, cpu(), `${1 + this.#next(4)}Gi`, more)
    const initContainers = Array.from({ length: this.#next(3) }, (_, at) =>
      one(`i${at}`, this.#next(3) === 0 ? { restartPolicy: 'Always' } : {}),
    )
    const containers = Array.from({ length: 1 + this.#next(3) }, (_, at) => one(`c${at}`))
    return podOf(`p${this.#pods++}`, containers, { initContainers })
  }

  async #come(): Promise<void> {
    const pod = this.#newPod()
    const before = this.#book()
    const room = this.#hasRoom(pod)
    const { failure, changed } = this.#division.admit(pod)
    if (failure) {
      assert.deepEqual(this.#book(), before, 'who is refused has nothing')
      assert.notEqual(room, true, `there was room: ${failure.message}`)
      return
    }
    assert.notEqual(room, false, 'there was no room')
    if (changed) await this.#division.settle()
    this.#living.set(uidOf(pod), { pod, sets: this.#setsOf(pod) })
  }

  #book() {
    const { cpus, memory } = this.#division
    // Of nodes that serve together only the sum counts.
    const free: Record<string, number> = {}
    for (const { cells, memoryMap } of Object.values(memory?.machine ?? {}))
      free[cells.join()] = (free[cells.join()] ?? 0) + (memoryMap.memory?.free ?? 0)
    return structuredClone([cpus?.entries, cpus?.shared, memory?.entries, free])
  }

  /** What a container has for itself, and where it may be. */
  #setsOf(pod: Pod): string {
    const sets = allOf(pod).map(({ name }) => [
      this.#division.cpus?.exclusiveOf(uidOf(pod), name),
      this.#division.memory?.nodesOf(uidOf(pod), name),
    ])
    return JSON.stringify(sets)
  }

  async #go(): Promise<void> {
    const uids = [...this.#living.keys()]
    if (uids.length > 0) await this.#leave(this.#oneOf(uids))
  }

  async #leave(uid: string): Promise<void> {
    const { pod } = this.#living.get(uid) as { pod: Pod }
    this.#living.delete(uid)
    const had = allOf(pod).some(each => this.#division.cpus?.exclusiveOf(uid, each.name))
    const changed = await this.#division.release(uid)
    assert.ok(changed || !had)
  }

  /** Some pods may have gone while no kubelet ran; the others have what they had. */
  async #startAnew(): Promise<void> {
    await this.#division.settle()
    await this.start()
    for (const uid of [...this.#living.keys()]) if (this.#next(5) === 0) this.#living.delete(uid)
    this.#division.releaseOthers(new Set(this.#living.keys()))
    for (const { pod, sets } of this.#living.values()) {
      const { failure, changed } = this.#division.admit(pod)
      assert.equal(failure?.message, undefined, 'what runs is not refused')
      assert.equal(changed, false)
      assert.equal(this.#setsOf(pod), sets, 'what runs stays where it is')
    }
  }

  /** Undefined where the slow model does not know. */
  #hasRoom(pod: Pod): boolean | undefined {
    const { cpuManagerPolicyOptions: options, topologyManagerPolicy } = this.#wanted
    const { cpus, memory } = this.#division
    const isSimple = topologyManagerPolicy === 'none' || topologyManagerPolicy === 'best-effort'
    if (options.get('full-pcpus-only') || !isSimple || this.#topology.nodes.length > 1)
      return undefined
    const taken = union(...this.#exclusives().map(each => each.cpus))
    const free = this.#topology.cpus.length - this.#reserved().length - taken.length
    const [table] = Object.values(memory?.machine ?? {}).map(({ memoryMap }) => memoryMap.memory)
    const wantsMemory = peakOf(pod, each => wantedMemory(pod, each)?.memory ?? 0)
    return (
      cpus !== undefined &&
      peakOf(pod, each => exclusiveCpus(pod, each)) <= free &&
      wantsMemory <= (table?.free ?? 0)
    )
  }

  #reserved() {
    const { reservedCpus } = this.#wanted
    return reservedCpus.length > 0 ? reservedCpus : [0]
  }

  #exclusives() {
    return Object.entries(this.#division.cpus?.entries ?? {}).flatMap(([uid, containers]) =>
      Object.entries(containers).map(([name, cpus]) => ({ uid, name, cpus })),
    )
  }

  #check(): void {
    this.#checkProcessors()
    this.#checkMemory()
    this.#checkPlaces()
  }

  #checkProcessors(): void {
    const { cpus } = this.#division
    const all = this.#topology.cpus.map(({ id }) => id)
    const given = this.#exclusives()
    for (const one of given) {
      assert.deepEqual(common(one.cpus, this.#reserved()), [], 'the reserved ones are nobody’s')
      for (const other of given)
        if (one.uid !== other.uid) assert.deepEqual(common(one.cpus, other.cpus), [])
    }
    const isStrict = this.#wanted.cpuManagerPolicyOptions.get('strict-cpu-reservation')
    const pool = without(all, union(...given.map(each => each.cpus)))
    assert.deepEqual(cpus?.shared, isStrict ? without(pool, this.#reserved()) : pool)
    for (const { pod } of this.#living.values()) {
      const has = (name: string): CpuSet => cpus?.exclusiveOf(uidOf(pod), name) ?? []
      for (const each of allOf(pod)) assert.equal(has(each.name).length, exclusiveCpus(pod, each))
      // Whatever runs at the same time shares nothing.
      const [init, regular] = [pod.spec?.initContainers ?? [], pod.spec?.containers ?? []]
      const sidecars = init.filter(isSidecar)
      for (const [at, each] of init.entries())
        for (const sidecar of sidecars.filter(other => init.indexOf(other) < at))
          assert.deepEqual(common(has(each.name), has(sidecar.name)), [])
      const last = [...sidecars, ...regular].map(({ name }) => has(name))
      assert.equal(union(...last).length, last.flat().length)
    }
  }

  #checkMemory(): void {
    const { memory } = this.#division
    const machine = Object.entries(memory?.machine ?? {})
    const blocks = Object.values(memory?.entries ?? {}).flatMap(each => Object.values(each).flat())
    for (const [id, { memoryMap, numberOfAssignments, cells }] of machine) {
      const table = memoryMap.memory
      assert.ok(table && table.free >= 0 && table.reserved >= 0)
      assert.equal(table.free + table.reserved, table.allocatable)
      const of = blocks.filter(({ numaAffinity }) => numaAffinity.includes(Number(id)))
      assert.equal(numberOfAssignments, of.length)
      for (const { numaAffinity } of of) assert.deepEqual(numaAffinity, cells)
    }
    const groups = new Set(machine.map(([, { cells }]) => cells.join()))
    for (const group of groups) {
      const tables = machine
        .filter(([, { cells }]) => cells.join() === group)
        .map(([, { memoryMap }]) => memoryMap.memory)
      const size = blocks
        .filter(({ numaAffinity }) => numaAffinity.join() === group)
        .reduce((sum, each) => sum + each.size, 0)
      assert.equal(
        tables.reduce((sum, table) => sum + (table?.reserved ?? 0), 0),
        size,
      )
    }
    // What stays keeps all of its own; only what ends before others leaves it to them.
    for (const { pod } of this.#living.values())
      for (const each of allOf(pod).filter(one => !isPassing(pod, one))) {
        const own = memory?.entries[uidOf(pod)]?.[each.name] ?? []
        const wanted = wantedMemory(pod, each)?.memory ?? 0
        assert.equal(
          own.reduce((sum, { size }) => sum + size, 0),
          wanted,
        )
      }
  }

  /** Whoever was agreed on one node has all from it. */
  #checkPlaces(): void {
    const { topologyManagerPolicy, topologyManagerScope } = this.#wanted
    if (topologyManagerPolicy !== 'single-numa-node') return
    for (const { pod } of this.#living.values()) {
      const placed = allOf(pod).map(({ name }) => {
        const cpus = this.#division.cpus?.exclusiveOf(uidOf(pod), name) ?? []
        const near = this.#topology.cpus.filter(({ id }) => cpus.includes(id))
        const memory = this.#division.memory?.nodesOf(uidOf(pod), name) ?? []
        return union(
          near.map(({ node }) => node),
          memory,
        )
      })
      for (const nodes of placed) assert.ok(nodes.length <= 1, JSON.stringify(placed))
      if (topologyManagerScope === 'pod')
        assert.ok(union(...placed).length <= 1, JSON.stringify(placed))
    }
  }
}

const allOf = (pod: Pod): readonly Container[] => [
  ...(pod.spec?.initContainers ?? []),
  ...(pod.spec?.containers ?? []),
]
const isPassing = (pod: Pod, each: Container) =>
  (pod.spec?.initContainers ?? []).includes(each) && !isSidecar(each)

/** The most at any moment, counted moment by moment. */
function peakOf(pod: Pod, of: (container: Container) => number): number {
  const init = pod.spec?.initContainers ?? []
  const moments = init.map((each, at) => init.slice(0, at).filter(isSidecar).concat(each))
  moments.push([...init.filter(isSidecar), ...(pod.spec?.containers ?? [])])
  return Math.max(...moments.map(each => each.reduce((sum, one) => sum + of(one), 0)))
}

test('pods come and go, the kubelet starts anew: nothing is given twice, nothing is lost', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const life = new Life(seed)
    try {
      await life.start()
      await life.live()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
