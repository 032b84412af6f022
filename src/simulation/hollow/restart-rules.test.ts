/** Containers that bring themselves back by their exit code, whatever the pod's restart policy says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rest } from '../testing/hollow-cluster.ts'
import { sh, statusOf, withCluster } from '../testing/pod-views.ts'

const ruled = (script: string, ...values: number[]) => ({
  name: 'c',
  image: 'busybox',
  command: sh(script),
  restartPolicy: 'Never',
  restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values } }],
})

test('a container of a pod that never restarts comes back after the exit code of its rule, and only then', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    const restartPolicy = 'Never'
    await cluster.createPod('again', { restartPolicy, containers: [ruled('exit 42', 42)] })
    await cluster.createPod('over', { restartPolicy, containers: [ruled('exit 1', 42)] })
    await rest()
    await cluster.clock.advance(15_000)
    const again = await cluster.pod('again')
    assert.equal(again.status?.phase, 'Running')
    assert.equal(statusOf(again).restartCount, 2, 'the third time waits for its back-off')
    assert.equal(statusOf(again).state.waiting?.reason, 'CrashLoopBackOff')
    const over = await cluster.pod('over')
    assert.equal(over.status?.phase, 'Failed')
    assert.equal(statusOf(over).restartCount, 0)
  }))

test('an init container with a rule is tried again, one without ends its pod', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    const containers = [{ name: 'web', image: 'nginx' }]
    const pod = (initContainers: object[]) => ({
      restartPolicy: 'Never',
      initContainers,
      containers,
    })
    await cluster.createPod('again', pod([{ ...ruled('exit 42', 42), name: 'i' }]))
    await cluster.createPod('over', pod([{ ...ruled('exit 1', 42), name: 'i' }]))
    await rest()
    await cluster.clock.advance(15_000)
    const { status } = await cluster.pod('again')
    assert.equal(status?.phase, 'Pending')
    assert.equal(status?.initContainerStatuses?.[0]?.restartCount, 2)
    assert.equal((await cluster.pod('over')).status?.phase, 'Failed')
  }))
