/** An audited cluster over HTTPS: clients that come, watch, send too little and go away without a word. */
import assert from 'node:assert/strict'
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { startCluster } from '#index'

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was told
type Told = any
const MAPS = '/api/v1/namespaces/default/configmaps'
const WAIT_MS = 60_000

async function sessionTo(kubeconfig: string): Promise<ClientHttp2Session> {
  const files = { read: async () => '', resolve: (name: string) => name }
  const found = await connectionFromKubeconfig(kubeconfig, files)
  return connect(found.server, {
    ca: found.certificateAuthority,
    cert: found.clientCertificate,
    key: found.clientKey,
  })
}

const asked = (session: ClientHttp2Session, id: string, path: string) =>
  session.request({ ':path': path, 'audit-id': id })

async function until(is: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!is()) {
    assert.ok(performance.now() < deadline, what)
    await sleep(10)
  }
}

test('over HTTPS every request ends in the log, however its client leaves', async () => {
  const events: Told[] = []
  await using cluster = await startCluster({
    nodes: { kind: 'none' },
    controllers: '-*',
    listen: { port: 0 },
    audit: {
      policy: { rules: [{ level: 'RequestResponse' }] },
      onEvent: event => void events.push(event),
    },
  })
  const stagesOf = (id: string) =>
    events.filter(({ auditID }) => auditID === id).map(({ stage }) => stage)
  const session = await sessionTo(cluster.kubeconfig ?? '')
  session.on('error', () => {})
  const watch = asked(session, 'watch', `${MAPS}?watch=1`)
  await until(() => stagesOf('watch').length === 2, 'the watch begins')
  watch.close(constants.NGHTTP2_CANCEL)
  await until(() => stagesOf('watch').includes('ResponseComplete'), 'the watch was cancelled')

  const large = session.request({ ':method': 'POST', ':path': MAPS, 'audit-id': 'large' })
  large.on('error', () => {}).end(Buffer.alloc(4 * 1024 * 1024))
  const status = await new Promise(resolve => {
    large.once('response', headers => resolve(headers[':status']))
  })
  assert.equal(status, 413)
  await until(() => stagesOf('large').includes('ResponseComplete'), 'the large one was refused')
  assert.equal(events.find(({ auditID }) => auditID === 'large').user.username, 'kubernetes-admin')

  for (let at = 0; at < 30; at++)
    asked(session, `many-${at}`, MAPS)
      .on('error', () => {})
      .resume()
  const last = asked(session, 'last', `${MAPS}?watch=1`)
  last.on('error', () => {})
  await until(() => stagesOf('last').length === 2, 'the last watch begins')
  session.destroy()
  await until(() => stagesOf('last').includes('ResponseComplete'), 'the connection broke')
  const ids = ['last', ...Array.from({ length: 30 }, (_, at) => `many-${at}`)]
  // What had not arrived when the connection broke was not asked.
  const came = ids.filter(id => stagesOf(id).length > 0)
  await until(() => came.every(id => stagesOf(id).at(-1) === 'ResponseComplete'), 'all have an end')
  const [told] = events.filter(({ auditID }) => auditID === 'watch')
  assert.deepEqual(told.sourceIPs, ['127.0.0.1'])
  assert.equal(told.user.username, 'kubernetes-admin')
  const open = new Set<string>()
  for (const { auditID, stage } of events)
    if (stage === 'RequestReceived') open.add(auditID)
    else if (stage === 'ResponseComplete') open.delete(auditID)
  await cluster.stop()
  for (const { auditID, stage } of events) if (stage === 'ResponseComplete') open.delete(auditID)
  assert.deepEqual([...open], [], 'an end ends all')
})
