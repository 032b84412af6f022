import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CpuManager } from './cpu-manager.ts'
import { common, formatCpuSet, holds, isEqual, parseCpuSet, union } from './cpu-set.ts'
import { container, machineOf, numbersFrom, podOf } from './testing/machines.ts'

const { cpus: topology } = machineOf({ sockets: 1, nodesPerSocket: 1, coresPerNode: 4, threads: 2 })
const managerOf = (more: object = {}) =>
  new CpuManager({
    topology,
    reserved: parseCpuSet('0'),
    fullPcpusOnly: false,
    strictReservation: false,
    ...more,
  })
type Manager = ReturnType<typeof managerOf>
const give = (manager: Manager, pod: ReturnType<typeof podOf>) => {
  for (const each of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])])
    manager.allocate(pod, each)
  return Object.fromEntries(
    Object.entries(manager.entries[pod.metadata.uid ?? ''] ?? {}).map(([name, cpus]) => [
      name,
      formatCpuSet(cpus),
    ]),
  )
}

test('only Guaranteed pods that ask for whole processors get some of their own', () => {
  const manager = managerOf()
  const burstable = { name: 'c', resources: { requests: { cpu: '1', memory: '1Gi' } } }
  assert.deepEqual(give(manager, podOf('a', [burstable])), {})
  assert.deepEqual(give(manager, podOf('b', [container('c', '1500m')])), {})
  assert.deepEqual(give(manager, podOf('c', [{ name: 'c' }])), {})
  const resources = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } }
  assert.deepEqual(give(manager, podOf('d', [container('c', '1')], { resources })), {})
  assert.equal(formatCpuSet(manager.shared), '0-7')
  assert.deepEqual(give(manager, podOf('e', [container('c', '2'), container('d', '500m')])), {
    c: '1,5',
  })
  assert.equal(formatCpuSet(manager.shared), '0,2-4,6-7')
  assert.equal(manager.exclusiveCount, 2)
  assert.equal(manager.release('e'), true)
  assert.equal(manager.release('e'), false)
  assert.equal(formatCpuSet(manager.shared), '0-7')
})

test('what is reserved stays with all, or with nobody', () => {
  const manager = managerOf()
  assert.throws(() => give(manager, podOf('a', [container('c', '8')])), {
    message: 'not enough cpus available to satisfy request: requested=8, available=7',
  })
  give(manager, podOf('b', [container('c', '7')]))
  assert.equal(formatCpuSet(manager.shared), '0')
  assert.equal(formatCpuSet(managerOf({ strictReservation: true }).shared), '1-7')
})

test('init containers leave theirs to those that come after, sidecars keep them', () => {
  const manager = managerOf()
  const initContainers = [
    container('first', '4'),
    container('side', '1', '1Gi', { restartPolicy: 'Always' }),
    container('second', '2'),
  ]
  const told = give(manager, podOf('a', [container('c', '4')], { initContainers }))
  const [first, side, second, main] = ['first', 'side', 'second', 'c'].map(name =>
    parseCpuSet(told[name] ?? ''),
  ) as [readonly number[], readonly number[], readonly number[], readonly number[]]
  assert.ok(holds(first, side) && holds(first, second), JSON.stringify(told))
  assert.deepEqual(common(side, second), [])
  assert.deepEqual(common(side, main), [], 'the sidecar still runs')
  assert.equal(common(first, main).length, 3, 'all that is left of the first one’s')
  assert.equal(manager.shared.length, 8 - 5)
})

test('whole cores only: other numbers are refused, and so is what is scattered', () => {
  const manager = managerOf({ fullPcpusOnly: true })
  assert.throws(() => give(manager, podOf('a', [container('c', '3')])), {
    reason: 'SMTAlignmentError',
    message: 'SMT Alignment Error: requested 3 cpus not multiple cpus per core = 2',
  })
  assert.deepEqual(give(manager, podOf('b', [container('c', '4')])), { c: '1-2,5-6' })
  give(manager, podOf('c', [container('c', '2')]))
  // Of the reserved core one thread is free, which is no core.
  assert.throws(() => give(manager, podOf('d', [container('c', '2')])), {
    message: 'not enough cpus available to satisfy request: requested=2, available=1',
  })
})

