import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { alwaysDeny } from '#apiserver/authorization/always.ts'
import { type Attributes, noOpinion } from '#apiserver/authorization/authorizer.ts'
import { authorizationFigures } from '#apiserver/authorization/figures.ts'
import { figuresText } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { parseCommandLine } from '#cli'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { accessOptionsOf } from './access-options.ts'
import { openAuthorization } from './open-authorization.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-authorization-'))
// biome-ignore lint/suspicious/noExplicitAny: whatever was asked
const asked: any[] = []
let answers: (object | number)[] = []
const server = createServer(async (request, response) => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  asked.push(JSON.parse(Buffer.concat(parts).toString()))
  const status = answers.shift() ?? { allowed: false }
  response.writeHead(typeof status === 'number' ? status : 200)
  response.end(typeof status === 'number' ? 'no' : JSON.stringify({ status }))
})

before(() => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)))
after(() => {
  server.close()
  server.closeAllConnections()
  rmSync(directory, { recursive: true, force: true })
})

function file(name: string, content: object | string): string {
  const path = join(directory, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const kubeconfig = () =>
  file('hook.conf', {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` },
      },
    ],
    users: [{ name: 'u', user: { token: 'sesame' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })

async function open(flags: readonly string[], clock = systemClock) {
  const invocation = parseCommandLine(['apiserver', ...flags])
  if (invocation?.name !== 'apiserver') throw new Error('no API server')
  const { authorization } = accessOptionsOf(invocation.values)
  const opened = await openAuthorization(authorization ?? {}, {
    files: systemFiles,
    clock,
    log: silentLog,
  })
  const figures = authorizationFigures(clock)
  const silent = { ...alwaysDeny, authorize: () => noOpinion() }
  const authorizer = opened.security.authorizerOver({
    node: silent,
    rbac: { ...silent, authorize: () => noOpinion('RBAC: no') },
    figures,
  })
  return { ...opened, authorizer, text: () => figuresText([...opened.figures, figures.source]) }
}

const wish = (more: Partial<Attributes> = {}): Attributes => ({
  user: { name: 'ali', groups: ['dev'] },
  verb: 'get',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'shop',
  name: 'cart',
  path: '/api/v1/namespaces/shop/pods/cart',
  isResourceRequest: true,
  ...more,
})

test('modes are asked in their order, and all reasons of those without an opinion are told', async () => {
  const policies = file(
    'policies',
    '# who\n{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"bea","namespace":"*","resource":"pods","apiGroup":""}}\n',
  )
  const { authorizer, close } = await open([
    '--authorization-mode=AlwaysDeny,RBAC',
    '--authorization-mode=ABAC',
    `--authorization-policy-file=${policies}`,
  ])
  assert.deepEqual(await authorizer.authorize(wish()), {
    verdict: 'noOpinion',
    reason: 'Everything is forbidden.\nRBAC: no\nNo policy matched.',
  })
  const bea = { name: 'bea', groups: [] }
  assert.equal((await authorizer.authorize(wish({ user: bea }))).verdict, 'allow')
  assert.equal(
    (await authorizer.authorize(wish({ user: bea, resource: 'x' }))).verdict,
    'noOpinion',
  )
  close()
})

test('what a webhook says is remembered, for longer where it allows', async () => {
  let nowMs = 0
  const clock = { ...systemClock, monotonicMs: () => nowMs }
  const { authorizer, text, close } = await open(
    [
      '--authorization-mode=Webhook',
      `--authorization-webhook-config-file=${kubeconfig()}`,
      '--authorization-webhook-version=v1',
    ],
    clock,
  )
  asked.length = 0
  answers = [
    { allowed: true, reason: 'yes' },
    { allowed: false, reason: 'no' },
  ]
  assert.deepEqual(await authorizer.authorize(wish()), { verdict: 'allow', reason: 'yes' })
  nowMs += 4 * 60_000
  const again = authorizer.authorize(wish())
  assert.ok(!(again instanceof Promise), 'what is known is told at once')
  assert.equal((await authorizer.authorize(wish({ verb: 'list' }))).reason, 'no')
  nowMs += 31_000
  assert.equal((await authorizer.authorize(wish({ verb: 'list' }))).reason, '')
  assert.equal(asked.length, 3)
  assert.deepEqual(asked[0].spec, {
    resourceAttributes: {
      namespace: 'shop',
      verb: 'get',
      version: 'v1',
      resource: 'pods',
      name: 'cart',
    },
    user: 'ali',
    groups: ['dev'],
  })
  assert.match(
    text(),
    /apiserver_authorization_webhook_evaluations_total\{name="default",result="success"\} 3/,
  )
  assert.match(
    text(),
    /apiserver_authorization_decisions_total\{type="Webhook",name="default",decision="allowed"\} 2/,
  )
  close()
})

const configuration = (failurePolicy: string, ...conditions: string[]) => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AuthorizationConfiguration',
  authorizers: [
    {
      type: 'Webhook',
      name: 'hook',
      webhook: {
        timeout: '5s',
        authorizedTTL: '1s',
        unauthorizedTTL: '1s',
        subjectAccessReviewVersion: 'v1',
        matchConditionSubjectAccessReviewVersion: 'v1',
        failurePolicy,
        connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: kubeconfig() },
        matchConditions: conditions.map(expression => ({ expression })),
      },
    },
    { type: 'RBAC', name: 'rbac' },
  ],
})

test('a webhook that fails is passed over or denies, and never allows', async () => {
  for (const policy of ['NoOpinion', 'Deny']) {
    const path = file('failing.yaml', configuration(policy))
    const { authorizer, text, close } = await open([`--authorization-config=${path}`])
    answers = [404]
    const decision = await authorizer.authorize(wish())
    assert.equal(decision.verdict, policy === 'Deny' ? 'deny' : 'noOpinion')
    assert.equal(decision.error, 'the server could not find the requested resource')
    const failedOpen = /webhook_evaluations_fail_open_total\{name="hook",result="error"\} 1/
    if (policy === 'Deny') assert.doesNotMatch(text(), failedOpen)
    else assert.match(text(), failedOpen)
    close()
  }
})

test('conditions keep requests from a webhook; one that fails counts as the webhook failing', async () => {
  const path = file(
    'conditions.yaml',
    configuration(
      'Deny',
      '"dev" in request.groups',
      'has(request.resourceAttributes)',
      'request.resourceAttributes.name != "odd" || request.extra["x"].size() > 0',
    ),
  )
  const { authorizer, text, close } = await open([`--authorization-config=${path}`])
  asked.length = 0
  answers = [{ allowed: true }]
  assert.equal((await authorizer.authorize(wish())).verdict, 'allow')
  const plain = wish({ isResourceRequest: false, path: '/version' })
  assert.equal((await authorizer.authorize(plain)).verdict, 'noOpinion')
  const odd = await authorizer.authorize(wish({ name: 'odd' }))
  assert.equal(odd.verdict, 'deny')
  assert.match(odd.error ?? '', /no such key: x/)
  assert.equal(asked.length, 1)
  assert.match(text(), /match_condition_exclusions_total\{type="Webhook",name="hook"\} 1/)
  assert.match(text(), /match_condition_evaluation_errors_total\{type="Webhook",name="hook"\} 1/)
  close()
})

test('a changed file counts at once, but for which of its own the server asks', async () => {
  let tick = () => {}
  const clock = {
    ...systemClock,
    after: (delayMs: number, callback: () => void) => {
      if (delayMs !== 1_000) return systemClock.after(delayMs, callback)
      tick = callback
      return () => {}
    },
  }
  const path = file('changing.yaml', configuration('Deny', 'request.user == "nobody"'))
  const { authorizer, text, close } = await open([`--authorization-config=${path}`], clock)
  const look = async () => {
    tick()
    await new Promise(resolve => systemClock.after(200, () => resolve(undefined)))
  }
  assert.equal((await authorizer.authorize(wish())).verdict, 'noOpinion')
  file('changing.yaml', configuration('Deny'))
  await look()
  answers = [{ allowed: true }]
  assert.equal((await authorizer.authorize(wish())).verdict, 'allow')
  const { authorizers, ...rest } = configuration('Deny')
  file('changing.yaml', { ...rest, authorizers: authorizers.slice(0, 1) })
  await look()
  assert.match(
    text(),
    /authorization_config_controller_automatic_reloads_total\{status="failure",.*\} 1/,
  )
  assert.match(
    text(),
    /authorization_config_controller_automatic_reloads_total\{status="success",.*\} 1/,
  )
  close()
})
