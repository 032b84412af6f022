/** The wall clock is set, or the machine slept: what waits for a moment of it does not wait as long as it thought. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rest } from '../testing/hollow-cluster.ts'
import { sh, withCluster } from '../testing/pod-views.ts'

const HOUR_MS = 3_600_000

test('a deadline of a pod that passed while the machine slept ends it at once', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    await cluster.createPod('late', {
      activeDeadlineSeconds: 1800,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'busybox', command: sh('sleep 100000') }],
    })
    await rest()
    assert.equal((await cluster.pod('late')).status?.phase, 'Running')
    await cluster.clock.jump(HOUR_MS)
    await cluster.clock.advance(1_000)
    const { status } = await cluster.pod('late')
    assert.deepEqual([status?.phase, status?.reason], ['Failed', 'DeadlineExceeded'])
  }))

test('a clock that is set back an hour ends nothing and restarts nothing', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    await cluster.createPod('steady', {
      activeDeadlineSeconds: 1800,
      containers: [{ name: 'c', image: 'busybox', command: sh('sleep 100000') }],
    })
    await rest()
    await cluster.clock.jump(-HOUR_MS)
    await cluster.clock.advance(60_000)
    const { status } = await cluster.pod('steady')
    assert.deepEqual([status?.phase, status?.containerStatuses?.[0]?.restartCount], ['Running', 0])
  }))
