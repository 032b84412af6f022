import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFigureBook } from '#base/figures.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { type MeasuredVolume, MeasuredVolumes } from './measured-volumes.ts'
import { storageOperations } from './storage-figures.ts'

const emptyDir: MeasuredVolume = {
  ...{ name: 'e', plugin: 'kubernetes.io/empty-dir', isBlock: false, isRefreshed: false },
  ...{ place: '/p/e', shared: undefined },
}
const secret = { ...emptyDir, name: 's', plugin: 'kubernetes.io/secret', isRefreshed: true }
const disk = { ...emptyDir, name: 'd', plugin: 'kubernetes.io/local-volume', shared: 'pv' }
const device = { ...disk, name: 'b', isBlock: true, shared: 'pv2' }

function world() {
  const clock = createManualClock()
  const book = createFigureBook()
  const volumes = new MeasuredVolumes(storageOperations(book, clock))
  const figure = () =>
    book.source().find(({ name }) => name === 'storage_operation_duration_seconds')
  const told = () =>
    (figure()?.values ?? [])
      .filter(({ suffix }) => suffix === '_count')
      .map(({ labels, value }) => {
        const { volume_plugin = '', operation_name, status, migrated } = labels ?? {}
        assert.equal(migrated, 'false')
        return `${operation_name} ${volume_plugin.split('/')[1]} ${status} ${value}`
      })
      .sort()
  return { volumes, told, clock, figure }
}
const well = async () => {}

test('a volume is looked at once, tried until it is there, and taken down', async () => {
  const { volumes, told } = world()
  const fails = () => Promise.reject(new Error('no'))
  for (let tries = 0; tries < 2; tries++)
    await assert.rejects(volumes.setUp('u', emptyDir, fails), /no/)
  for (let looks = 0; looks < 3; looks++) {
    await volumes.setUp('u', emptyDir, well)
    await volumes.setUp('u', secret, well)
  }
  const taken: string[] = []
  await volumes.takeDown('u', async place => void taken.push(place))
  await volumes.takeDown('u', async place => void taken.push(place))
  assert.deepEqual(taken, ['/p/e', '/p/e'])
  assert.deepEqual(told(), [
    'verify_controller_attached_volume empty-dir success 1',
    'verify_controller_attached_volume secret success 1',
    'volume_mount empty-dir fail-unknown 2',
    'volume_mount empty-dir success 1',
    'volume_mount secret success 3',
    'volume_unmount empty-dir success 1',
    'volume_unmount secret success 1',
  ])
})

test('what the node has is let go by the last pod, and devices are mapped', async () => {
  const { volumes, told } = world()
  for (const uid of ['u', 'v']) await volumes.setUp(uid, disk, well)
  await volumes.setUp('u', device, well)
  await volumes.takeDown('u', well)
  const before = told()
  assert.ok(before.includes('unmap_volume local-volume success 1'))
  assert.ok(before.includes('unmap_device local-volume success 1'))
  assert.ok(before.includes('map_volume local-volume success 1'))
  assert.ok(!before.some(line => line.startsWith('unmount_device')), 'another pod has it')
  await volumes.takeDown('v', well)
  assert.ok(told().includes('unmount_device local-volume success 1'))
})

test('what can not be taken down is tried again, and what never was there is not counted', async () => {
  const { volumes, told, clock, figure } = world()
  await volumes.setUp('u', emptyDir, () => clock.advance(3_000).then(() => {}))
  await assert.rejects(volumes.setUp('u', secret, () => Promise.reject(new Error('none'))))
  let busy = true
  const work = async (place: string) => {
    if (busy) throw new Error(`${place} is busy`)
  }
  await assert.rejects(volumes.takeDown('u', work), /busy/)
  busy = false
  await volumes.takeDown('u', work)
  assert.deepEqual(
    told().filter(line => line.startsWith('volume_unmount')),
    ['volume_unmount empty-dir fail-unknown 1', 'volume_unmount empty-dir success 1'],
  )
  const mounted = figure()?.values.find(
    ({ suffix, labels }) => suffix === '_sum' && labels?.operation_name === 'volume_mount',
  )
  assert.equal(mounted?.value, 3, 'in seconds')
})
