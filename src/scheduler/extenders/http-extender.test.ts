/** Extenders over real sockets: what they are asked, and what becomes of answers that are late, wrong, missing or lies. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { createManualClock, createSeededRandom } from '#client/testing/manual-clock.ts'
import { type PodInfo, podInfoOf } from '../state/pod-info.ts'
import { asking, cluster, nodeOf, podOf } from '../testing/world.ts'
import { type ExtenderConfiguration, resourcesIgnoredFor } from './configuration.ts'
import { createExtender, type HttpExtender } from './http-extender.ts'

const clock = createManualClock()
const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

interface Asked {
  readonly path: string
  readonly body: Record<string, unknown>
  readonly type: string | undefined
}
type Answer = (asked: Asked) => unknown

/** Answers every POST; gives its URL, and what it was asked. */
async function serve(answer: Answer, make = createHttpServer as (...args: never[]) => Server) {
  const asked: Asked[] = []
  const handle = async (request: IncomingMessage, reply: import('node:http').ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = JSON.parse(Buffer.concat(chunks).toString())
    const one = { path: request.url ?? '', body, type: request.headers['content-type'] }
    asked.push(one)
    const given = await answer(one)
    if (typeof given === 'number') reply.writeHead(given).end()
    else reply.end(typeof given === 'string' ? given : JSON.stringify(given))
  }
  const server = make(handle as never)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { asked, port, url: `http://127.0.0.1:${port}/scheduler/` }
}

function extender(urlPrefix: string, more: Partial<ExtenderConfiguration> = {}): HttpExtender {
  const made = createExtender(
    {
      urlPrefix,
      filterVerb: 'filter',
      prioritizeVerb: 'prioritize',
      preemptVerb: 'preempt',
      bindVerb: 'bind',
      weight: 2,
      ...more,
    },
    {
      clock,
      readText: path => {
        throw new Error(`no file ${path}`)
      },
    },
  )
  endings.push(() => made.close())
  return made
}

const state = cluster([nodeOf('n1'), nodeOf('n2')], [['n1', podOf('x', asking('1'))]])
const nodes = state.nodes
const pod: PodInfo = podInfoOf(podOf('p', asking('1')))
const objects = nodes.map(({ node }) => node)
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

test('filter sends pod and nodes in full, or names to an extender that knows the nodes', async () => {
  const full = await serve(({ body }) => ({
    Nodes: { items: [(body.Nodes as { items: unknown[] }).items[1]] },
    NodeNames: null,
    FailedNodes: { n1: 'too red' },
    FailedAndUnresolvableNodes: null,
    Error: '',
  }))
  const result = await extender(full.url).filter?.(pod, nodes)
  assert.deepEqual(
    result?.nodes.map(({ name }) => name),
    ['n2'],
  )
  assert.deepEqual([...(result?.failed ?? [])], [['n1', 'too red']])
  assert.deepEqual(plain(full.asked), [
    {
      path: '/scheduler/filter',
      type: 'application/json',
      body: plain({ Pod: pod.pod, Nodes: { metadata: {}, items: objects }, NodeNames: null }),
    },
  ])
  const names = await serve(() => ({
    nodenames: ['n1'],
    failedAndUnresolvableNodes: { n2: 'never' },
  }))
  const byName = await extender(names.url, { nodeCacheCapable: true }).filter?.(pod, nodes)
  assert.deepEqual(
    byName?.nodes.map(({ name }) => name),
    ['n1'],
  )
  assert.deepEqual([...(byName?.failedAndUnresolvable ?? [])], [['n2', 'never']])
  assert.deepEqual(plain(names.asked[0]?.body), {
    Pod: plain(pod.pod),
    Nodes: null,
    NodeNames: ['n1', 'n2'],
  })
})

