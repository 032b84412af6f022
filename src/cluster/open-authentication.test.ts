import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { verifyToken } from '#apiserver/authentication/bearer-tokens.ts'
import { TestIssuer } from '#apiserver/authentication/testing/issuer.ts'
import { figuresText } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { parseCommandLine } from '#cli'
import { systemClock } from '#host/clock.ts'
import { accessOptionsOf } from './access-options.ts'
import { type OpenAuthentication, openAuthentication } from './open-authentication.ts'

let issuer: TestIssuer
before(async () => {
  issuer = await TestIssuer.start()
})
after(() => issuer.close())

/** Time of its own, which passes when it is told to; the network has the machine's. */
function clockOf() {
  let aheadMs = 0
  const waiting = new Set<{ atMs: number; callback: () => void }>()
  const monotonicMs = () => systemClock.monotonicMs() + aheadMs
  return {
    now: () => systemClock.now() + aheadMs,
    monotonicMs,
    after(delayMs: number, callback: () => void) {
      const entry = { atMs: monotonicMs() + delayMs, callback }
      waiting.add(entry)
      return () => void waiting.delete(entry)
    },
    async pass(ms: number) {
      aheadMs += ms
      for (const entry of [...waiting])
        if (entry.atMs <= monotonicMs() && waiting.delete(entry)) entry.callback()
      await new Promise(resolve => setTimeout(resolve, 100))
    },
  }
}

async function open(
  flags: readonly string[],
  files = new Map<string, string>(),
  clock = clockOf(),
) {
  const invocation = parseCommandLine(['apiserver', ...flags])
  if (invocation?.name !== 'apiserver') throw new Error('no API server')
  const opened = await openAuthentication(accessOptionsOf(invocation.values).authentication ?? {}, {
    files: {
      read: path => {
        const text = files.get(path)
        return text === undefined ? undefined : Buffer.from(text)
      },
    },
    clock,
    log: silentLog,
  })
  return { ...opened, clock, files }
}

const whose = async ({ security }: OpenAuthentication, token: string, audiences?: string[]) => {
  const { tokenVerifiers = [], furtherTokenVerifiers = [] } = security
  const verified = await verifyToken(
    [...tokenVerifiers, ...furtherTokenVerifiers],
    token,
    audiences,
  )
  return verified?.user
}
const refused = (why: RegExp) => (error: unknown) =>
  isStatus(error, 'Unauthorized') && why.test((error as { why?: string }).why ?? '')

async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++)
    try {
      return await ask()
    } catch (error) {
      if (attempt > 100) throw error
      await new Promise(resolve => setTimeout(resolve, 20))
    }
}

const OIDC = () => [
  `--oidc-issuer-url=${issuer.url}`,
  '--oidc-client-id=proa',
  '--oidc-ca-file=ca',
  '--oidc-groups-claim=groups',
  '--oidc-groups-prefix=oidc:',
]
const ca = () => new Map([['ca', issuer.authority]])

test('the flags of one issuer: names are prefixed by it, RS256 alone, required claims', async () => {
  const opened = await open([...OIDC(), '--oidc-required-claim=tenant=shop'], ca())
  const token = (claims: object, options = {}) =>
    issuer.token({ sub: 'ali', tenant: 'shop', groups: ['a'], ...claims }, options)
  assert.deepEqual(await eventually(() => whose(opened, token({}))), {
    name: `${issuer.url}#ali`,
    groups: ['oidc:a'],
  })
  await assert.rejects(whose(opened, token({ tenant: 'x' })), refused(/value does not match/))
  await assert.rejects(whose(opened, token({}, { algorithm: 'ES256' })), refused(/algorithm/))
  await assert.rejects(whose(opened, token({ aud: 'x' })), refused(/expected audience "proa"/))
  assert.equal(await whose(opened, token({ iss: 'https://other' })), undefined)
  opened.close()
  const plain = await open([...OIDC(), '--oidc-username-prefix=-'], ca())
  assert.equal((await eventually(() => whose(plain, token({ sub: 'bea' }))))?.name, 'bea')
  plain.close()
})

test('a token is judged once in ten seconds, and its keys are fetched again when they are new', async () => {
  const opened = await open(OIDC(), ca())
  const token = issuer.token({ sub: 'ali' })
  const first = await eventually(() => whose(opened, token))
  assert.equal(await whose(opened, token), first, 'the same object: authorizers remember by it')
  const fetches = () => issuer.asked.filter(path => path === '/keys').length
  const before = fetches()
  issuer.rotate()
  await opened.clock.pass(2_000)
  const rotated = issuer.token({ sub: 'ali' })
  assert.ok(await whose(opened, rotated))
  assert.equal(fetches(), before + 1)
  await opened.clock.pass(11_000)
  await assert.rejects(
    whose(opened, token),
    refused(/failed to verify signature/),
    'its key is gone',
  )
  const text = figuresText(opened.figures)
  assert.match(text, /jwt_authenticator_latency_seconds_count\{result="success",.*\} 2/)
  assert.match(text, /^authentication_token_cache_request_total\{status="hit"\} 1$/m)
  opened.close()
})