test('hints name the sets of nodes with room, and prefer the smallest that could ever do', () => {
  const { cpus } = machineOf({ sockets: 2, nodesPerSocket: 1, coresPerNode: 2, threads: 1 })
  const manager = managerOf({ topology: cpus })
  const pod = podOf('a', [container('c', '2')])
  const hints = () => manager.hints(pod, container('c', '2') as never)?.cpu
  // Of node 0 one is reserved.
  assert.deepEqual(hints(), [
    { nodes: 0b10, preferred: true },
    { nodes: 0b11, preferred: false },
  ])
  manager.allocate(pod, container('c', '2') as never, 0b11)
  assert.deepEqual(manager.entries.a, { c: [2, 3] }, 'close together all the same')
  assert.deepEqual(
    manager.podHints(podOf('b', [container('c', '1'), container('d', '2')]))?.cpu,
    [],
  )
})

test('the nodes that were agreed on count more than what init containers had elsewhere', () => {
  const { cpus } = machineOf({ sockets: 2, nodesPerSocket: 1, coresPerNode: 3, threads: 1 })
  const manager = managerOf({ topology: cpus })
  const init = container('i', '2')
  const pod = podOf('a', [container('c', '2')], { initContainers: [init] })
  manager.allocate(pod, init as never, 0b01)
  manager.allocate(pod, container('c', '2') as never, 0b10)
  assert.deepEqual(manager.entries.a, { i: [1, 2], c: [3, 4] })
})

test('where what is reserved is nobody’s, all others may be given away', () => {
  const strict = { strictReservation: true }
  const manager = managerOf(strict)
  give(manager, podOf('a', [container('c', '7')]))
  assert.deepEqual(manager.shared, [])
  const again = managerOf(strict)
  again.restore(manager.shared, manager.entries)
  assert.deepEqual(again.entries, manager.entries)
  assert.throws(() => managerOf(strict).restore(parseCpuSet('0-7'), {}), {
    message: 'some of strictly reserved cpus: "0" are present in defaultCpuSet: "0-7"',
  })
})

test('what a file says is taken up where it can be true', () => {
  const entries = { a: { c: parseCpuSet('1,5') } }
  const manager = managerOf()
  manager.restore(parseCpuSet('0,2-4,6-7'), entries)
  assert.deepEqual(manager.entries, entries)
  assert.equal(formatCpuSet(manager.shared), '0,2-4,6-7')
  const wrong: readonly [string, RegExp][] = [
    ['2-4,6-7', /^not all reserved cpus: "0" are present in defaultCpuSet: "2-4,6-7"$/],
    ['0-7', /^pod: a, container: c cpuset: "1,5" overlaps with default cpuset "0-7"$/],
    ['0,2-4,6', /^current set of available CPUs "0-7" doesn't match with CPUs in state "0-6"$/],
    ['', /^default cpuset cannot be empty$/],
  ]
  for (const [shared, message] of wrong)
    assert.throws(() => managerOf().restore(parseCpuSet(shared), entries), { message })
})

test('pods that come and go: nobody shares what is another’s, and all comes back', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const next = numbersFrom(seed)
    const manager = managerOf()
    const living = new Set<string>()
    for (let step = 0; step < 40; step++) {
      const uid = `p${next(6)}`
      if (living.has(uid)) {
        manager.release(uid)
        living.delete(uid)
      } else {
        const containers = Array.from({ length: 1 + next(2) }, (_, at) =>
          container(`c${at}`, `${1 + next(3)}`),
        )
        try {
          give(manager, podOf(uid, containers))
          living.add(uid)
        } catch {
          manager.release(uid)
        }
      }
      const given = Object.values(manager.entries).flatMap(each => Object.values(each))
      const all = [manager.shared, ...given]
      assert.equal(all.flat().length, topology.length, `seed ${seed}: nothing twice, nothing lost`)
      assert.ok(holds(manager.shared, [0]))
      const again = managerOf()
      again.restore(manager.shared, manager.entries)
      assert.ok(isEqual(again.shared, manager.shared))
      assert.equal(union(...all).length, topology.length)
    }
    for (const uid of living) manager.release(uid)
    assert.equal(formatCpuSet(manager.shared), '0-7')
  }
})