test('prioritize, bind and preempt speak upstream’s fields', async () => {
  const answers: Record<string, unknown> = {
    '/scheduler/prioritize': [
      { Host: 'n1', Score: 3 },
      { host: 'n2', score: 10 },
    ],
    '/scheduler/bind': { Error: '' },
    '/scheduler/preempt': {
      NodeNameToMetaVictims: { n1: { Pods: [{ UID: 'x' }], NumPDBViolations: 1 } },
    },
  }
  const { url, asked } = await serve(({ path }) => answers[path])
  const asking = extender(url)
  assert.deepEqual(
    [...((await asking.prioritize?.(pod, nodes)) ?? [])],
    [
      ['n1', 3],
      ['n2', 10],
    ],
  )
  await asking.bind?.(pod, 'n2')
  assert.deepEqual(asked[1]?.body, { PodName: 'p', PodNamespace: 'a', PodUID: 'p', Node: 'n2' })
  const victim = nodes[0]?.pods.get('x') as PodInfo
  const victims = new Map([['n1', { pods: [victim], budgetViolations: 0 }]])
  const left = await asking.preempt?.(pod, victims, state)
  assert.deepEqual(left?.get('n1'), { pods: [victim], budgetViolations: 1 })
  assert.deepEqual(asked[2]?.body, {
    Pod: plain(pod.pod),
    NodeNameToVictims: { n1: { Pods: [plain(victim.pod)], NumPDBViolations: 0 } },
    NodeNameToMetaVictims: null,
  })
  await extender(url, { nodeCacheCapable: true }).preempt?.(pod, victims, state)
  assert.deepEqual(asked[3]?.body, {
    Pod: plain(pod.pod),
    NodeNameToVictims: null,
    NodeNameToMetaVictims: { n1: { Pods: [{ UID: 'x' }], NumPDBViolations: 0 } },
  })
})

test('verbs that are not configured are not asked', () => {
  const none = extender('http://127.0.0.1:1', {
    filterVerb: '',
    prioritizeVerb: '',
    preemptVerb: '',
    bindVerb: '',
  })
  for (const verb of ['filter', 'prioritize', 'preempt', 'bind'] as const)
    assert.ok(!none[verb], verb)
})

test('an extender that is wrong is told apart from one that says no', async () => {
  const wrong: readonly [string, unknown, RegExp][] = [
    ['an error of its own', { Error: 'no licence' }, /^no licence$/],
    ['a status', 503, /^failed filter with extender at URL http:\S+\/scheduler\/filter, code 503$/],
    ['text', 'hello', /filter is no JSON/],
    ['a list for an object', { NodeNames: 'n1' }, /NodeNames is no list/],
    ['reasons that are none', { NodeNames: [], FailedNodes: ['n1'] }, /FailedNodes is no object/],
    [
      'an unknown node',
      { NodeNames: ['n1', 'moon'] },
      /^extender "http:\S+" claims a filtered node "moon" which is not found in the input node list$/,
    ],
  ]
  for (const [what, answer, expected] of wrong) {
    const { url } = await serve(() => answer)
    const asked = extender(url, { nodeCacheCapable: true }).filter?.(pod, nodes)
    await assert.rejects(async () => asked, { message: expected }, what)
  }
  const { url } = await serve(() => ({ Nodes: { items: [{ metadata: { name: 'moon' } }] } }))
  await assert.rejects(
    async () => extender(url).filter?.(pod, nodes),
    /claims a filtered node "moon"/,
  )
  const { url: refusing } = await serve(() => ({ Error: 'not today' }))
  await assert.rejects(async () => extender(refusing).bind?.(pod, 'n1'), { message: 'not today' })
})

test('scores that are no whole numbers count for nothing at all', async () => {
  for (const Score of ['9', 1.5, null, 1e300, -3]) {
    const { url } = await serve(() => [{ Host: 'n1', Score }])
    const asked = async () => extender(url).prioritize?.(pod, nodes)
    if (Score === null) assert.equal((await asked())?.get('n1'), 0)
    else if (Score === -3) assert.equal((await asked())?.get('n1'), -3)
    else await assert.rejects(asked, { message: 'Score is no whole number' }, String(Score))
  }
})

