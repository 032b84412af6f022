import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import type { ContainerConfig, SandboxConfig } from '#kubelet'
import { seededRandom } from '../testing/hollow-cluster.ts'
import { createAddressPool } from './addresses.ts'
import { createHollowRuntime } from './hollow-runtime.ts'
import { createMemoryFiles } from './memory-files.ts'
import { CPU_ANNOTATION, HollowUsage, MEMORY_ANNOTATION } from './usage.ts'

const MEBIBYTE = 1024 ** 2

function pod(annotations: Record<string, string>, ...containers: object[]): Pod {
  return { metadata: { name: 'p', uid: 'u', annotations }, spec: { containers } } as unknown as Pod
}
const container = (name: string, requests: object = {}, limits: object = {}) => ({
  name,
  resources: { requests, limits },
})

/** Cores and mebibytes that each container uses now. */
async function measured(usage: HollowUsage, clock: ReturnType<typeof createManualClock>) {
  const before = usage.stats()
  await clock.advance(1000)
  return usage
    .stats()
    .map(({ cpuUsageNanoseconds, memoryWorkingSetBytes }, index) => [
      (cpuUsageNanoseconds - (before[index]?.cpuUsageNanoseconds ?? 0)) / 1e9,
      memoryWorkingSetBytes / MEBIBYTE,
    ])
}

function started(first: Pod, ...names: string[]) {
  const clock = createManualClock()
  const usage = new HollowUsage(clock)
  usage.podChanged(first)
  for (const name of names) usage.started({ id: name, name, podUid: 'u' }, clock.now())
  return { clock, usage }
}

test('a container uses a tenth of what it asks for, and a little where it asks for nothing', async () => {
  const asking = container('a', { cpu: '500m', memory: '160Mi' })
  const { clock, usage } = started(pod({}, asking, container('b')), 'a', 'b')
  assert.deepEqual(await measured(usage, clock), [
    [0.05, 16],
    [0.001, 8],
  ])
})

test('annotations say what a pod uses, evenly or by container, and may change at any time', async () => {
  const both = [container('a', { cpu: '500m' }), container('b')]
  const { clock, usage } = started(pod({ [CPU_ANNOTATION]: '300m' }, ...both), 'a', 'b')
  assert.deepEqual(
    (await measured(usage, clock)).map(([cores]) => cores),
    [0.15, 0.15],
  )
  usage.podChanged(pod({ [CPU_ANNOTATION]: 'b=2', [MEMORY_ANNOTATION]: 'a=1Gi, b=4Mi' }, ...both))
  assert.deepEqual(await measured(usage, clock), [
    [0.05, 1024],
    [2, 4],
  ])
  usage.podChanged(pod({ [CPU_ANNOTATION]: 'much', [MEMORY_ANNOTATION]: '-1' }, ...both))
  assert.deepEqual(await measured(usage, clock), [
    [0.05, 8],
    [0.001, 8],
  ])
})

test('no container uses more processor time than its limit', async () => {
  const limited = container('a', {}, { cpu: '200m' })
  const { clock, usage } = started(pod({ [CPU_ANNOTATION]: '900m' }, limited), 'a')
  assert.deepEqual(await measured(usage, clock), [[0.2, 8]])
})

test('what was used before a change stays counted, and the machine goes on when a container ends', async () => {
  const { clock, usage } = started(pod({ [CPU_ANNOTATION]: '1' }, container('a')), 'a')
  await clock.advance(10_000)
  usage.podChanged(pod({ [CPU_ANNOTATION]: '100m' }, container('a')))
  await clock.advance(10_000)
  assert.equal(usage.stats()[0]?.cpuUsageNanoseconds, 11e9)
  assert.equal(usage.machine().cpuUsageNanoseconds, 11.2e9)
  usage.ended('a')
  assert.deepEqual(usage.stats(), [])
  await clock.advance(10_000)
  assert.equal(usage.machine().cpuUsageNanoseconds, 11.3e9)
  assert.equal(usage.machine().memoryWorkingSetBytes, 256 * MEBIBYTE)
})

test('what is told is of one moment, however long it takes to tell it', () => {
  let now = 1_000
  // A slow machine: each look at the clock is a millisecond after the last.
  const usage = new HollowUsage({ ...createManualClock(), now: () => now++ })
  usage.podChanged(pod({ [CPU_ANNOTATION]: '300m' }, container('a'), container('b')))
  for (const name of ['a', 'b']) usage.started({ id: name, name, podUid: 'u' }, now)
  now = 5_000
  assert.deepEqual(
    usage.stats().map(({ timestamp }) => timestamp),
    [5_000, 5_000],
  )
  const [before, after] = [usage.machine(), usage.machine()]
  const cores =
    (after.cpuUsageNanoseconds - before.cpuUsageNanoseconds) / (after.timestamp - before.timestamp)
  assert.equal(Math.round(cores / 1000) / 1000, 0.31)
})

test('a container has used what it uses since the moment at which it says it started', async () => {
  let now = 1_000
  const clock = { ...createManualClock(), now: () => now++ }
  const usage = new HollowUsage(clock)
  usage.podChanged(pod({ [CPU_ANNOTATION]: '250m' }, container('a')))
  const runtime = createHollowRuntime({
    ...{ clock, usage, random: seededRandom(1), files: createMemoryFiles() },
    addresses: createAddressPool('10.0.0.0/24'),
  })
  const sandbox = { name: 'p', namespace: 'n', uid: 'u', attempt: 0, logDirectory: '/' }
  const sandboxId = await runtime.runPodSandbox(sandbox as SandboxConfig)
  const config = { name: 'a', command: [], args: [], image: '', logPath: 'a' }
  const id = await runtime.createContainer(
    sandboxId,
    config as unknown as ContainerConfig,
    sandbox as SandboxConfig,
  )
  await runtime.startContainer(id)
  now = 12_345
  const { startedAt = 0 } = (await runtime.containerStatus(id)) ?? {}
  const [used] = usage.stats()
  assert.ok(used)
  assert.equal(used.cpuUsageNanoseconds, (used.timestamp - startedAt) * 250_000)
})
