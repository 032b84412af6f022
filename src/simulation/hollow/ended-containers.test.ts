import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rest } from '../testing/hollow-cluster.ts'
import { sh, withCluster } from '../testing/pod-views.ts'

test('containers that end are counted by kind and exit code, each once, across a restart of the kubelet', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let kubelet = await cluster.kubelet(node)
    const counted = async () => {
      const { body } = await kubelet.transport.request({ method: 'GET', path: '/metrics' })
      const text = Buffer.from(body.kind === 'bytes' ? body.bytes : []).toString()
      return text
        .split('\n')
        .filter(line => line.startsWith('kubelet_terminated_containers_total{'))
        .map(line => line.replace('kubelet_terminated_containers_total', ''))
        .toSorted()
    }
    const container = (script: string) => ({ name: 'c', image: 'busybox', command: sh(script) })
    const restartPolicy = 'Never'
    await cluster.createPod('segv', { restartPolicy, containers: [container('exit 139')] })
    await cluster.createPod('inits', {
      restartPolicy,
      initContainers: [{ ...container('exit 0'), name: 'i' }],
      containers: [container('sleep 5; exit 139')],
    })
    await rest()
    await cluster.clock.advance(10_000)
    const all = [
      '{container_type="container",exit_code="139",reason="Error"} 2',
      '{container_type="init_container",exit_code="0",reason="Completed"} 1',
    ]
    assert.deepEqual(await counted(), all)
    await kubelet.stop()
    kubelet = await cluster.kubelet(node)
    await cluster.clock.advance(70_000)
    assert.deepEqual(await counted(), [])
  }))