test('victims that are not there are lies', async () => {
  const ask = async (given: object) => {
    const { url } = await serve(() => ({ NodeNameToMetaVictims: given }))
    return extender(url).preempt?.(pod, new Map(), state)
  }
  await assert.rejects(ask({ moon: { Pods: [] } }), {
    message: 'nodeinfo not found for node name "moon"',
  })
  await assert.rejects(
    ask({ n2: { Pods: [{ UID: 'x' }] } }),
    /claims to preempt pod \(UID: &\{x\}\) on node: n2, but the pod is not found on that node$/,
  )
  assert.equal((await ask({}))?.size, 0)
})

test('an extender that does not answer in time, or at all, is given up', async () => {
  const { url } = await serve(() => pause(60_000, {}, { ref: false }))
  const slow = extender(url, { httpTimeoutMs: 700 }).filter?.(pod, nodes)
  const refused = assert.rejects(async () => slow, {
    message: `Post "${url}filter": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
  })
  await clock.advance(699)
  assert.equal(clock.pending, 1, 'it waits yet')
  await clock.advance(1)
  await refused
  const { port, url: gone } = await serve(() => ({}))
  for (const end of endings.splice(0)) end()
  await assert.rejects(async () => extender(gone).filter?.(pod, nodes), {
    message: `Post "${gone}filter": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  })
  assert.equal(clock.pending, 0)
})

test('over HTTPS the certificate is checked where an authority is named, and any is taken where none is', async () => {
  const validity = { notBefore: Date.parse('2025-01-01'), notAfter: Date.parse('2049-01-01') }
  const random = createSeededRandom()
  const authority = issueAuthority('extenders', validity, random)
  const leaf = (name: string) =>
    issueLeaf(
      { subject: { commonName: name }, usages: ['server', 'client'], names: [name], validity },
      authority,
      random,
    )
  const [own, client] = [leaf('ext.example.com'), leaf('scheduler')]
  const { port } = await serve(() => ({ NodeNames: [] }), ((handle: never) =>
    createHttpsServer(
      {
        cert: own.certificate,
        key: own.key,
        ca: authority.certificate,
        requestCert: true,
        rejectUnauthorized: true,
      },
      handle,
    )) as never)
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const identity = { certData: base64(client.certificate), keyData: base64(client.key) }
  const ask = (more: Partial<ExtenderConfiguration>) =>
    extender(`https://127.0.0.1:${port}`, { nodeCacheCapable: true, ...more }).filter?.(pod, nodes)
  const caData = base64(authority.certificate)
  const tlsConfig = { ...identity, caData, serverName: 'ext.example.com' }
  assert.deepEqual((await ask({ tlsConfig }))?.nodes, [])
  assert.deepEqual((await ask({ enableHTTPS: true, tlsConfig: identity }))?.nodes, [])
  await assert.rejects(
    async () => ask({ tlsConfig: { ...tlsConfig, serverName: 'other' } }),
    /failed to verify certificate/,
  )
  await assert.rejects(async () => ask({ tlsConfig: identity }), /unknown authority/)
  await assert.rejects(
    async () => ask({ enableHTTPS: true }),
    'the extender wants to know who asks',
  )
  assert.throws(() => extender('https://e', { tlsConfig: { caFile: '/no' } }), /no file \/no/)
})

test('only pods that ask for what it manages concern it', () => {
  const managedResources = [{ name: 'example.com/gpu', ignoredByScheduler: true }, { name: 'b/c' }]
  const gpus = extender('http://127.0.0.1:1', { managedResources })
  const wanting = (resources: object, where: 'containers' | 'initContainers') => {
    const own = podOf('q')
    const container = { name: 'c', image: 'i', resources }
    return podInfoOf({ ...own, spec: { ...own.spec, [where]: [container] } } as never)
  }
  const one = { 'example.com/gpu': '1' }
  assert.equal(gpus.isInterested(pod), false)
  assert.equal(gpus.isInterested(wanting({ requests: one }, 'containers')), true)
  assert.equal(gpus.isInterested(wanting({ limits: one }, 'initContainers')), true)
  assert.equal(extender('http://127.0.0.1:1').isInterested(pod), true)
  assert.deepEqual(resourcesIgnoredFor([{ urlPrefix: '', managedResources }]), ['example.com/gpu'])
})