test('groups that are elsewhere are fetched from there, with the token for it', async () => {
  const opened = await open(OIDC(), ca())
  issuer.answers.set('/groups', authorization =>
    authorization === 'Bearer sesame' ? issuer.token({ groups: ['far'] }) : 'nothing',
  )
  const token = (source: object) =>
    issuer.token({ sub: 'ali', _claim_names: { groups: 'x' }, _claim_sources: { x: source } })
  const endpoint = `${issuer.url}/groups`
  const good = token({ endpoint, access_token: 'sesame' })
  assert.deepEqual((await eventually(() => whose(opened, good)))?.groups, ['oidc:far'])
  await assert.rejects(whose(opened, token({ endpoint })), refused(/malformed token/))
  const plain = token({ endpoint: 'http://127.0.0.1:1/' })
  await assert.rejects(whose(opened, plain), refused(/is no https URL/))
  assert.deepEqual((await whose(opened, token({ JWT: 'x' })))?.groups, [])
  opened.close()
})

const configuration = (jwt: object[], more = {}) =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt,
    ...more,
  })

test('a changed file counts once its issuers are found; one that cannot be used changes nothing', async () => {
  const of = (url: string, certificateAuthority: string) => ({
    issuer: { url, certificateAuthority, audiences: ['proa'] },
    claimMappings: { username: { expression: 'claims.sub + "!"' } },
  })
  const second = await TestIssuer.start()
  const files = new Map([['f', configuration([of(issuer.url, issuer.authority)])]])
  const opened = await open(['--authentication-config=f'], files)
  const [one, two] = [issuer.token({ sub: 'one' }), second.token({ sub: 'two' })]
  assert.equal((await eventually(() => whose(opened, one)))?.name, 'one!')
  assert.equal(await whose(opened, two), undefined)
  files.set('f', configuration([{ issuer: {} }]))
  await opened.clock.pass(1_100)
  assert.equal((await whose(opened, one))?.name, 'one!')
  files.set('f', configuration([of(second.url, second.authority)]))
  await opened.clock.pass(1_100)
  for (let i = 0; i < 50 && !(await whose(opened, two)); i++) await opened.clock.pass(1_000)
  assert.equal((await whose(opened, two))?.name, 'two!')
  assert.equal(await whose(opened, one), undefined, 'nobody believes the first any more')
  const text = figuresText(opened.figures)
  const count = (status: string) =>
    new RegExp(`config_controller_automatic_reloads_total\\{status="${status}",.*\\} 1$`, 'm')
  assert.match(text, count('failure'))
  assert.match(text, count('success'))
  opened.close()
  await second.close()
})

test('who may come without a token is said by the flag or by paths', async () => {
  const off = await open(['--anonymous-auth=false'])
  assert.equal(off.security.anonymousAuth, false)
  const anonymous = { enabled: true, conditions: [{ path: '/livez' }] }
  const files = new Map([['f', configuration([], { anonymous })]])
  const opened = await open(['--authentication-config=f'], files)
  const rule = opened.security.anonymousAuth
  assert.ok(typeof rule === 'function')
  const asked = (path: string) => rule({ method: 'GET', path })
  assert.deepEqual(['/livez', '/livez?verbose', '/livez/ping', '/version'].map(asked), [
    true,
    true,
    false,
    false,
  ])
  opened.close()
  await assert.rejects(open(['--authentication-config=f', '--anonymous-auth'], files), {
    message:
      'anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
  })
})

test('a file of tokens', async () => {
  const text = 'sesame,ali,7,"dev,ops"\n,nobody,1\nold,bea,8\nold,cid,9\n'
  const opened = await open(['--token-auth-file=t', '--api-audiences=me'], new Map([['t', text]]))
  assert.deepEqual(await whose(opened, 'sesame'), { name: 'ali', uid: '7', groups: ['dev', 'ops'] })
  assert.equal((await whose(opened, 'old'))?.name, 'cid')
  assert.equal(await whose(opened, 'sesame', ['other']), undefined)
  assert.equal(await whose(opened, 'what'), undefined)
  await assert.rejects(open(['--token-auth-file=t'], new Map([['t', 'a,b']])), {
    message: "token file 't' must have at least 3 columns (token, user name, user uid), found 2",
  })
})

test('a webhook is asked once about a token, and again where its trouble may pass', async () => {
  // biome-ignore lint/suspicious/noExplicitAny: whatever was asked
  const asked: any[] = []
  let status: object = {}
  let code = 200
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    asked.push(JSON.parse(Buffer.concat(parts).toString()))
    response.writeHead(code, { 'content-type': 'application/json' })
    code = 200
    response.end(JSON.stringify({ kind: 'TokenReview', status }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}/ask` } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })
  const opened = await open(
    [
      '--authentication-token-webhook-config-file=k',
      '--authentication-token-webhook-version=v1',
      '--authentication-token-webhook-cache-ttl=5s',
    ],
    new Map([['k', kubeconfig]]),
    { ...clockOf(), after: systemClock.after } as ReturnType<typeof clockOf>,
  )
  const issuerName = 'https://kubernetes.default.svc.cluster.local'
  status = { authenticated: true, user: { username: 'ali', groups: ['a'], extra: { k: ['v'] } } }
  code = 500
  const user = { name: 'ali', groups: ['a'], extra: { k: ['v'] } }
  assert.deepEqual(await Promise.all([whose(opened, 'x'), whose(opened, 'x')]), [user, user])
  assert.equal(asked.length, 2, 'one question, which was put twice')
  assert.deepEqual(asked[0].spec, { token: 'x', audiences: [issuerName] })
  assert.equal(asked[0].apiVersion, 'authentication.k8s.io/v1')
  status = { authenticated: true, user: { username: 'ali' }, audiences: ['others'] }
  assert.equal(await whose(opened, 'y'), undefined)
  status = { authenticated: false, error: 'no such token' }
  await assert.rejects(whose(opened, 'z'), refused(/^no such token$/))
  opened.close()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})
