import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresText } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import type { KubeletContext } from '../options.ts'
import type { Volume } from '../pod-types.ts'
import { ClaimStatsBook, claimFigures } from './claim-stats.ts'
import { claimedMount } from './csi/csi-mount.ts'
import { type DriverStatsParts, driverStats } from './csi/driver-stats.ts'
import { nodeCapability } from './csi/messages.ts'
import { claimedOf, named, podOf } from './csi/testing/volume-world.ts'

const pod = podOf('u', { volumes: [named, { name: 'own', emptyDir: {} }] })
const claimed = claimedOf()
const source = { kind: 'csi', driver: 'd', volume: named, claimed } as const

function world() {
  const clock = createManualClock()
  const state = {
    asked: 0,
    answer: async (): Promise<object> => ({
      usage: [
        { unit: 1, total: 100, used: 30, available: 70 },
        { unit: 2, total: 10, used: 1, available: 9 },
      ],
      volumeCondition: { abnormal: true, message: 'worn out' },
    }),
    capabilities: new Set<number>([nodeCapability.getVolumeStats]),
  }
  const stats = async () => {
    state.asked++
    return state.answer()
  }
  const book = new ClaimStatsBook({
    context: { clock, log: silentLog } as unknown as KubeletContext,
    csi: () => ({
      stats: async (pod, { volume }) =>
        driverStats(
          {
            drivers: { get: () => ({ service: { stats }, capabilities: state.capabilities }) },
            toDriver: (path: string) => path,
          } as unknown as DriverStatsParts,
          claimedMount(pod, volume, claimed, '/k'),
        ),
    }),
    behind: (_, volume: Volume) => (volume === named ? { source, claim: 'c' } : undefined),
    pathOf: () => '/nowhere',
  })
  return { book, clock, state }
}

test('what a driver says of a claim is told under upstream’s names, and kept for a minute', async () => {
  const { book, clock, state } = world()
  const stats = await book.of(pod)
  const measured = {
    ...{ capacityBytes: 100, availableBytes: 70, usedBytes: 30 },
    ...{ inodes: 10, inodesFree: 9, inodesUsed: 1 },
  }
  assert.deepEqual(stats, [{ volume: 'v', namespace: 'ns', claim: 'c', ...measured }])
  await book.of(pod)
  await clock.advance(59_999)
  await book.of(pod)
  assert.equal(state.asked, 1)
  state.capabilities.add(nodeCapability.volumeCondition)
  await clock.advance(1)
  assert.equal((await book.of(pod))[0]?.isAbnormal, true)
  const text = figuresText([claimFigures(await book.of(pod))])
  const labels = '{namespace="ns",persistentvolumeclaim="c"}'
  for (const line of [
    'capacity_bytes 100',
    'available_bytes 70',
    'used_bytes 30',
    'inodes 10',
    'inodes_free 9',
    'inodes_used 1',
    'health_status_abnormal 1',
  ])
    assert.ok(text.includes(`kubelet_volume_stats_${line.replace(' ', `${labels} `)}`), line)
})

test('a driver that does not answer keeps nobody waiting for long, and one that fails is left out', async () => {
  const { book, clock, state } = world()
  let answered = (_: object) => {}
  state.answer = () => new Promise(resolve => (answered = resolve))
  const waiting = book.of(pod)
  await clock.advance(5_000)
  assert.deepEqual(await waiting, [])
  const again = book.of(pod)
  answered({ usage: [{ unit: 1, total: 1, used: 1, available: 0 }] })
  assert.equal((await again)[0]?.capacityBytes, 1)
  assert.equal(state.asked, 1, 'one question at a time')
  state.answer = async () => {
    throw new Error('no')
  }
  await clock.advance(60_000)
  assert.deepEqual(await book.of(pod), [])
  assert.deepEqual(await book.of(podOf('w', { volumes: [] })), [])
})

test('what is told of a pod that is gone is not kept', async () => {
  const { book, clock, state } = world()
  let answered = (_: object) => {}
  state.answer = () => new Promise(resolve => (answered = resolve))
  const waiting = book.of(pod)
  book.forget('u')
  answered({ usage: [{ unit: 1, total: 1, used: 1, available: 0 }] })
  await clock.advance(5_000)
  assert.deepEqual(await waiting, [])
})
