import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sh, statusOf, withCluster } from '../testing/pod-views.ts'

const program = (name: string) => ({
  name,
  image: 'example.com/config-reloader:1',
  args: ['--once'],
})

test('an unknown program ends well where its pod waits for it, and serves elsewhere', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    await cluster.createPod('operated', {
      initContainers: [
        program('prepare'),
        { ...program('helper'), restartPolicy: 'Always' },
        { name: 'bare', image: 'example.com/migrate:1' },
      ],
      containers: [program('serve')],
    })
    await cluster.createPod('stuck', {
      initContainers: [{ name: 'never', image: 'busybox', command: sh('sleep infinity') }],
      containers: [program('serve')],
    })
    await cluster.clock.advance(10_000)
    const { status } = await cluster.pod('operated')
    assert.equal(status?.phase, 'Running')
    const [prepare, helper, bare] = status?.initContainerStatuses ?? []
    assert.equal(prepare?.state?.terminated?.exitCode, 0)
    assert.ok(helper?.state?.running)
    assert.equal(bare?.state?.terminated?.reason, 'Completed')
    assert.ok(statusOf(await cluster.pod('operated')).ready)
    const stuck = await cluster.pod('stuck')
    assert.ok(stuck.status?.initContainerStatuses?.[0]?.state?.running)
    assert.equal(stuck.status?.phase, 'Pending')
  }))

test("an unknown program is what a Job's pod was made for, and ends", () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    const owner = (kind: string) => ({
      ownerReferences: [
        { apiVersion: 'batch/v1', kind, name: 'pi', uid: 'e3cf-1', controller: true },
      ],
    })
    const spec = { restartPolicy: 'Never', containers: [program('pi')] }
    await cluster.createPod('work', spec, owner('Job'))
    await cluster.createPod('server', spec, owner('ReplicaSet'))
    await cluster.createPod('alone', spec)
    await cluster.clock.advance(10_000)
    const phase = async (name: string) => (await cluster.pod(name)).status?.phase
    assert.equal(await phase('work'), 'Succeeded')
    assert.equal(await phase('server'), 'Running')
    assert.equal(await phase('alone'), 'Running')
  }))
