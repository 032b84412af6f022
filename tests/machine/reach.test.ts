/** What runs in the cluster, reached through the API server; and what log collectors and dashboards find. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { type Connection, connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { tlsOptions } from '#client/tls-options.ts'
import { busyboxImage } from '../tools/busybox-image.ts'
import { eventually, ProaProcess, whyNotHere } from './proa-process.ts'

const reason = whyNotHere()
if (reason) console.log(`# skipped: ${reason}`)

const DEFAULT = '/api/v1/namespaces/default'
const LINKS = '/var/log/containers'

const script = [
  'mkdir -p /www/cgi-bin /www/directory',
  'echo hello from the pod > /www/index.html',
  `echo '<a href="/index.html">' > /www/links.html`,
  `printf '#!/bin/sh\\necho Content-type: text/plain\\necho\\necho $REQUEST_METHOD $QUERY_STRING $HTTP_AUTHORIZATION\\ncat\\n' > /www/cgi-bin/echo`,
  'chmod +x /www/cgi-bin/echo',
  'echo started',
  'exec httpd -f -p 8080 -h /www',
].join('; ')

const objects = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'reached', labels: { app: 'reached' } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'web',
          image: busyboxImage,
          command: ['sh', '-c', script],
          ports: [{ containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
        },
      ],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'reached' }, ports: [{ port: 80, targetPort: 8080 }] },
  },
]

describe('reaching what runs', { skip: reason !== undefined }, () => {
  const proa = new ProaProcess()
  const { kubectl } = proa
  const raw = (path: string) => kubectl.run(['get', '--raw', path])
  const linksHere = () =>
    existsSync(LINKS) ? readdirSync(LINKS).filter(name => name.startsWith('reached_default_')) : []

  before(async () => {
    proa.loadImage()
    await proa.start()
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
    await kubectl.run('apply -f -', { input })
    await kubectl.run('wait --for=condition=Ready pod/reached --timeout=150s')
  })

  after(async () => {
    await proa.end('SIGKILL')
    proa.reset()
  })

  test('a pod and a Service answer through the API', async () => {
    for (const path of [
      `${DEFAULT}/pods/reached/proxy/`,
      `${DEFAULT}/pods/http:reached:8080/proxy/index.html`,
    ])
      assert.match(await raw(path), /hello from the pod/, path)
    for (const path of [`${DEFAULT}/services/web/proxy/`, `${DEFAULT}/services/web:80/proxy/`]) {
      const answer = await eventually(
        async () => (await kubectl.try(['get', '--raw', path])).stdout,
      )
      assert.match(answer, /hello from the pod/, path)
    }
  })

  test('links in their pages lead through the API', async () => {
    for (const name of ['pods/reached', 'services/web', 'services/web:80']) {
      const prefix = `${DEFAULT}/${name}/proxy`
      const [, link = ''] = /^<a href="(.*)">\n$/.exec(await raw(`${prefix}/links.html`)) ?? []
      assert.equal(link, `${prefix}/index.html`)
      assert.match(await raw(link), /hello from the pod/)
    }
  })

  test('methods, query and body arrive; the rights of who asks do not', async () => {
    const path = `${DEFAULT}/services/web/proxy/cgi-bin/echo?a=1`
    const input = '{"from": "outside"}'
    const answer = await kubectl.run(['create', '--raw', path, '-f', '-'], { input })
    assert.match(answer, /^POST a=1\s*\n/)
    assert.match(answer, /"outside"/)
    assert.doesNotMatch(answer, /Bearer|Basic/)
  })

  test('nobody there is told as such, and a kubelet answers for itself', async () => {
    const { stderr } = await kubectl.try(['get', '--raw', `${DEFAULT}/pods/reached:9/proxy/`])
    assert.match(stderr, /ServiceUnavailable.*error trying to reach service/)
    assert.match(await raw('/api/v1/nodes/here/proxy/healthz'), /^ok/)
    const logs = '/api/v1/nodes/here/proxy/logs'
    assert.match(await raw(`${logs}/`), /<a href="containers\/">/)
    const [link = ''] = linksHere()
    assert.match(await raw(`${logs}/containers/${link}`), /started/)
    const wrong = await kubectl.try(['get', '--raw', '/api/v1/nodes/here:22/proxy/'])
    assert.match(wrong.stderr, /only its kubelet can be reached/)
  })

  test('a watch over a web socket is told each event as a message', async () => {
    const connection = await connectionTo(`${proa.directory}/admin.conf`)
    const url = `${connection.server.replace('https', 'wss')}${DEFAULT}/pods?watch=1&timeoutSeconds=5`
    const socket = new WebSocket(url, tlsOptions(connection))
    const [message] = await once(socket, 'message')
    const { type, object } = JSON.parse(String(message))
    assert.equal(type, 'ADDED')
    assert.equal(object.metadata.name, 'reached')
    socket.close()
    await once(socket, 'close')
  })

  test('dashboards find the counts of every role', async () => {
    const text = await raw('/metrics')
    assert.match(text, /^scheduler_schedule_attempts_total\{.*result="scheduled".*\} [1-9]/m)
    assert.match(text, /^workqueue_adds_total\{name="endpoint_slice"\} [1-9]/m)
    assert.match(text, /^apiserver_watch_events_total\{.*resource="pods".*\} [1-9]/m)
  })

  test('log collectors find a link to the log for as long as there is one', async () => {
    const [link = '', ...others] = linksHere()
    assert.match(link, /^reached_default_web-[0-9a-f]{64}\.log$/)
    assert.deepEqual(others, [])
    assert.match(readFileSync(`${LINKS}/${link}`, 'utf8'), / stdout F started\n/)
    await kubectl.run('delete pod reached --wait=true')
    await eventually(() => linksHere().length === 0)
  })
})

function connectionTo(kubeconfig: string): Promise<Connection> {
  const nowhere = { read: () => Promise.reject(new Error('nothing else is read')), resolve: String }
  return connectionFromKubeconfig(readFileSync(kubeconfig, 'utf8'), nowhere)
}
