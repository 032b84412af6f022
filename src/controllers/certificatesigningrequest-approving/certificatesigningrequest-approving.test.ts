import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { encodedRequest, type RequestOptions } from '#base/pki/testing.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { reconcile } from './certificatesigningrequest-approving.reconcile.ts'

interface State extends Pick<RequestOptions, 'commonName' | 'organizations' | 'names'> {
  readonly signer?: string
  readonly usages?: readonly string[]
  readonly username?: string
  readonly conditions?: readonly object[]
  readonly certificate?: string
  /** The rights that whoever asks has. */
  readonly rights?: readonly string[]
  /** Of the API server. */
  readonly serverNames?: readonly string[]
}

function requestOf(state: State): CertificateSigningRequest {
  const { signer, usages, username, conditions, certificate } = state
  const { commonName = 'system:node:a', organizations = ['system:nodes'], names = [] } = state
  const spec = {
    request: encodedRequest({ commonName, organizations, names }),
    signerName: signer ?? 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: usages ?? ['digital signature', 'client auth'],
    username: username ?? 'system:bootstrap:abcdef',
  }
  const status = { ...(conditions ? { conditions } : {}), ...(certificate ? { certificate } : {}) }
  return { metadata: { name: 'request' }, spec, status } as unknown as CertificateSigningRequest
}

const scenarios = new URL('certificatesigningrequest-approving.scenarios.txt', import.meta.url)
testScenarios<State>(scenarios, async state => {
  const asked: string[] = []
  const mayCreate = async (subresource: string) => {
    asked.push(subresource)
    return state.rights?.includes(subresource) ?? false
  }
  const outcome = await reconcile(requestOf(state), mayCreate, state.serverNames)
  const later = outcome.againWithBackoff ? ['again with backoff'] : []
  const lines = [...showOutcome(outcome, undefined), ...later].filter(
    line => line !== 'nothing' || later.length === 0,
  )
  return [...asked.map(name => `asks for ${name}`), ...lines]
})

test('a request that cannot be read is an error', async () => {
  const request = requestOf({})
  const broken = { ...request, spec: { ...request.spec, request: 'AAAA' } }
  await assert.rejects(
    reconcile(broken, async () => true),
    /^Error: unable to parse csr "request": PEM block type must be CERTIFICATE REQUEST$/,
  )
})

test('nobody is approved without a right, and nothing but a kubelet’s client certificate ever', async () => {
  const states = fc.record({
    signer: fc.constantFrom(
      'kubernetes.io/kube-apiserver-client-kubelet',
      'kubernetes.io/kube-apiserver-client',
      'example.com/other',
    ),
    commonName: fc.constantFrom('system:node:a', 'system:node', 'ann'),
    organizations: fc.subarray(['system:nodes', 'system:masters']),
    names: fc.subarray(['a.example', '10.0.0.1']),
    usages: fc.subarray(['digital signature', 'key encipherment', 'client auth', 'server auth']),
    username: fc.constantFrom('system:node:a', 'ann'),
    rights: fc.subarray(['nodeclient', 'selfnodeclient']),
  })
  await fc.assert(
    fc.asyncProperty(states, async state => {
      const { writes } = await reconcile(requestOf(state), async right =>
        state.rights.some(name => name === right),
      )
      const isKubelet =
        state.signer.endsWith('-kubelet') &&
        state.commonName === 'system:node:a' &&
        state.organizations.join() === 'system:nodes' &&
        state.names.length === 0 &&
        /^digital signature,(key encipherment,)?client auth$/.test(state.usages.join())
      const mayAsk =
        state.rights.includes('nodeclient') ||
        (state.rights.includes('selfnodeclient') && state.username === state.commonName)
      assert.equal(writes.length, isKubelet && mayAsk ? 1 : 0)
    }),
  )
})

test('no node gets a certificate by which it could pretend to be the API server, a Service, or several', async () => {
  const approved = async (name: string) => {
    const commonName = `system:node:${name}`
    const request = requestOf({
      ...{ commonName, username: commonName, names: [name] },
      ...{ signer: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] },
    })
    const { writes } = await reconcile(request, async () => true, ['API.example.com'])
    return writes.length === 1
  }
  for (const good of ['a', 'a.example.com', 'kubernetes-1', 'svc1', 'kubernetes.example.com'])
    assert.ok(await approved(good), good)
  for (const bad of [
    ...['*', '*.example.com', '*.svc.cluster.local', 'api.example.com', 'API.EXAMPLE.COM'],
    ...['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'Kubernetes.default.SVC'],
    ...['kubernetes.default.svc.cluster.local', 'web.shop.svc', 'localhost', '10.96.0.1', ''],
  ])
    assert.ok(!(await approved(bad)), bad)
})
