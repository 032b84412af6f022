import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AllocationNode, AlreadyProfiling } from '#base/profiles/v8.ts'
import { processProfiler } from './profiler.ts'

/** Turns of work, until it is told to end. */
async function busy(until: AbortSignal, work: () => unknown): Promise<void> {
  while (!until.aborted) {
    work()
    await new Promise(resolve => setImmediate(resolve))
  }
}

function spinning(): number {
  let sum = 0
  for (let at = 0; at < 3_000_000; at++) sum = (sum * 31 + at) % 1_000_003
  return sum
}

const kept: unknown[] = []
const allocatingToKeep = () => kept.push(Array.from({ length: 20_000 }, (_, at) => ({ at })))
const allocatingInVain = () => Array.from({ length: 20_000 }, (_, at) => ({ at })).length

/** For as long as `done` takes. */
async function during<T>(work: () => unknown, take: (until: Promise<unknown>) => Promise<T>) {
  const end = new AbortController()
  const working = busy(end.signal, work)
  const profile = await take(new Promise(resolve => setTimeout(resolve, 500)))
  end.abort()
  await working
  return profile
}

test('what is at work is found, once at a time', async () => {
  const profile = await during(spinning, async until => {
    const first = processProfiler.cpu(until)
    await assert.rejects(processProfiler.cpu(until), AlreadyProfiling)
    return first
  })
  // V8 tells what it has compiled into its caller under the caller's name.
  const { nodes, samples = [] } = profile
  const own = nodes.filter(({ callFrame }) => callFrame.url === import.meta.url)
  const ids = new Set(own.map(({ id }) => id))
  const share = samples.filter(id => ids.has(id)).length / samples.length
  assert.ok(share > 0.3, `${share} of ${samples.length}`)
  // Another can be taken then.
  await processProfiler.cpu(Promise.resolve())
})

function sizeOf(node: AllocationNode, name: string): number {
  const own = node.callFrame.functionName === name ? total(node) : 0
  return own || node.children.reduce((sum, child) => sum + sizeOf(child, name), 0)
}
const total = (node: AllocationNode): number =>
  node.selfSize + node.children.reduce((sum, child) => sum + total(child), 0)

test('who allocates is found, and whether it lives', async () => {
  const taken = (of: 'living' | 'all', work: () => unknown) =>
    during(work, until => processProfiler.allocations(until, of))
  const living = await taken('living', allocatingToKeep)
  assert.ok(sizeOf(living.head, 'allocatingToKeep') > 1_000_000)
  kept.length = 0
  const all = await taken('all', allocatingInVain)
  const dead = await taken('living', allocatingInVain)
  const [allBytes, leftBytes] = [all, dead].map(({ head }) => sizeOf(head, 'allocatingInVain'))
  assert.ok((allBytes ?? 0) > 3 * (leftBytes ?? 0), `${allBytes} in all, ${leftBytes} left`)
})
