/** From a request to what a collector hears: over HTTPS, through the store and a webhook, by OTLP. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { startCollector, type ToldSpan } from '#client/testing/otlp-collector.ts'
import type { Method } from '#client/transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { openTracing, readTracingConfiguration } from './open-tracing.ts'
import { usualServer } from './single-apiserver.testing.ts'
import { startSingleApiServer } from './single-apiserver.ts'

const configuration = (more: object) =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'TracingConfiguration',
    ...more,
  })
const filesOf = (text: string) => ({ read: () => Buffer.from(text) })
const TRACE = 'abcdef0123456789abcdef0123456789'
const traceparent = (flags: string) => `00-${TRACE}-00000000000000aa-${flags}`

async function traced(endpoint: string, rate: number) {
  const directory = mkdtempSync(join(tmpdir(), 'proa-tracing-'))
  const file = join(directory, 'tracing.yaml')
  writeFileSync(file, configuration({ endpoint, samplingRatePerMillion: rate }))
  const server = await startSingleApiServer({
    tracingConfigFile: file,
    ...usualServer,
  })
  const connection = await connectionFromKubeconfig(server.kubeconfigs().admin ?? '', {
    read: async () => '',
    resolve: name => name,
  })
  const transport = createHttpTransport(connection, { clock: systemClock })
  const ask = async (method: Method, path: string, body?: object, headers = {}) => {
    const bytes = body && new TextEncoder().encode(JSON.stringify(body))
    const type = { 'content-type': 'application/json' }
    const request = {
      method,
      path,
      headers: { ...type, ...headers },
      ...(bytes && { body: bytes }),
    }
    return (await transport.request(request)).status
  }
  const stop = async () => {
    await transport.close()
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  return { ask, stop }
}

/** A webhook that allows everything, and keeps what it is told of traces. */
async function webhook() {
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 }
  const authority = issueAuthority('hook', validity, systemRandom)
  const subject = { commonName: 'leaf' }
  const names = ['127.0.0.1']
  const leaf = issueLeaf({ subject, names, usages: ['server'], validity }, authority, systemRandom)
  const told: (string | undefined)[] = []
  const server = createServer({ key: leaf.key, cert: leaf.certificate }, (request, response) => {
    told.push(request.headers.traceparent as string | undefined)
    let text = ''
    request.on('data', part => {
      text += part
    })
    request.on('end', () => {
      const { apiVersion, kind, request: of } = JSON.parse(text)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ apiVersion, kind, response: { uid: of.uid, allowed: true } }))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : 0
  return {
    told,
    close: () => server.close(),
    configuration: {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'hook' },
      webhooks: [
        {
          name: 'hook.example.com',
          clientConfig: {
            url: `https://127.0.0.1:${port}/judge`,
            caBundle: Buffer.from(authority.certificate).toString('base64'),
          },
          rules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              resources: ['configmaps'],
              operations: ['CREATE'],
            },
          ],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  }
}

/** Names from the first span down to this one. */
function pathOf(span: ToldSpan, all: readonly ToldSpan[]): string[] {
  const parent = all.find(each => each.spanId === span.parentSpanId)
  return [...(parent ? pathOf(parent, all) : []), span.name]
}

test('a request is told as upstream tells it, down to the store and to who is asked outside', async () => {
  await using collector = await startCollector()
  const hook = await webhook()
  const { ask, stop } = await traced(collector.endpoint, 0)
  try {
    const hooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
    assert.equal(await ask('POST', hooks, hook.configuration), 201)
    const maps = '/api/v1/namespaces/default/configmaps'
    const headers = { traceparent: traceparent('01') }
    assert.equal(await ask('POST', maps, { metadata: { name: 'a' } }, headers), 201)
    // Nobody asked for a trace of these.
    assert.equal(await ask('GET', `${maps}/a`), 200)
    assert.equal(await ask('GET', `${maps}/a`, undefined, { traceparent: traceparent('00') }), 200)
  } finally {
    await stop()
    hook.close()
  }
  const { spans } = collector
  assert.deepEqual([...new Set(spans.map(({ traceId }) => traceId))], [TRACE])
  const root = spans.find(({ parentSpanId }) => parentSpanId === '00000000000000aa')
  assert.equal(root?.name, 'POST /api/v1/namespaces/{:namespace}/configmaps')
  assert.equal(root.kind, 2)
  assert.equal(root.service, 'apiserver')
  assert.equal(root.attributes['http.response.status_code'], 201)
  assert.ok(root.attributes['audit-id'])
  const find = (name: string) => spans.find(each => each.name === name) ?? assert.fail(name)
  const steps = [
    root.name,
    'audit',
    'constrainedimpersonation',
    'priorityandfairness',
    'authorization',
  ]
  assert.deepEqual(pathOf(find('Create etcd3'), spans), [...steps, 'Create', 'Create etcd3'])
  const asked = find('HTTP POST')
  const called = 'Call validating webhook'
  assert.deepEqual(pathOf(asked, spans), [...steps, 'Create', called, 'HTTP POST'])
  assert.equal(find(called).attributes.webhook, 'hook.example.com')
  assert.deepEqual(hook.told, [`00-${TRACE}-${asked.spanId}-01`])
  for (const { startNs, endNs } of spans) {
    assert.ok(startNs >= root.startNs && endNs <= root.endNs && startNs <= endNs)
    assert.ok(Math.abs(Number(startNs / 1_000_000n) - Date.now()) < 60_000)
  }
})

test('so many requests out of a million begin a trace; a collector that is away holds nobody up', async () => {
  await using collector = await startCollector()
  const { ask, stop } = await traced(collector.endpoint, 1_000_000)
  for (let i = 0; i < 3; i++) assert.equal(await ask('GET', '/version'), 200)
  await stop()
  assert.equal(collector.spans.filter(({ name }) => name === 'GET').length, 3)
  const away = await traced('127.0.0.1:1', 1_000_000)
  const from = performance.now()
  for (let i = 0; i < 3; i++) assert.equal(await away.ask('GET', '/version'), 200)
  await away.stop()
  assert.ok(performance.now() - from < 15_000)
})

test('a file that makes no sense is refused', async () => {
  const complaint = (more: object) => {
    assert.throws(() => readTracingConfiguration('t', filesOf(configuration(more))), UserError)
    try {
      readTracingConfiguration('t', filesOf(configuration(more)))
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  assert.match(complaint({ samplingRatePerMillion: -1 }), /sampling rate must be positive/)
  assert.match(
    complaint({ samplingRatePerMillion: 1_000_001 }),
    /less than or equal to one million/,
  )
  assert.match(complaint({ endpoint: 'http://x:1' }), /endpoint: Invalid value/)
  assert.match(complaint({ rate: 1 }), /unknown field "rate"/)
  assert.match(complaint({ kind: 'Other' }), /no kind "Other" is registered/)
  assert.deepEqual(readTracingConfiguration('t', filesOf(configuration({}))), {
    endpoint: 'localhost:4317',
    samplingRatePerMillion: 0,
  })
  await assert.rejects(
    openTracing(
      't',
      { name: 'a', scope: 's' },
      {
        files: { read: () => undefined },
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
      },
    ),
    /failed to read tracing configuration from "t"/,
  )
})
