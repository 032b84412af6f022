import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { noDevices } from '#api/core/quota/device-claims.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import { issueAuthority, issueLeaf, newPrivateKey } from '#base/pki/certificate.ts'
import type { ApiRequest } from '#client/transport.ts'
import { systemRandom } from '#host/random.ts'
import { podNamed } from './admission/testing.ts'
import type { Peer, UserInfo } from './authentication/authenticator.ts'
import { signingKeyOf } from './authentication/jwt.ts'
import { requestToken } from './authentication/token-request.ts'
import { asking, bootstrapped } from './authorization/testing.ts'
import { createSecurity } from './security.ts'
import type { World } from './world.ts'

const now = Date.parse('2026-05-01T00:00:00Z')
const clock = { now: () => now, monotonicMs: () => now, after: () => () => {} }
const validity = { notBefore: now - 1000, notAfter: now + 3_600_000 }
const authority = issueAuthority('kubernetes', validity, systemRandom)
const serviceAccountKey = newPrivateKey()

/** A cluster of plain objects with the bootstrap policy in it. */
function cluster() {
  const accounts = new Map<string, ServiceAccount>()
  const pods = new Map<string, Pod>()
  const roleBindings: RoleBinding[] = []
  const rbac = bootstrapped({ roleBindings })
  const world: World = {
    rbac: {
      ...rbac,
      roleBindings: namespace => roleBindings.filter(each => each.metadata.namespace === namespace),
    },
    namespace: async () => undefined,
    node: async () => undefined,
    resourceOf: () => undefined,
    priorityClass: async () => undefined,
    priorityClasses: () => [],
    runtimeClass: async () => undefined,
    ingressClasses: () => [],
    secret: async () => undefined,
    serviceAccount: async (namespace, name) => accounts.get(`${namespace}/${name}`),
    pod: async (namespace, name) => pods.get(`${namespace}/${name}`),
    storageClass: async () => undefined,
    storageClasses: () => [],
    limitRanges: () => [],
    podsIn: () => [],
    hasConfigMaps: () => false,
    quotaDevices: noDevices,
    quotas: { list: () => [], latest: async () => undefined, setUsed: async () => false },
    volumeBehind: () => undefined,
    volume: () => undefined,
    volumeAttachment: () => undefined,
    resourceSlice: () => undefined,
    podCertificateRequest: () => undefined,
    csiDriver: () => undefined,
    podsOnNode: node => [...pods.values()].filter(pod => pod.spec.nodeName === node),
  }
  const options = {
    clientAuthorities: [authority.certificate],
    serviceAccountKeys: [signingKeyOf(serviceAccountKey)] as const,
  }
  const security = createSecurity(options, world, {
    clock,
    random: systemRandom,
    featureGates: new Map(),
    tokenUsed: () => {},
  })
  const may = async (user: UserInfo, text: string) =>
    (await security.authorizer.authorize(asking(user, text))).verdict === 'allow'
  return { accounts, pods, roleBindings, world, security, who: security.authentication, may }
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
  const { accounts, pods, roleBindings, world, security, who, may } = cluster()
  const metadata = { namespace: 'shop', name: 'web', uid: 'sa-1' }
  accounts.set('shop/web', { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
  const pod = podNamed('web-0', { serviceAccountName: 'web', nodeName: 'a' })
  pods.set('shop/web-0', { ...pod, metadata: { ...pod.metadata, uid: 'pod-1' } })
  assert.ok(security.tokens)
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
    { tokens: security.tokens, world, clock },
  )
  const { token } = answer.status
  const user = await who.authenticate(request(token), {})
  assert.equal(user.name, 'system:serviceaccount:shop:web')
  assert.equal(await may(user, 'get /api'), true)
  assert.equal(await may(user, 'list pods shop/'), false)
  roleBindings.push({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'web', namespace: 'shop' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }],
  })
  assert.equal(await may(user, 'list pods shop/'), true)
  assert.equal(await may(user, 'list pods other/'), false)
  pods.delete('shop/web-0')
  await assert.rejects(who.authenticate(request(token), {}), error =>
    isStatus(error, 'Unauthorized'),
  )
})

test('a node reads what its pods need and loses it with them', async () => {
  const { pods, who, may } = cluster()
  const volumes = [{ name: 'v', secret: { secretName: 's' } }]
  pods.set('shop/web', podNamed('web', { nodeName: 'a', volumes }))
  const [a, b] = await Promise.all(
    ['a', 'b'].map(name =>
      who.authenticate(request(), peerOf(`system:node:${name}`, 'system:nodes')),
    ),
  )
  assert.ok(a && b)
  assert.equal(await may(a, 'get secrets shop/s'), true)
  assert.equal(await may(b, 'get secrets shop/s'), false)
  pods.delete('shop/web')
  assert.equal(await may(a, 'get secrets shop/s'), false)
})
