import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { figuresText } from '#base/figures.ts'
import type { DuplexChannels } from '#client/transport.ts'
import { admin, answerOf, startTestServer, startWatch } from '../testing.ts'
import { blockingSink } from './sinks.ts'
import { EVERYTHING, heldDelivery, startAuditedServer, type Told } from './testing.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const stagesOf = (events: readonly Told[], id: string) =>
  events.filter(({ auditID }) => auditID === id).map(({ stage }) => stage)
const asking = (id: string, more: object = {}) => ({ headers: { 'audit-id': id, ...more } })
const map = (name: string) => ({ metadata: { name }, data: { a: 'b' } })

test('without a policy nothing is looked at, and the answer still has an id', async () => {
  const { ask } = await startTestServer()
  const { headers } = await ask('GET', '/version', undefined, asking('mine'))
  assert.equal(headers['audit-id'], 'mine')
  const made = await ask('GET', '/version')
  assert.match(made.headers['audit-id'] ?? '', /^[0-9a-f-]{36}$/)
})

test('a request is told as it comes and as it is answered, under its own id', async () => {
  const { ask, events } = await startAuditedServer(EVERYTHING)
  await ask('POST', MAPS, map('a'), asking('one', { 'user-agent': 'x/1' }))
  assert.deepEqual(stagesOf(events, 'one'), ['RequestReceived', 'ResponseComplete'])
  const [received, complete] = events.filter(({ auditID }) => auditID === 'one')
  assert.equal(received.responseStatus, undefined)
  assert.equal(complete.verb, 'create')
  assert.equal(complete.user.username, 'admin')
  assert.equal(complete.userAgent, 'x/1')
  assert.deepEqual(complete.objectRef, {
    resource: 'configmaps',
    namespace: 'default',
    name: 'a',
    apiVersion: 'v1',
  })
  assert.deepEqual(complete.responseStatus, { metadata: {}, code: 201 })
  assert.deepEqual(complete.requestObject.data, { a: 'b' })
  assert.ok(complete.responseObject.metadata.uid)
  assert.equal(complete.annotations['authorization.k8s.io/decision'], 'allow')
})

test('callers in process are told of like any other, with the bytes that others share', async () => {
  const { server, events } = await startAuditedServer(EVERYTHING)
  const transport = server.transportFor(admin)
  const body = { apiVersion: 'v1', kind: 'ConfigMap', ...map('in') }
  await transport.request({ method: 'POST', path: MAPS, objects: true, body })
  await transport.request({ method: 'GET', path: MAPS, objects: true })
  const [, made, , listed] = events.slice(-4)
  assert.equal(made.responseObject.metadata.name, 'in')
  assert.equal(made.requestObject.data.a, 'b')
  assert.deepEqual(
    listed.responseObject.items.map(({ metadata }: Told) => metadata.name),
    ['in'],
  )
})

test('less is told at lower levels', async () => {
  const { ask, events } = await startAuditedServer({
    rules: [
      { level: 'Metadata', verbs: ['create'] },
      { level: 'Request', verbs: ['update'] },
    ],
  })
  await ask('POST', MAPS, map('a'), asking('metadata'))
  await ask('PUT', `${MAPS}/a`, map('a'), asking('request'))
  await ask('GET', `${MAPS}/a`, undefined, asking('none'))
  const of = (id: string) => events.filter(({ auditID }) => auditID === id).at(-1)
  assert.equal(of('metadata').requestObject, undefined)
  assert.equal(of('metadata').objectRef.name, 'a')
  assert.equal(of('request').requestObject.data.a, 'b')
  assert.equal(of('request').responseObject, undefined)
  assert.equal(of('none'), undefined)
})

