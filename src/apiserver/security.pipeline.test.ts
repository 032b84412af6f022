/** Rights as a stranger meets them: whole requests through the whole server, with its real roles and admission. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { newPrivateKey } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import type { Peer, UserInfo } from './authentication/authenticator.ts'
import { signingKeyOf } from './authentication/jwt.ts'
import { userOf } from './authorization/testing.ts'
import { type Answer, admin, answerOf, startTestServer, type TestServer } from './testing.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' }
const named = (name: string) => ({ metadata: { name } })
const ann = userOf('ann', 'system:authenticated')
const node = userOf('system:node:a', 'system:nodes', 'system:authenticated')

let started: TestServer
let ask: (
  user: UserInfo | Peer,
  line: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>

async function must(line: string, body?: unknown): Promise<Answer> {
  const answer = await ask(admin, line, body)
  assert.ok(answer.status < 300, `${line}: ${answer.text}`)
  return answer
}

before(async () => {
  started = await startTestServer({
    random: systemRandom,
    serviceAccountKeys: [signingKeyOf(newPrivateKey())],
  })
  ask = async (who, line, body, headers = {}) => {
    const [method = 'GET', path = ''] = line.split(' ')
    const peer = 'groups' in who ? { user: who } : who
    const bytes = body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }
    const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json'
    const request = { method, path, headers: { 'content-type': type, ...headers }, ...bytes }
    return answerOf(await started.server.handle(request as never, peer))
  }
  await must('POST /api/v1/namespaces', { ...named('shop') })
  await must('POST /api/v1/namespaces/shop/serviceaccounts', named('default'))
  await must('POST /api/v1/namespaces/shop/serviceaccounts', named('web'))
  for (const name of ['mine', 'theirs'])
    await must('POST /api/v1/namespaces/shop/secrets', { ...named(name), stringData: { a: 'b' } })
  for (const [name, nodeName, secretName] of [
    ['web', 'a', 'mine'],
    ['other', 'b', 'theirs'],
  ])
    await must('POST /api/v1/namespaces/shop/pods', {
      ...named(name ?? ''),
      spec: {
        nodeName,
        serviceAccountName: 'web',
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', secret: { secretName } }],
      },
    })
})

async function grant(user: string, rules: object[]) {
  const name = `for-${user}`
  await must(`POST ${RBAC}/namespaces/shop/roles`, { ...rbac, kind: 'Role', ...named(name), rules })
  await must(`POST ${RBAC}/namespaces/shop/rolebindings`, {
    ...rbac,
    kind: 'RoleBinding',
    ...named(name),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  })
}
const core = (verbs: string[], resources: string[], more: object = {}) => ({
  apiGroups: [''],
  verbs,
  resources,
  ...more,
})

test('strangers see the version and nothing else; a bad token sees not even that', async () => {
  assert.equal((await ask({}, 'GET /version')).status, 200)
  for (const path of [
    '/api',
    '/apis',
    '/api/v1/namespaces',
    '/api/v1/namespaces/shop/secrets/mine',
  ])
    assert.equal((await ask({}, `GET ${path}`)).status, 403, path)
  const bad = await ask({}, 'GET /version', undefined, { authorization: 'Bearer nonsense' })
  assert.equal(bad.status, 401)
  assert.equal(bad.body.reason, 'Unauthorized')
  // The words that tools look for.
  const refused = await ask(ann, 'GET /api/v1/namespaces/shop/pods')
  assert.equal(
    refused.body.message,
    'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "shop"',
  )
})

test('a token tells whose it is, and is of no other account', async () => {
  const at = '/api/v1/namespaces/shop/serviceaccounts/web'
  const { uid } = (await must(`GET ${at}`)).body.metadata
  const asked = (metadata: object, spec: object = {}) =>
    ask(admin, `POST ${at}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata,
      spec,
    })
  const refusals: [number, RegExp, ...Parameters<typeof asked>][] = [
    [409, /^Operation cannot .* "web": the UID in the token request \(x\) does/, { uid: 'x' }],
    [400, /^the namespace of the provided object does not match/, { namespace: 'other' }],
    [422, /^TokenRequest.authentication.k8s.io "" is invalid: spec/, {}, { expirationSeconds: 1 }],
  ]
  for (const [status, message, ...body] of refusals) {
    const refused = await asked(...body)
    assert.equal(refused.status, status)
    assert.match(refused.body.message, message)
  }
  const { metadata } = (await must(`POST ${at}/token`, {})).body
  assert.deepEqual([metadata.name, metadata.namespace, metadata.uid], ['web', 'shop', uid])
  assert.match(metadata.creationTimestamp, /Z$/)
  assert.equal(metadata.managedFields[0].subresource, 'token')
})

test('a pod makes its way from a token request to a list', async () => {
  const pod = (await must('GET /api/v1/namespaces/shop/pods/web')).body
  const answer = await must('POST /api/v1/namespaces/shop/serviceaccounts/web/token', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: pod.metadata.uid },
    },
  })
  const headers = { authorization: `Bearer ${answer.body.status.token}` }
  const list = () => ask({}, 'GET /api/v1/namespaces/shop/pods', undefined, headers)
  assert.equal((await list()).status, 403)
  await must(`POST ${RBAC}/namespaces/shop/rolebindings`, {
    ...rbac,
    kind: 'RoleBinding',
    ...named('web'),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }],
  })
  assert.equal((await list()).status, 200)
  const secrets = await ask({}, 'GET /api/v1/namespaces/shop/secrets', undefined, headers)
  assert.equal(secrets.status, 403)
})

test('the right to one name is the right to one name, however the selector is written', async () => {
  await grant('sam', [core(['get', 'list', 'watch'], ['secrets'], { resourceNames: ['mine'] })])
  const sam = userOf('sam', 'system:authenticated')
  const list = async (selector: string) =>
    (await ask(sam, `GET /api/v1/namespaces/shop/secrets${selector}`)).status
  const encoded = (text: string) => `?fieldSelector=${encodeURIComponent(text)}`
  assert.equal(await list('/mine'), 200)
  assert.equal(await list(encoded('metadata.name=mine')), 200)
  for (const selector of [
    '',
    '/theirs',
    encoded('metadata.name=theirs'),
    encoded('metadata.name!=theirs'),
    encoded('type!=x\\,metadata.name=mine'),
    encoded('type!=x,metadata.name!=mine'),
  ])
    assert.equal(await list(selector), 403, selector)
})

test('writing is not creating', async () => {
  const verbs = ['get', 'update', 'patch']
  const leases = { ...core(verbs, ['leases']), apiGroups: ['coordination.k8s.io'] }
  await grant('pat', [core(verbs, ['configmaps']), leases])
  const pat = userOf('pat', 'system:authenticated')
  const map = { apiVersion: 'v1', kind: 'ConfigMap', ...named('new') }
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...named('new'), spec: {} }
  const maps = '/api/v1/namespaces/shop/configmaps'
  const leasePath = '/apis/coordination.k8s.io/v1/namespaces/shop/leases/new'
  assert.equal((await ask(pat, `PATCH ${maps}/new?fieldManager=pat`, map)).status, 403)
  assert.equal((await ask(pat, `PUT ${leasePath}`, lease)).status, 403) // PUT creates these
  assert.equal((await ask(pat, `PATCH ${leasePath}?fieldManager=pat`, lease)).status, 403)
  for (const path of [`${maps}/new`, leasePath])
    assert.equal((await ask(admin, `GET ${path}`)).status, 404)
  await must(`POST ${maps}`, map)
  assert.equal((await ask(pat, `PUT ${maps}/new`, { ...map, data: { a: 'b' } })).status, 200)
  assert.equal((await ask(admin, `PUT ${leasePath}`, lease)).status, 201)
})

test('nobody grants what they lack, by any kind of write', async () => {
  const all = ['get', 'list', 'create', 'update', 'patch', 'delete']
  const mayWriteRoles = {
    ...core(all, ['roles', 'rolebindings']),
    apiGroups: ['rbac.authorization.k8s.io'],
  }
  await grant('lou', [core(all, ['pods']), mayWriteRoles])
  const lou = userOf('lou', 'system:authenticated')
  const role = (resources: string[]) => ({
    ...rbac,
    kind: 'Role',
    ...named('made'),
    rules: [core(['get'], resources)],
  })
  const roles = `${RBAC}/namespaces/shop/roles`
  assert.equal((await ask(lou, `POST ${roles}`, role(['secrets']))).status, 403)
  assert.equal((await ask(lou, `POST ${roles}`, role(['pods']))).status, 201)
  assert.equal((await ask(lou, `PUT ${roles}/made`, role(['secrets']))).status, 403)
  assert.equal(
    (await ask(lou, `PATCH ${roles}/made?fieldManager=l&force=true`, role(['secrets']))).status,
    403,
  )
  const merge = { 'content-type': 'application/merge-patch+json' }
  assert.equal(
    (await ask(lou, `PATCH ${roles}/made`, { rules: role(['*']).rules }, merge)).status,
    403,
  )
  const binding = {
    ...rbac,
    kind: 'RoleBinding',
    ...named('made'),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'lou' }],
  }
  const bound = await ask(lou, `POST ${RBAC}/namespaces/shop/rolebindings`, binding)
  assert.equal(bound.status, 403)
  assert.match(bound.body.message, /attempting to grant RBAC permissions not currently held/)
})

test('headers make nobody an administrator', async () => {
  const as = (headers: Record<string, string>, user = ann) =>
    ask(user, 'GET /api/v1/nodes', undefined, headers)
  const masters = { 'impersonate-user': 'ann', 'impersonate-group': 'system:masters' }
  for (const headers of [masters, { 'impersonate-user': 'kubernetes-admin' }])
    assert.equal((await as(headers)).status, 403)
  assert.equal((await as({ 'impersonate-group': 'system:masters' })).status, 400)
  const remote = { 'x-remote-user': 'kubernetes-admin', 'x-remote-group': 'system:masters' }
  assert.equal((await as(remote)).status, 403)
  assert.equal((await as(masters, admin)).status, 200)
  assert.equal((await as({ 'impersonate-user': 'ann' }, admin)).status, 403)
})

test('cluster-scoped things are not reached through a namespace, nor the reverse', async () => {
  const lead = userOf('lead', 'system:authenticated')
  await grant('lead', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])
  assert.equal((await ask(lead, 'GET /api/v1/namespaces/shop/pods')).status, 200)
  for (const path of [
    '/api/v1/namespaces/shop/nodes',
    '/api/v1/namespaces/shop/nodes/a',
    `${RBAC}/namespaces/shop/clusterroles`,
    '/api/v1/namespaces/../secrets',
    '/api/v1/namespaces/shop/../../secrets',
    '/api/v1/namespaces/%2e%2e/secrets',
    '/api/v1/namespaces/shop%2f..%2fkube-system/secrets',
    '/api/v1//secrets',
    '/api/v1/secrets',
    '/api/v1/nodes',
  ])
    assert.ok([403, 404].includes((await ask(lead, `GET ${path}`)).status), path)
})

test('a stolen node gets nothing that is not its pods’', async () => {
  const shop = '/api/v1/namespaces/shop'
  assert.equal((await ask(node, `GET ${shop}/secrets/mine`)).status, 200)
  assert.equal((await ask(node, 'GET /api/v1/pods?fieldSelector=spec.nodeName%3Da')).status, 200)
  const theirs = (await must(`GET ${shop}/pods/other`)).body
  const boundTo = (name: string, uid: string) => ({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid } },
  })
  const attempts: [string, unknown?][] = [
    [`GET ${shop}/secrets/theirs`],
    [`GET ${shop}/secrets`],
    ['GET /api/v1/secrets'],
    ['GET /api/v1/secrets?fieldSelector=metadata.name%3Dmine'],
    ['GET /api/v1/pods'],
    ['GET /api/v1/pods?fieldSelector=spec.nodeName%3Db'],
    [`GET ${shop}/pods/other`],
    ['GET /api/v1/nodes'],
    [`DELETE ${shop}/pods/other`],
    [`PUT ${shop}/pods/other/status`, { ...theirs, status: { phase: 'Failed' } }],
    [`POST ${shop}/serviceaccounts/web/token`, boundTo('other', theirs.metadata.uid)],
    [`POST ${shop}/serviceaccounts/default/token`, boundTo('web', 'x')],
    [
      `POST ${shop}/pods`,
      { ...named('evil'), spec: { nodeName: 'a', containers: [{ name: 'c', image: 'i' }] } },
    ],
    ['POST /api/v1/nodes', named('b')],
    [
      'POST /api/v1/nodes',
      { metadata: { name: 'a', labels: { 'node-role.kubernetes.io/control-plane': '' } } },
    ],
    [
      `POST ${RBAC}/clusterrolebindings`,
      { roleRef: { kind: 'ClusterRole', name: 'cluster-admin' }, ...named('x') },
    ],
  ]
  for (const [line, body] of attempts) {
    const { status, text } = await ask(node, line, body)
    assert.equal(status, 403, `${line}: ${text}`)
  }
  assert.equal((await ask(node, 'POST /api/v1/nodes', named('a'))).status, 201)
})
