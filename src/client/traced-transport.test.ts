import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toldSpans } from './testing/told-spans.ts'
import { traceTransport } from './traced-transport.ts'
import type { ApiRequest } from './transport.ts'

function transportOf(status: number) {
  const asked: ApiRequest[] = []
  const transport = {
    async request(request: ApiRequest) {
      asked.push(request)
      if (status === 0) throw new Error('no answer')
      return { status, headers: {}, body: { kind: 'bytes', bytes: new Uint8Array() } } as const
    },
  }
  return { asked, transport }
}

test('a request is a part of what it is for, and tells the API server of which', async () => {
  const { scope, spans, tree, attributesOf } = toldSpans()
  const { asked, transport } = transportOf(200)
  const traced = traceTransport(transport, scope, 'https://[::1]:6443/')
  await scope.run('syncPod', async () => {
    await traced.request({ method: 'GET', path: '/api?x=1', headers: { accept: 'a' } })
  })
  assert.deepEqual(tree(), ['HTTP GET < syncPod', 'syncPod < -'])
  assert.deepEqual(attributesOf('HTTP GET'), {
    'http.request.method': 'GET',
    'url.full': 'https://[::1]:6443/api?x=1',
    'server.address': '::1',
    'server.port': 6443,
    'http.response.status_code': 200,
  })
  const [{ traceId = '', spanId = '' } = {}] = spans.map(({ context }) => context)
  assert.deepEqual(asked[0]?.headers, { accept: 'a', traceparent: `00-${traceId}-${spanId}-01` })
  assert.equal(spans[0]?.kind, 'client')
})

test('what went wrong is told', async () => {
  const { scope, spans, attributesOf } = toldSpans()
  await traceTransport(transportOf(404).transport, scope, 'https://a').request({
    method: 'PUT',
    path: '/',
  })
  assert.equal(attributesOf('HTTP PUT')['error.type'], '404')
  const failing = traceTransport(transportOf(0).transport, scope, 'https://a')
  await assert.rejects(failing.request({ method: 'GET', path: '/' }), /no answer/)
  assert.equal(spans.at(-1)?.error, 'no answer')
})
