/** What a kubelet tells of its pods and of who asks it, where traces are wanted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toldSpans } from '#client/testing/told-spans.ts'
import { rest } from '../testing/hollow-cluster.ts'
import { sh, withCluster } from '../testing/pod-views.ts'

test('each look at a pod is a span of upstream’s name, with the pod it is of', () =>
  withCluster(async cluster => {
    const { scope, spans, attributesOf } = toldSpans()
    await cluster.kubelet(cluster.node(), { spans: scope })
    const pod = await cluster.createPod('once', {
      restartPolicy: 'Never',
      containers: [{ name: 'c', image: 'busybox', command: sh('sleep 2') }],
    })
    await rest()
    await cluster.clock.advance(5_000)
    assert.deepEqual(
      new Set(spans.map(({ name, parentSpanId }) => `${name} ${parentSpanId}`)),
      new Set(['syncPod undefined', 'syncTerminatingPod undefined', 'syncTerminatedPod undefined']),
    )
    const ofPod = {
      'k8s.pod.uid': pod.metadata.uid,
      'k8s.pod': 'default/once',
      'k8s.pod.name': 'once',
      'k8s.namespace.name': 'default',
    }
    assert.deepEqual(attributesOf('syncPod'), { ...ofPod, 'k8s.pod.update_type': 'create' })
    assert.deepEqual(attributesOf('syncTerminatedPod'), ofPod)
  }))

test('whoever asks the kubelet goes on with a trace of his own', () =>
  withCluster(async cluster => {
    const { scope, spans, attributesOf } = toldSpans()
    const { transport } = await cluster.kubelet(cluster.node(), { spans: scope })
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    await transport.request({ method: 'GET', path: '/logs/x?y=z', headers: { traceparent } })
    await transport.request({ method: 'GET', path: '/containerLogs/a/b/c' })
    await transport.request({ method: 'GET', path: '/nobody/knows' })
    const told = spans.map(({ name, context, parentSpanId, kind }) => [
      ...[name, kind],
      ...[context.traceId === 'a'.repeat(32), parentSpanId],
    ])
    assert.deepEqual(told, [
      ['/logs/{logpath:*}', 'server', true, 'b'.repeat(16)],
      ['/containerLogs/{podNamespace}/{podID}/{containerName}', 'server', false, undefined],
      ['GET', 'server', false, undefined],
    ])
    assert.deepEqual(attributesOf('/logs/{logpath:*}'), {
      'http.request.method': 'GET',
      'url.scheme': 'https',
      'url.path': '/logs/x',
      'server.address': 'kubelet',
      'server.port': 10250,
      'http.route': '/logs/{logpath:*}',
      'http.response.status_code': 404,
    })
  }))
