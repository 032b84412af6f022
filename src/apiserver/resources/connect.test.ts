/** What admission sees of somebody who connects: the options that the query asks for, under upstream's names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { AdmissionRequest } from '../admission/admission.ts'
import type { Exchange } from '../exchange.ts'
import { admitConnect } from './connect.ts'
import type { StoredResource } from './registry.ts'

/** The request that a step of admission is asked about. */
async function seenBy(kind: AnyKind, subresource: string, query: string, path?: string) {
  const seen: AdmissionRequest[] = []
  const step = {
    name: 'Watching',
    validate: (request: AdmissionRequest) => void seen.push(request),
  }
  const info = { query: new URLSearchParams(query), rest: ['p'], verb: 'create', subresource }
  const exchange = { server: { admission: [step] }, info, request: {}, user: {} }
  const resource = { kind, name: { resource: kind.plural } }
  await admitConnect(exchange as never as Exchange, resource as never as StoredResource, path)
  const [request] = seen
  assert.equal(request?.operation, 'CONNECT')
  assert.equal(request.name, 'p')
  assert.deepEqual(request.kind, { group: '', version: 'v1', kind: request.object?.kind })
  return request.object
}

const v1 = (kind: string, rest: object) => ({ kind, apiVersion: 'v1', ...rest })

test('exec and attach', async () => {
  assert.deepEqual(
    await seenBy(pod, 'exec', 'stdin=true&tty=1&stderr=false&container=c&command=ls&command=-l'),
    v1('PodExecOptions', { stdin: true, tty: true, container: 'c', command: ['ls', '-l'] }),
  )
  assert.deepEqual(await seenBy(pod, 'exec', ''), v1('PodExecOptions', { command: null }))
  assert.deepEqual(
    await seenBy(pod, 'attach', 'stdin=true&stdout=true&container=c'),
    v1('PodAttachOptions', { stdin: true, stdout: true, container: 'c' }),
  )
})

test('port-forward and proxies', async () => {
  assert.deepEqual(
    await seenBy(pod, 'portforward', 'ports=80,81&ports=82'),
    v1('PodPortForwardOptions', { ports: [80, 81, 82] }),
  )
  assert.deepEqual(await seenBy(pod, 'portforward', ''), v1('PodPortForwardOptions', {}))
  for (const [kind, options] of [
    [pod, 'PodProxyOptions'],
    [service, 'ServiceProxyOptions'],
    [node, 'NodeProxyOptions'],
  ] as const) {
    assert.deepEqual(await seenBy(kind, 'proxy', '', 'a/b'), v1(options, { path: 'a/b' }))
    assert.deepEqual(await seenBy(kind, 'proxy', ''), v1(options, {}))
  }
})