test('a watch is told as it begins and when it ends, whoever ends it', async () => {
  const { server, events } = await startAuditedServer(EVERYTHING)
  const path = `${MAPS}?watch=1`
  const watching = await startWatch(server, path, asking('watch'))
  assert.deepEqual(stagesOf(events, 'watch'), ['RequestReceived', 'ResponseStarted'])
  watching.cancel()
  assert.deepEqual(stagesOf(events, 'watch').at(-1), 'ResponseComplete')
  await startWatch(server, path, asking('other'))
  await server.stop()
  assert.deepEqual(stagesOf(events, 'other'), [
    'RequestReceived',
    'ResponseStarted',
    'ResponseComplete',
  ])
})

test('streams in process last as long as what they opened', async () => {
  let close = () => {}
  const channels: DuplexChannels = {
    write: async () => {},
    end() {},
    onData() {},
    onEnd() {},
    onClose: listener => {
      close = () => listener()
    },
    close() {},
  }
  const nodes = { nodeConnection: async () => ({ request: never, connect: async () => channels }) }
  const { server, ask, events } = await startAuditedServer(EVERYTHING, { nodes })
  await ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  await ask('POST', '/api/v1/nodes', { metadata: { name: 'n' } })
  await ask('POST', '/api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  })
  const path = '/api/v1/namespaces/default/pods/p/exec?command=ls'
  const opened = await server.connect({ method: 'POST', path, ...asking('exec') }, { user: admin })
  opened.onClose(() => {})
  assert.deepEqual(stagesOf(events, 'exec'), ['RequestReceived', 'ResponseStarted'])
  assert.equal(events.at(-1).responseStatus.code, 101)
  close()
  opened.close()
  assert.deepEqual(stagesOf(events, 'exec').slice(2), ['ResponseComplete'])
})
const never = () => Promise.reject(new Error('nobody asks'))

test('who is not let in is told of once, without a user', async () => {
  const { server, events } = await startAuditedServer(EVERYTHING, { anonymousAuth: false })
  const request = { method: 'GET', path: MAPS, ...asking('stranger') } as const
  const answer = answerOf(await server.handle(request, { remoteAddress: '192.0.2.5' }))
  assert.equal(answer.status, 401)
  assert.deepEqual(stagesOf(events, 'stranger'), ['ResponseStarted'])
  const told = events.at(-1)
  assert.deepEqual(told.user, {})
  assert.deepEqual(told.sourceIPs, ['192.0.2.5'])
  assert.equal(told.responseStatus.code, 401)
})

test('what is refused and what is too much is told with its reason', async () => {
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  const hold = async () => {
    await held
    return { status: 200, headers: {}, body: { kind: 'empty' } } as const
  }
  const { server, events } = await startAuditedServer(EVERYTHING, {
    requestLimits: { reads: 1, writes: 1, areShared: false },
    authorizer: {
      authorize: ({ path }) => ({ verdict: path === '/hold' ? 'allow' : 'noOpinion', reason: '' }),
      rulesFor: () => ({ rules: [], incomplete: false, errors: [] }),
    },
    endpoints: { hold },
  })
  const peer = { remoteAddress: '192.0.2.5' }
  const ask = (id: string, path: string) =>
    server.handle({ method: 'GET', path, ...asking(id) }, peer)
  await ask('forbidden', MAPS)
  assert.equal(events.at(-1).responseStatus.reason, 'Forbidden')
  assert.equal(events.at(-1).annotations['authorization.k8s.io/decision'], 'forbid')
  assert.equal(events.at(-1).user.username, 'system:anonymous')
  const first = ask('first', '/hold')
  await ask('too-many', '/hold')
  assert.equal(events.at(-1).auditID, 'too-many')
  assert.equal(events.at(-1).responseStatus.code, 429)
  release()
  await first
})

test('paths that nobody can read are told, too', async () => {
  const { ask, events } = await startAuditedServer(EVERYTHING)
  await ask('GET', '/api/v1/namespaces/..%2F/pods', undefined, asking('odd'))
  assert.deepEqual(stagesOf(events, 'odd'), ['ResponseStarted'])
  assert.equal(events.at(-1).requestURI, '/api/v1/namespaces/..%2F/pods')
  assert.equal(events.at(-1).verb, 'get')
})

test('a failure of our own is a panic', async () => {
  const { ask, events } = await startAuditedServer(EVERYTHING, {
    endpoints: {
      broken: () => {
        throw new Error('a bug')
      },
    },
  })
  const { status } = await ask('GET', '/broken', undefined, asking('bug'))
  assert.equal(status, 500)
  assert.deepEqual(stagesOf(events, 'bug'), ['RequestReceived', 'Panic'])
  assert.match(events.at(-1).responseStatus.message, /APIServer panic'd: a bug$/)
})

test('a strict log that fails refuses requests before anything is done', async () => {
  const { delivery, state } = heldDelivery()
  const { figures } = await startAuditedServer(EVERYTHING)
  const strict = blockingSink(delivery, figures.trouble, true)
  const { ask, figures: own } = await startAuditedServer(EVERYTHING, { sinks: [strict] })
  state.fail = 'disk full'
  const refused = await ask('POST', MAPS, map('a'))
  assert.equal(refused.status, 500)
  assert.equal(refused.text, 'failed to store audit event\n')
  state.fail = ''
  assert.equal((await ask('GET', `${MAPS}/a`)).status, 404)
  const text = figuresText([own.source])
  assert.match(text, /apiserver_audit_requests_rejected_total 1/)
  assert.match(text, /apiserver_audit_level_total\{level="RequestResponse"\} \d/)
  assert.match(text, /apiserver_audit_event_total [1-9]/)
  assert.match(figuresText([figures.source]), /audit_error_total\{plugin="held"\} 1/)
})

test('an answer waits for its event where the log is in its way', async () => {
  const { delivery, state, release } = heldDelivery()
  const { figures } = await startAuditedServer(EVERYTHING)
  const sinks = [blockingSink(delivery, figures.trouble, false)]
  const { ask } = await startAuditedServer(EVERYTHING, { sinks })
  state.isHeld = true
  let isAnswered = false
  const asked = ask('GET', '/version').then(() => {
    isAnswered = true
  })
  for (let i = 0; i < 10; i++) await turn()
  assert.equal(isAnswered, false)
  release()
  await asked
})

test('slow requests say where their time went', async () => {
  const { ask, clock, events } = await startAuditedServer(EVERYTHING, {
    endpoints: {
      slow: async () => {
        clock.advance(700)
        return { status: 200, headers: {}, body: { kind: 'empty' } }
      },
    },
  })
  await ask('GET', '/slow')
  assert.equal(events.at(-1).annotations['apiserver.latency.k8s.io/total'], '700ms')
  await ask('GET', '/version')
  assert.equal(events.at(-1).annotations['apiserver.latency.k8s.io/total'], undefined)
})

test('time until it is known who asks is told apart', async () => {
  const slow = {
    async authenticate() {
      started.clock.advance(600)
      return admin
    },
  }
  const started = await startAuditedServer(EVERYTHING, { authenticators: [slow] })
  await started.server.handle({ method: 'GET', path: '/version' }, {})
  const { annotations } = started.events.at(-1)
  assert.equal(annotations['apiserver.latency.k8s.io/authentication'], '600ms')
  assert.equal(annotations['apiserver.latency.k8s.io/total'], '600ms')
})

test('nothing of credentials is told', async () => {
  const { server, events } = await startAuditedServer(EVERYTHING)
  const secret = 'canary-token-4711'
  const headers = {
    authorization: `Bearer ${secret}`,
    'sec-websocket-protocol': `base64url.bearer.authorization.k8s.io.${secret}, v5.channel.k8s.io`,
  }
  await server.handle({ method: 'GET', path: MAPS, headers }, {})
  assert.ok(events.length > 0)
  assert.ok(!JSON.stringify(events).includes(secret))
})
