import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { ApiRequest } from '#client/transport.ts'
import { systemRandom } from '#host/random.ts'
import { createAccessControl } from './access-control.ts'
import { podNamed } from './admission/testing.ts'
import { authentication } from './authentication/authentication.ts'
import type { Peer, UserInfo } from './authentication/authenticator.ts'
import { requestToken } from './authentication/token-request.ts'
import { bootstrapPolicyChanges } from './authorization/bootstrap-policy.ts'
import { asking } from './authorization/testing.ts'
import { issueAuthority, issueLeaf, newPrivateKey } from './pki/certificate.ts'

const now = Date.parse('2026-05-01T00:00:00Z')
const clock = { now: () => now, monotonicMs: () => now, after: () => () => {} }
const validity = { notBefore: now - 1000, notAfter: now + 3_600_000 }
const authority = issueAuthority('kubernetes', validity, systemRandom)
const serviceAccountKey = newPrivateKey()

const plurals: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  Pod: 'pods',
  Secret: 'secrets',
  ServiceAccount: 'serviceaccounts',
}

/** A cluster of plain objects with the bootstrap policy in it. */
function cluster() {
  const objects = new Map<string, KubernetesObject>()
  const pathOf = (object: KubernetesObject) =>
    `${plurals[object.kind]}/${object.metadata.namespace ?? ''}/${object.metadata.name}`
  const add = (object: KubernetesObject) => objects.set(pathOf(object), object)
  const control = createAccessControl({
    objects: {
      get: (_group, plural, namespace, name) => objects.get(`${plural}/${namespace}/${name}`),
      list: (_group, plural, namespace) =>
        [...objects]
          .filter(([path]) => path.startsWith(namespace ? `${plural}/${namespace}/` : `${plural}/`))
          .map(([, object]) => object),
    },
    clock,
    random: systemRandom,
    clientAuthorities: [authority.certificate],
    serviceAccountKeys: [serviceAccountKey],
  })
  for (const object of bootstrapPolicyChanges(control.rbac).create) add(object)
  const who = authentication({ authenticators: control.authenticators })
  const may = async (user: UserInfo, text: string) =>
    (await control.authorizer.authorize(asking(user, text))).verdict === 'allow'
  return { objects, add, control, who, may }
}
const request = (token?: string): ApiRequest => ({
  method: 'GET',
  path: '/api',
  headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
})
function peerOf(commonName: string, ...organizations: string[]): Peer {
  const subject = { commonName, organizations }
  const leaf = issueLeaf({ subject, usages: ['client'], validity }, authority, systemRandom)
  return { certificate: new X509Certificate(leaf.certificate).raw }
}

test('the administrator may everything, anonymous next to nothing', async () => {
  const { who, may } = cluster()
  const admin = await who.authenticate(request(), peerOf('kubernetes-admin', 'system:masters'))
  assert.equal(await may(admin, 'delete nodes /a'), true)
  const nobody = await who.authenticate(request(), {})
  assert.equal(await may(nobody, 'get /version'), true)
  assert.equal(await may(nobody, 'get /api'), false)
  assert.equal(await may(nobody, 'list pods shop/'), false)
})

test('a pod uses its token as long as it is there', async () => {
  const { objects, add, control, who, may } = cluster()
  const metadata = { namespace: 'shop', name: 'web', uid: 'sa-1' }
  add({ apiVersion: 'v1', kind: 'ServiceAccount', metadata })
  const pod = podNamed('web-0', { serviceAccountName: 'web', nodeName: 'a' })
  add({ ...pod, metadata: { ...pod.metadata, uid: 'pod-1' } })
  const answer = await requestToken(
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: [],
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web-0', uid: 'pod-1' },
      },
      status: { token: '', expirationTimestamp: '' },
    },
    { namespace: 'shop', name: 'web', uid: 'sa-1' },
    { tokens: control.tokens, world: control.tokenWorld, clock },
  )
  const { token } = answer.status
  const user = await who.authenticate(request(token), {})
  assert.equal(user.name, 'system:serviceaccount:shop:web')
  assert.equal(await may(user, 'get /api'), true)
  assert.equal(await may(user, 'list pods shop/'), false)
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'web', namespace: 'shop' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }],
  }
  add(binding)
  assert.equal(await may(user, 'list pods shop/'), true)
  assert.equal(await may(user, 'list pods other/'), false)
  objects.delete('pods/shop/web-0')
  await assert.rejects(who.authenticate(request(token), {}), error =>
    isStatus(error, 'Unauthorized'),
  )
})

test('a node reads what its pods need and loses it with them', async () => {
  const { objects, add, who, may } = cluster()
  add(podNamed('web', { nodeName: 'a', volumes: [{ name: 'v', secret: { secretName: 's' } }] }))
  const [a, b] = await Promise.all(
    ['a', 'b'].map(name =>
      who.authenticate(request(), peerOf(`system:node:${name}`, 'system:nodes')),
    ),
  )
  assert.ok(a && b)
  assert.equal(await may(a, 'get secrets shop/s'), true)
  assert.equal(await may(b, 'get secrets shop/s'), false)
  objects.delete('pods/shop/web')
  assert.equal(await may(a, 'get secrets shop/s'), false)
})
