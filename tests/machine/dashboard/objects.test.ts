/** What is done to objects in a browser: changed beside others, looked into, and refused to who may not. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { job } from '#api/batch/v1/job.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import type { Transport } from '#client/transport.ts'
import { systemClock } from '#host/clock.ts'
import { startCluster } from '#index'
import type { Cluster } from '../../../src/cluster/cluster.ts'
import { eventually, textOf, unreadable, type Visit, visit, whyNoBrowser } from './browser.ts'

const skip = whyNoBrowser()
const WEB = '#/object/deployments.apps/default/web'
const TALKER = '#/object/pods/default/talker'

let cluster: Cluster
let seen: Visit

before(async () => {
  if (skip) return
  cluster = await startCluster({ nodes: { kind: 'hollow', count: 2 }, listen: { port: 0 } })
  await send('POST', '/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'main', image: 'nginx:1' }] },
      },
    },
  })
  await send('POST', '/api/v1/namespaces/default/pods', {
    metadata: { name: 'talker' },
    spec: {
      // The other one is drained.
      nodeName: 'hollow-1',
      containers: [
        { name: 'main', image: 'x', command: ['sh', '-c', 'echo one; echo two; sleep 3600'] },
        { name: 'other', image: 'x', command: ['sh', '-c', 'echo of the other; sleep 3600'] },
      ],
    },
  })
  seen = await visit(cluster.transport)
})
after(async () => {
  await seen?.[Symbol.asyncDispose]()
  await cluster?.stop()
})

async function send(method: 'POST' | 'PATCH', path: string, body: object): Promise<void> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const headers = { 'content-type': type }
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  const { status } = await cluster.transport.request({ method, path, headers, body: bytes })
  assert.ok(status < 300, `${path}: ${status}`)
}

const replicas = async () => (await cluster.client.get(deployment, 'web', 'default')).spec.replicas

test('an object tells how it is, what it owns and what happened', { skip }, async () => {
  const { page } = seen
  await seen.goTo(WEB)
  await page.getByRole('heading', { name: 'ReplicaSets 1' }).waitFor()
  await page.getByRole('heading', { name: 'Pods 2' }).waitFor()
  await page.getByRole('cell', { name: 'ScalingReplicaSet' }).waitFor()
  await page.getByRole('cell', { name: 'MinimumReplicasAvailable' }).waitFor()
  await page.locator('section', { hasText: 'Pods 2' }).getByRole('link').first().click()
  await page
    .getByText('Owned by')
    .getByRole('link', { name: 'Deployment web' })
    .or(page.getByRole('link', { name: 'Deployment web' }))
    .waitFor()
  assert.deepEqual(await unreadable(page), [])
})

test('it is scaled, paused and restarted', { skip }, async () => {
  const { page } = seen
  await seen.goTo(WEB)
  await page.getByRole('button', { name: 'Scale…' }).click()
  await page.getByLabel('Replicas').fill('-3')
  await page.getByRole('button', { name: 'Scale', exact: true }).click()
  await page.getByRole('alert').getByText('whole number').waitFor()
  await page.getByLabel('Replicas').fill('3')
  await page.getByRole('button', { name: 'Scale', exact: true }).click()
  await page.getByText('web is scaled to 3').waitFor()
  await eventually(replicas, count => count === 3)
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('button', { name: 'Restart' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click()
  await page.getByText('web restarts').waitFor()
  const { spec } = await cluster.client.get(deployment, 'web', 'default')
  assert.ok(spec.template.metadata?.annotations?.['kubectl.kubernetes.io/restartedAt'])
  assert.equal(spec.paused ?? false, false)
})

test('its text is checked by the server, mistakes are told at their line', { skip }, async () => {
  const { page } = seen
  await seen.goTo(`${WEB}?tab=yaml`)
  await page.getByRole('button', { name: 'Edit' }).click()
  const text = page.getByLabel('YAML of web')
  const before = await text.inputValue()
  await text.fill(before.replace('replicas: 3', 'replicas: -1'))
  await page.getByRole('button', { name: 'Check' }).click()
  await page.locator('.mark', { hasText: 'must be greater than or equal to 0' }).waitFor()
  const line = before.split('\n').findIndex(each => each.includes('replicas: 3'))
  await page.getByRole('button', { name: `Line ${line + 1}` }).waitFor()
  await text.fill(before.replace('replicas: 3', 'replicas: 3\n  replica: 4'))
  await page.getByRole('button', { name: 'Check' }).click()
  await page.getByText('unknown field').first().waitFor()
  await text.fill('a: [1')
  await page.getByRole('button', { name: 'Check' }).click()
  await page.getByText('This is not YAML of an object').waitFor()
  await text.fill(before.replace('replicas: 3', 'replicas: 4'))
  await page.getByRole('button', { name: 'Check' }).click()
  await page.getByText('The server takes it. This changes:').waitFor()
  assert.match(await textOf(page.locator('.diff .come')), /replicas: 4/)
  assert.equal(await replicas(), 3, 'a check changes nothing')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('web is saved').waitFor()
  assert.equal(await replicas(), 4)
})

test('nobody’s change is overwritten unseen; both can be had', { skip }, async () => {
  const { page } = seen
  const path = '/api/v1/namespaces/default/configmaps'
  await send('POST', path, { metadata: { name: 'shared' }, data: { mine: 'old', theirs: 'old' } })
  await seen.goTo('#/object/configmaps/default/shared?tab=yaml')
  await page.getByRole('button', { name: 'Edit' }).click()
  const text = page.getByLabel('YAML of shared')
  await text.fill((await text.inputValue()).replace('mine: old', 'mine: new'))
  await send('PATCH', `${path}/shared`, { data: { theirs: 'new' } })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Somebody else changed it while you did').waitFor()
  assert.match(await textOf(page.locator('.diff .come')), /theirs: new/)
  const data = async () => (await cluster.client.get(configMap, 'shared', 'default')).data
  assert.deepEqual(await data(), { mine: 'old', theirs: 'new' })
  await page.getByRole('button', { name: 'Put my changes onto theirs' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('shared is saved').waitFor()
  assert.deepEqual(await data(), { mine: 'new', theirs: 'new' })
})

test('logs of each container, and a filter on them', { skip }, async () => {
  const { page } = seen
  await eventually(
    async () => (await cluster.client.get(pod, 'talker', 'default')).status?.phase,
    phase => phase === 'Running',
  )
  await seen.goTo(`${TALKER}?tab=logs`)
  const log = page.getByRole('log')
  await eventually(
    () => textOf(log),
    said => said.trim() === 'one\ntwo',
  )
  await page.getByLabel('Filter').fill('TWO')
  await eventually(
    () => textOf(log),
    said => said.trim() === 'two',
  )
  await page.getByLabel('Filter').fill('')
  await page.getByLabel('Container').selectOption('other')
  await eventually(
    () => textOf(log),
    said => said.trim() === 'of the other',
  )
  assert.match(page.url(), /container=other/)
  await page.getByLabel('Times').check()
  await eventually(
    () => textOf(log),
    said => /^\d{4}-\d\d-\d\dT\S+Z of the other/.test(said),
  )
  await page.getByLabel('Previous').check()
  await page.getByRole('alert').waitFor()
})

test('a command runs in a terminal, and how it ended is told', { skip }, async () => {
  const { page } = seen
  await seen.goTo(`${TALKER}?tab=terminal`)
  await page.getByLabel('Command').fill('echo hello there')
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.getByText('hello there').waitFor()
  await page.getByText('Ended', { exact: true }).waitFor()
  await page.getByLabel('Command').fill('false')
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.getByText('exit code 1').waitFor()
})

test('a CronJob runs now, a node is drained', { skip }, async () => {
  const { page } = seen
  await send('POST', '/apis/batch/v1/namespaces/default/cronjobs', {
    metadata: { name: 'nightly' },
    spec: {
      schedule: '0 3 1 1 *',
      jobTemplate: {
        spec: {
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'x' }] } },
        },
      },
    },
  })
  await seen.goTo('#/object/cronjobs.batch/default/nightly')
  await page.getByRole('button', { name: 'Run now' }).click()
  const jobs = async () =>
    (await cluster.client.list(job)).items.map(
      ({ metadata }) => metadata.ownerReferences?.[0]?.name,
    )
  await eventually(jobs, names => names.join() === 'nightly')
  await page.getByRole('button', { name: 'Suspend' }).click()
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  await seen.goTo('#/object/nodes/-/hollow-0')
  await page.getByRole('button', { name: 'Drain…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click()
  await page.getByText('hollow-0 is drained').waitFor()
  assert.equal((await cluster.client.get(node, 'hollow-0')).spec?.unschedulable, true)
  const left = (await cluster.client.list(pod)).items.filter(
    ({ spec }) => spec.nodeName === 'hollow-0',
  )
  assert.deepEqual(
    left.filter(({ status }) => status?.phase === 'Running'),
    [],
  )
  await page.getByRole('button', { name: 'Uncordon' }).click()
  await page.getByRole('button', { name: 'Cordon' }).waitFor()
})

test('a deletion says what happens to what is owned', { skip }, async () => {
  const { page } = seen
  await seen.goTo(WEB)
  await page.getByRole('button', { name: 'Delete…' }).click()
  await page.getByLabel('Orphan').check()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('heading', { name: 'Deployments' }).waitFor()
  await eventually(
    async () => (await cluster.client.list(deployment)).items.length,
    count => count === 0,
  )
  const pods = (await cluster.client.list(pod)).items.filter(
    ({ metadata }) => metadata.labels?.app === 'web',
  )
  assert.ok(pods.length > 0, 'orphans stay')
  assert.deepEqual(seen.troubles, [])
})

test('who may only look is told why a button does nothing, and what is not for them', {
  skip,
}, async () => {
  const transport = await asViewer()
  try {
    await using visitor = await visit(transport)
    const { page } = visitor
    await visitor.goTo(TALKER)
    const remove = page.getByRole('button', { name: 'Delete…' })
    await eventually(
      () => remove.getAttribute('aria-disabled'),
      state => state === 'true',
    )
    assert.match(
      (await remove.getAttribute('title')) ?? '',
      /^You may not delete pods in namespace default/,
    )
    await remove.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('status').getByText('You may not delete pods').waitFor()
    assert.equal(await page.getByRole('dialog').count(), 0)
    await visitor.goTo('#/list/secrets?namespace=default')
    await page.getByRole('alert').getByText('You may not see this').waitFor()
    await page.getByText('secrets is forbidden').waitFor()
    await visitor.goTo(`${TALKER}?tab=terminal`)
    await page.getByText('You may not create pods/exec').waitFor()
    await visitor.goTo('#/')
    await page.getByText('You may not list them.').first().waitFor()
    assert.deepEqual(visitor.troubles, [])
  } finally {
    await transport.close()
  }
})

/** A ServiceAccount that may see the namespace `default`, but for Secrets. */
async function asViewer(): Promise<Transport & { close(): Promise<void> }> {
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'viewer' } })
  await send('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
    metadata: { name: 'viewer' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace: 'default' }],
  })
  const asked = await cluster.transport.request({
    method: 'POST',
    path: '/api/v1/namespaces/default/serviceaccounts/viewer/token',
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode('{"spec":{}}'),
    objects: true,
  })
  const { object } = asked.body as { object: { status: { token: string } } }
  const files = { read: () => Promise.reject(new Error('none')), resolve: (name: string) => name }
  const {
    clientCertificate: _,
    clientKey: __,
    ...known
  } = await connectionFromKubeconfig(cluster.kubeconfig ?? '', files)
  return createHttpTransport({ ...known, token: object.status.token }, { clock: systemClock })
}
