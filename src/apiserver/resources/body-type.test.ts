/** What is told of bodies that are of another kind than the one that they are sent for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { define, WIDGETS, widgets } from '../custom-resources/testing.ts'
import { startTestServer } from '../testing.ts'

const NAMESPACE = '/api/v1/namespaces/default'
const metadata = { name: 'a' }

async function refusals() {
  const server = await startTestServer()
  const why = async (method: 'POST' | 'PUT', path: string, body: object): Promise<string> => {
    const answer = await server.ask(method, path, { metadata, ...body })
    assert.equal(answer.status, 400, answer.text)
    return answer.body.message
  }
  return { server, why }
}

test('a body is read as what it says, and not converted to another kind', async () => {
  const { why } = await refusals()
  const SCALE = '/apis/apps/v1/namespaces/default/deployments/a/scale'
  const converted = (version: string, kind: string, to: string) =>
    `${kind} in version "${version}" cannot be handled as a ${to.split('.')[1]}: converting (${version}.${kind}) to (${to}): unknown conversion`
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' }
  const scaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' }
  const list = { apiVersion: 'apps/v1', kind: 'DeploymentList', items: [] }
  assert.equal(
    await why('PUT', SCALE, deployment),
    converted('v1', 'Deployment', 'autoscaling.Scale'),
  )
  assert.equal(await why('PUT', SCALE, scaler), converted('v2', scaler.kind, 'autoscaling.Scale'))
  assert.equal(
    await why('POST', `${NAMESPACE}/configmaps`, list),
    converted('v1', 'DeploymentList', 'core.ConfigMap'),
  )
  for (const [path, to] of [
    ['pods/a/binding', 'core.Binding'],
    ['pods/a/eviction', 'policy.Eviction'],
    ['serviceaccounts/a/token', 'authentication.TokenRequest'],
  ] as const)
    assert.equal(
      await why('POST', `${NAMESPACE}/${path}`, deployment),
      converted('v1', 'Deployment', to),
    )
  assert.equal(
    await why('PUT', SCALE, { ...deployment, spec: { replicas: 'a' } }),
    'Deployment in version "v1" cannot be handled as a Scale: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  )
})

test('events of both groups are one kind', async () => {
  const { why } = await refusals()
  assert.equal(
    await why('POST', '/apis/events.k8s.io/v1/namespaces/default/events', {
      apiVersion: 'v1',
      kind: 'Event',
    }),
    'the API version in the data (v1) does not match the expected API version (events.k8s.io/v1)',
  )
})

test('definitions of resources are known where they are served alone', async () => {
  const { why } = await refusals()
  const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
  assert.match(
    await why('POST', `${NAMESPACE}/configmaps`, definition),
    /no kind "CustomResourceDefinition" is registered for version "apiextensions\.k8s\.io\/v1"/,
  )
  const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  assert.match(
    await why('POST', DEFINITIONS, { apiVersion: 'v1', kind: 'Pod' }),
    /no kind "Pod" is registered for version "v1"/,
  )
})

test('what is no text is no version, nor what has too many parts', async () => {
  const { why } = await refusals()
  const start = 'the object provided is unrecognized (must be of type ConfigMap): '
  assert.equal(
    await why('POST', `${NAMESPACE}/configmaps`, { apiVersion: 5 }),
    `${start}couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .apiVersion of type string ({"metadata":{"name":"a"},"apiV ...)`,
  )
  assert.equal(
    await why('POST', `${NAMESPACE}/configmaps`, { apiVersion: 'a/b/c' }),
    `${start}unexpected GroupVersion string: a/b/c ({"metadata":{"name":"a"},"apiV ...)`,
  )
})

test('custom resources that are sent say what they are', async () => {
  const { server, why } = await refusals()
  await define(server, widgets())
  const apiVersion = 'example.com/v1'
  assert.match(
    await why('POST', WIDGETS, { apiVersion }),
    /^the object provided is unrecognized \(must be of type Widget\): Object 'Kind' is missing in '\{"metadata"/,
  )
  for (const named of ['', undefined, 'v1'])
    assert.equal(
      await why('POST', WIDGETS, { apiVersion: named, kind: 'Widget' }),
      `the API version in the data (${named ?? ''}) does not match the expected API version (example.com/v1)`,
    )
  assert.equal(
    await why('PUT', `${WIDGETS}/a/scale`, { apiVersion, kind: 'Widget' }),
    'no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"',
  )
})
