import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Namespace } from '#api/core/v1/namespace.ts'
import { startTestServer } from '../../testing.ts'
import { podNamed, requestOf, testWorld } from '../testing.ts'
import { podSecurity } from './pod-security.ts'
import { policyOf, standardText } from './policy.ts'

const PREFIX = 'pod-security.kubernetes.io/'
const labelled = (labels: Record<string, string>) =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [PREFIX + name, value]))

/** A server with a namespace `shop` that has these labels. */
async function serverWith(labels: Record<string, string>) {
  const api = await startTestServer()
  await api.ask('POST', '/api/v1/namespaces', {
    metadata: { name: 'shop', labels: labelled(labels) },
  })
  await api.ask('POST', '/api/v1/namespaces/shop/serviceaccounts', {
    metadata: { name: 'default' },
  })
  const send = (spec: object, name = 'web') =>
    api.ask('POST', '/api/v1/namespaces/shop/pods', {
      metadata: { name },
      spec: { containers: [{ name: 'main', image: 'x' }], ...spec },
    })
  return { ...api, send }
}

const onHost = { hostNetwork: true }
const WHY = 'host namespaces (hostNetwork=true)'

test('a pod that breaks what its namespace enforces is refused', async () => {
  const { send } = await serverWith({ enforce: 'baseline' })
  const { status, body, headers } = await send(onHost)
  assert.equal(status, 403)
  assert.equal(body.reason, 'Forbidden')
  assert.equal(
    body.message,
    `pods "web" is forbidden: violates PodSecurity "baseline:latest": ${WHY}`,
  )
  assert.equal(headers.warning, undefined)
  assert.equal((await send({})).status, 201)
})

test('a namespace that says nothing lets everything in', async () => {
  const { send } = await serverWith({})
  const { status, headers } = await send(onHost)
  assert.equal(status, 201)
  assert.equal(headers.warning, undefined)
})

test('warnings tell of pods, and of templates, which are never refused', async () => {
  const { ask, send } = await serverWith({ enforce: 'baseline', 'enforce-version': 'v1.20' })
  const deployment = (spec: object) =>
    ask('POST', '/apis/apps/v1/namespaces/shop/deployments', {
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { containers: [{ name: 'main', image: 'x' }], ...spec },
        },
      },
    })
  const { status, headers } = await deployment(onHost)
  assert.equal(status, 201)
  assert.match(
    headers.warning ?? '',
    /would violate PodSecurity \\"baseline:v1.20\\": host namespaces \(hostNetwork=true\)/,
  )
  const cron = await ask('POST', '/apis/batch/v1/namespaces/shop/cronjobs', {
    metadata: { name: 'c' },
    spec: {
      schedule: '* * * * *',
      jobTemplate: {
        spec: {
          template: {
            spec: { ...onHost, restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }] },
          },
        },
      },
    },
  })
  assert.equal(cron.status, 201, cron.text)
  assert.match(cron.headers.warning ?? '', /would violate/)
  assert.equal((await send({})).headers.warning, undefined)
})

test('updates are judged where they bring something new', async () => {
  const { ask, send } = await serverWith({})
  assert.equal((await send(onHost)).status, 201)
  const patch = (path: string, body: object) =>
    ask('PATCH', `/api/v1/namespaces/shop${path}`, body, {
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    })
  await patch('', { metadata: { labels: labelled({ enforce: 'baseline' }) } })
  const pod = (body: object) => patch('/pods/web', body)
  assert.equal((await pod({ metadata: { labels: { a: 'b' } } })).status, 200)
  assert.equal((await pod({ spec: { containers: [{ name: 'main', image: 'y' }] } })).status, 403)
  const debug = { spec: { ephemeralContainers: [{ name: 'debug', image: 'x' }] } }
  assert.equal((await patch('/pods/web/ephemeralcontainers', debug)).status, 403)
})

