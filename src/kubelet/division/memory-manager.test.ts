import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryManager } from './memory-manager.ts'
import { container, GIBIBYTE, machineOf, numbersFrom, podOf } from './testing/machines.ts'

const { nodes } = machineOf({ sockets: 2, nodesPerSocket: 1, coresPerNode: 2, threads: 1 })
const RESERVED = new Map([[0, { memory: GIBIBYTE }]])
const managerOf = () => new MemoryManager(nodes, RESERVED)
type Manager = ReturnType<typeof managerOf>

function give(manager: Manager, uid: string, memory: string, at?: number): readonly number[] {
  const pod = podOf(uid, [container('c', '1', memory)])
  manager.allocate(pod, container('c', '1', memory) as never, at)
  return manager.nodesOf(uid, 'c') ?? []
}
const freeOf = (manager: Manager) =>
  Object.values(manager.machine).map(({ memoryMap }) => (memoryMap.memory?.free ?? 0) / GIBIBYTE)

test('memory comes from one node where one has it, from several where it must', () => {
  const manager = managerOf()
  assert.deepEqual(freeOf(manager), [7, 8])
  assert.deepEqual(give(manager, 'a', '4Gi'), [0])
  assert.deepEqual(give(manager, 'b', '4Gi'), [1])
  assert.deepEqual(give(manager, 'c', '3Gi'), [0])
  assert.deepEqual(freeOf(manager), [0, 4])
  assert.throws(() => give(manager, 'd', '5Gi'), {
    message:
      '[memorymanager] failed to get the default NUMA affinity, no NUMA nodes with enough memory is available',
  })
  for (const uid of ['a', 'b', 'c']) assert.equal(manager.release(uid), true)
  assert.deepEqual(freeOf(manager), [7, 8])
  assert.deepEqual(give(manager, 'e', '10Gi'), [0, 1])
  // These two serve together now, and nobody alone.
  assert.deepEqual(give(manager, 'f', '1Gi'), [0, 1])
  assert.deepEqual(freeOf(manager), [0, 4])
  assert.deepEqual(manager.machine[0]?.cells, [0, 1])
  manager.release('e')
  manager.release('f')
  assert.deepEqual(manager.machine, managerOf().machine)
})

test('a node that was agreed on is used where it has room', () => {
  const manager = managerOf()
  assert.deepEqual(give(manager, 'a', '4Gi', 0b10), [1])
  assert.deepEqual(give(manager, 'b', '6Gi', 0b10), [0])
})

test('hints name the nodes with room, and prefer the smallest set that could ever do', () => {
  const manager = managerOf()
  const hints = (memory: string) =>
    manager.hints(podOf('x', [container('c', '1', memory)]), container('c', '1', memory) as never)
  const across = { nodes: 0b11, preferred: false }
  assert.deepEqual(hints('8Gi')?.memory, [{ nodes: 0b10, preferred: true }, across])
  give(manager, 'a', '8Gi')
  assert.deepEqual(hints('8Gi')?.memory, [], 'node 1 serves alone')
  assert.deepEqual(hints('2Gi')?.memory, [{ nodes: 0b01, preferred: true }])
  const burstable = { name: 'c', resources: { requests: { memory: '1Gi' } } }
  assert.equal(manager.hints(podOf('y', [burstable]), burstable as never), undefined)
})

test('init containers leave their memory to those after them', () => {
  const manager = managerOf()
  const pod = podOf('a', [container('c', '1', '5Gi')], {
    initContainers: [container('i', '1', '6Gi')],
  })
  for (const each of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])])
    manager.allocate(pod, each)
  assert.deepEqual(manager.nodesOf('a', 'c'), [0])
  assert.deepEqual(freeOf(manager), [1, 8])
  assert.deepEqual(manager.podHints(pod)?.memory?.[0], { nodes: 0b10, preferred: true })
  manager.release('a')
  assert.deepEqual(manager.machine, managerOf().machine)
})

test('what a file says is taken up on the same machine only', () => {
  const manager = managerOf()
  give(manager, 'a', '4Gi')
  const again = managerOf()
  again.restore(manager.machine, manager.entries)
  assert.deepEqual(again.machine, manager.machine)
  assert.deepEqual(again.entries, manager.entries)
  assert.throws(
    () => new MemoryManager(nodes, new Map()).restore(manager.machine, manager.entries),
    {
      message: '[memorymanager] the expected machine state is different from the real one',
    },
  )
})

test('pods that come and go: no node gives more than it has, and all comes back', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const next = numbersFrom(seed)
    const manager = managerOf()
    const living = new Set<string>()
    for (let step = 0; step < 40; step++) {
      const uid = `p${next(5)}`
      if (living.delete(uid)) manager.release(uid)
      else
        try {
          give(manager, uid, `${1 + next(9)}Gi`, next(2) ? 1 + next(3) : undefined)
          living.add(uid)
        } catch {
          assert.equal(manager.has(uid), false)
        }
      const given = Object.values(manager.entries)
        .flatMap(each => Object.values(each).flat())
        .reduce((sum, { size }) => sum + size, 0)
      const booked = Object.values(manager.machine).map(({ memoryMap }) => memoryMap.memory)
      for (const table of booked)
        assert.ok(table && table.free >= 0 && table.free + table.reserved === table.allocatable)
      assert.equal(
        booked.reduce((sum, table) => sum + (table?.reserved ?? 0), 0),
        given,
      )
    }
    for (const uid of living) manager.release(uid)
    assert.deepEqual(manager.machine, managerOf().machine)
  }
})