test('labels must mean something', async () => {
  const { ask } = await startTestServer()
  const create = (labels: Record<string, string>) =>
    ask('POST', '/api/v1/namespaces', { metadata: { name: 'n', labels: labelled(labels) } })
  const { status, body } = await create({ enforce: 'strict', 'warn-version': '1.20' })
  assert.equal(status, 422)
  assert.equal(
    body.message,
    `Namespace "n" is invalid: [metadata.labels[${PREFIX}enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[${PREFIX}warn-version]: Invalid value: "1.20": must be "latest" or "v1.x"]`,
  )
  assert.equal((await create({ enforce: 'restricted', 'enforce-version': 'v1.30' })).status, 201)
})

test('who enforces more hears which pods would not be let in', async () => {
  const { ask, send } = await serverWith({})
  for (const name of ['b', 'a', 'c']) assert.equal((await send(onHost, name)).status, 201)
  await send({}, 'fine')
  await send(
    { containers: [{ name: 'm', image: 'x', securityContext: { privileged: true } }] },
    'd',
  )
  const enforce = (labels: Record<string, string>) =>
    ask(
      'PATCH',
      '/api/v1/namespaces/shop',
      { metadata: { labels: labelled(labels) } },
      {
        headers: { 'content-type': 'application/merge-patch+json' },
      },
    )
  const { headers } = await enforce({ enforce: 'baseline' })
  const warnings = headers.warning ?? ''
  assert.match(
    warnings,
    /existing pods in namespace \\"shop\\" violate the new PodSecurity enforce level \\"baseline:latest\\"/,
  )
  assert.match(warnings, /a \(and 2 other pods\): host namespaces/)
  assert.match(warnings, /d: privileged/)
  assert.equal((await enforce({ enforce: 'privileged' })).headers.warning, undefined)
})

test('the audit log is told what was enforced and what would be wrong', async () => {
  const world = testWorld()
  world.namespaces.set('shop', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', labels: labelled({ audit: 'baseline', enforce: 'bad' }) },
    spec: {},
    status: {},
  } satisfies Namespace)
  const notes = new Map<string, string>()
  const request = {
    ...requestOf({ object: podNamed('web', onHost) }),
    annotate: (key: string, value: string) => notes.set(key, value),
  }
  await assert.rejects(async () => podSecurity(world).validate?.(request), /restricted:latest/)
  assert.deepEqual(Object.fromEntries(notes), {
    [`${PREFIX}enforce-policy`]: 'restricted:latest',
    [`${PREFIX}error`]: `Failed to parse policy: metadata.labels[${PREFIX}enforce]: Invalid value: "bad": must be one of privileged, baseline, restricted`,
    [`${PREFIX}audit-violations`]: `would violate PodSecurity "baseline:latest": ${WHY}`,
  })
})

const policies: [Record<string, string>, string][] = [
  [{}, 'privileged:latest privileged:latest privileged:latest'],
  [{ enforce: 'baseline' }, 'baseline:latest privileged:latest baseline:latest'],
  [
    { enforce: 'baseline', 'enforce-version': 'v1.0' },
    'baseline:v1.0 privileged:latest baseline:v1.0',
  ],
  [
    { enforce: 'baseline', warn: 'privileged' },
    'baseline:latest privileged:latest privileged:latest',
  ],
  [
    { enforce: 'restricted', 'warn-version': 'v1.5', audit: 'baseline' },
    'restricted:latest baseline:latest restricted:v1.5',
  ],
  [
    { enforce: 'x', audit: 'x', warn: 'x' },
    'restricted:latest privileged:latest privileged:latest',
  ],
  [{ 'enforce-version': 'v1.01' }, 'privileged:latest privileged:latest privileged:latest'],
]
for (const [labels, expected] of policies)
  test(`labels mean: ${JSON.stringify(labels)}`, () => {
    const { enforce, audit, warn } = policyOf(labelled(labels)).policy
    assert.equal([enforce, audit, warn].map(standardText).join(' '), expected)
  })
