/**
 * How others come in: tokens in Secrets for programs, and the TLS bootstrap of nodes: a bootstrap token asks for a client certificate,
 * nobody has to approve it, and the node goes on as itself. All over HTTPS, as `kubeadm join` does it.
 */
import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { selfSubjectReview } from '#api/authentication/v1/self-subject-review.ts'
import { certificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { node } from '#api/core/v1/node.ts'
import { secret } from '#api/core/v1/secret.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { isStatus } from '#api/machinery/status.ts'
import { clusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { silentLog } from '#base/log.ts'
import { newPrivateKey } from '#base/pki/certificate.ts'
import { requestPem } from '#base/pki/make-request.ts'
import { jumpyClock } from '#base/testing/jumpy-clock.ts'
import { createClient } from '#client/api-client.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import { type Connection, connectionFromKubeconfig } from '#client/kubeconfig.ts'
import {
  bootstrapCertificate,
  connectKubelet,
  isGood,
  nodeKubeconfig,
} from '#cluster/bootstrap-kubelet.ts'
import { kubeconfigOf } from '#cluster/pki/kubeconfig.ts'
import { systemClock } from '#host/clock.ts'
import { type Cluster, startCluster } from '#index'

let cluster: Cluster
let admin: Connection
const ends: (() => Promise<void>)[] = []
const base64 = (text: string) => Buffer.from(text).toString('base64')

before(async () => {
  cluster = await startCluster({
    nodes: { kind: 'none' },
    listen: { port: 0 },
    bootstrapTokenAuth: true,
  })
  const files = { read: async () => '', resolve: (name: string) => name }
  admin = await connectionFromKubeconfig(cluster.kubeconfig ?? '', files)
})
after(async () => {
  for (const end of ends) await end()
  await cluster?.stop()
})

/** A client that shows this instead of the administrator's certificate. */
function clientWith(credentials: Partial<Connection>) {
  const { server, certificateAuthority = '', namespace } = admin
  const connection = { server, certificateAuthority, namespace, ...credentials }
  const transport = createHttpTransport(connection, { clock: systemClock })
  ends.push(() => transport.close())
  return createClient(transport)
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const end = performance.now() + 60_000
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > end) assert.fail(`${what}: it did not happen in time`)
    await delay(20)
  }
}

const whoIs = async (client: ReturnType<typeof clientWith>) =>
  (await client.create(selfSubjectReview, { metadata: {} } as never)).status.userInfo

test('a node joins by a bootstrap token', async () => {
  const { client } = cluster
  const bind = (name: string, role: string, group: string) =>
    client.create(clusterRoleBinding, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
    } as never)
  // What kubeadm init leaves for those who join.
  const group = 'system:bootstrappers:kubeadm:default-node-token'
  await bind('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', group)
  const approve = 'system:certificates.k8s.io:certificatesigningrequests'
  await bind('kubeadm:node-autoapprove-bootstrap', `${approve}:nodeclient`, group)
  await bind(
    'kubeadm:node-autoapprove-certificate-rotation',
    `${approve}:selfnodeclient`,
    'system:nodes',
  )
  const token = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': group,
  }
  await client.create(secret, {
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(token).map(([key, text]) => [key, base64(text)])),
  } as never)

  const bootstrap = clientWith({ token: 'abcdef.0123456789abcdef' })
  assert.equal((await whoIs(bootstrap)).username, 'system:bootstrap:abcdef')
  await assert.rejects(bootstrap.list(node), error => isStatus(error, 'Forbidden'))

  const askFor = async (asker: ReturnType<typeof clientWith>, name: string) => {
    const key = newPrivateKey()
    const subject = { commonName: 'system:node:joined', organizations: ['system:nodes'] }
    await asker.create(certificateSigningRequest, {
      metadata: { name },
      spec: {
        request: base64(requestPem({ subject }, createPrivateKey(key))),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['digital signature', 'client auth'],
        expirationSeconds: 3600,
      },
    } as never)
    const { status } = await until('a certificate', async () => {
      const found = await asker.get(certificateSigningRequest, name)
      return found.status.certificate ? found : undefined
    })
    const certificate = Buffer.from(status.certificate ?? '', 'base64').toString()
    assert.ok(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
    const message = status.conditions?.find(({ type }) => type === 'Approved')?.message
    return { credentials: { clientCertificate: certificate, clientKey: key }, message }
  }
  const joined = await askFor(bootstrap, 'node-csr-1')
  assert.match(joined.message ?? '', /^Auto approving kubelet client certificate after/)
  const kubelet = clientWith(joined.credentials)
  assert.deepEqual((await whoIs(kubelet)).groups, ['system:nodes', 'system:authenticated'])
  await kubelet.create(node, { metadata: { name: 'joined' }, spec: {} } as never)
  await assert.rejects(kubelet.create(node, { metadata: { name: 'other' } } as never))

  const pair = await bootstrapCertificate({
    client: bootstrap,
    nodeName: 'second',
    clock: systemClock,
  })
  const files = {
    read: async (path: string) => (path === '/pki/current.pem' ? pair.certificate + pair.key : ''),
    resolve: (name: string) => name,
  }
  const own = await connectionFromKubeconfig(
    nodeKubeconfig(admin, 'second', '/pki/current.pem'),
    files,
  )
  assert.ok(isGood(own, Date.now()) && !isGood(own, Date.now() + 366 * 86_400_000))
  const { server, certificateAuthority } = own
  assert.deepEqual([server, certificateAuthority], [admin.server, admin.certificateAuthority])
  const { clientCertificate = '', clientKey = '' } = own
  const second = clientWith({ clientCertificate, clientKey })
  assert.equal((await whoIs(second)).username, 'system:node:second')

  await thirdNode()
  const renewed = await askFor(kubelet, 'node-csr-2')
  assert.match(renewed.message ?? '', /^Auto approving self kubelet client certificate after/)
  assert.equal((await whoIs(clientWith(renewed.credentials))).username, 'system:node:joined')
})

/** One that runs on: what it asked for is in files, and it goes on as itself with another certificate before the first one expires. */
async function thirdNode(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'proa-joining-'))
  const at = (name: string) => join(directory, name)
  const { server, certificateAuthority: ca = '' } = admin
  const token = 'abcdef.0123456789abcdef'
  writeFileSync(at('bootstrap.conf'), kubeconfigOf({ server, ca, token }))
  const clock = jumpyClock(systemClock)
  const identity = {
    nodeName: 'third',
    kubeconfig: at('kubelet.conf'),
    bootstrapKubeconfig: at('bootstrap.conf'),
    certificateDirectory: at('pki'),
    rotateCertificates: true,
    clock,
  }
  const before = await connectKubelet(identity, silentLog)
  await before.stop()
  // Who lost its certificate asks anew.
  rmSync(at('pki'), { recursive: true })
  const node = await connectKubelet(identity, silentLog)
  assert.notEqual(node.connection.clientCertificate, before.connection.clientCertificate)
  try {
    const { client } = node.context
    assert.equal((await whoIs(client)).username, 'system:node:third')
    const path = at('pki/kubelet-client-current.pem')
    assert.match(readFileSync(at('kubelet.conf'), 'utf8'), new RegExp(`client-key: "${path}"`))
    const first = node.connection.clientCertificate
    assert.equal(readFileSync(path, 'utf8'), `${first}${node.connection.clientKey}`)
    clock.jump(0.95 * 365 * 86_400_000)
    await until('another certificate', async () => node.connection.clientCertificate !== first)
    const { username, extra } = await whoIs(client)
    assert.equal(username, 'system:node:third')
    const credential = extra?.['authentication.kubernetes.io/credential-id']?.[0]
    const shown = new X509Certificate(node.connection.clientCertificate ?? '')
    const digest = shown.fingerprint256.replaceAll(':', '').toLowerCase()
    assert.equal(credential, `X509SHA256=${digest}`)
    // By its own clock nothing that is signed is good any more: it asks as whom it came.
    const asBootstrapper = async () => {
      const { items } = await cluster.client.list(certificateSigningRequest)
      return items.filter(({ spec: asked }) => asked.username === 'system:bootstrap:abcdef').length
    }
    const askedBefore = await asBootstrapper()
    clock.jump(3 * 365 * 86_400_000)
    await until('a request as at first', async () => (await asBootstrapper()) > askedBefore)
  } finally {
    await node.stop()
    rmSync(directory, { recursive: true })
  }
}

test('a token in a Secret is good as long as the Secret and its account are there', async () => {
  const { client } = cluster
  const namespace = 'default'
  const account = await client.create(serviceAccount, {
    metadata: { name: 'robot', namespace },
  } as never)
  const tokenSecret = (name: string) =>
    client.create(secret, {
      metadata: { name, namespace, annotations: { 'kubernetes.io/service-account.name': 'robot' } },
      type: 'kubernetes.io/service-account-token',
    } as never)
  const tokenIn = (name: string) =>
    until('the token', async () => {
      const { data } = await client.get(secret, name, namespace)
      return data?.token && Buffer.from(data.token, 'base64').toString()
    })
  await tokenSecret('one')
  const token = await tokenIn('one')
  const made = await client.get(secret, 'one', namespace)
  assert.equal(
    made.metadata.annotations?.['kubernetes.io/service-account.uid'],
    account.metadata.uid,
  )
  assert.equal(made.data?.namespace, base64(namespace))
  assert.equal(made.data?.['ca.crt'], base64(admin.certificateAuthority ?? ''))

  const robot = clientWith({ token })
  const { username, uid } = await whoIs(robot)
  assert.deepEqual([username, uid], ['system:serviceaccount:default:robot', account.metadata.uid])
  const LAST_USED = 'kubernetes.io/legacy-token-last-used'
  const today = new Date().toISOString().slice(0, 10)
  await until('the note', async () => {
    const { metadata } = await client.get(secret, 'one', namespace)
    return (metadata.labels?.[LAST_USED] ?? '') >= today
  })
  const since = await until('the day since when uses are noted', async () => {
    const name = 'kube-apiserver-legacy-service-account-token-tracking'
    const { data } = await client.get(configMap, name, 'kube-system')
    return data?.since
  })
  assert.match(since, /^\d{4}-\d\d-\d\d$/)

  const unauthorized = (error: unknown) => isStatus(error, 'Unauthorized')
  await client.patch(secret, { name: 'one', namespace }, 'merge', {
    metadata: { labels: { 'kubernetes.io/legacy-token-invalid-since': today } },
  })
  await assert.rejects(whoIs(robot), unauthorized)
  await tokenSecret('two')
  const other = clientWith({ token: await tokenIn('two') })
  assert.equal((await whoIs(other)).username, username)
  await client.patch(serviceAccount, { name: 'robot', namespace }, 'merge', {
    secrets: [{ name: 'one' }, { name: 'kept' }],
  })
  await client.delete(secret, { name: 'one', namespace })
  await until('the account to strike it off', async () => {
    const { secrets } = await client.get(serviceAccount, 'robot', namespace)
    return secrets?.length === 1 && secrets[0]?.name === 'kept'
  })
  await client.delete(serviceAccount, { name: 'robot', namespace })
  await until('its tokens to go', async () => {
    const { items } = await client.list(secret, { namespace })
    return items.length === 0
  })
  await assert.rejects(whoIs(other), unauthorized)
})

test('a node whose request is denied says why', async () => {
  const { client } = cluster
  const at = { name: 'asker', namespace: 'default' }
  await client.create(serviceAccount, { metadata: at } as never)
  // It may ask, but has no right that approves by itself.
  await client.create(clusterRoleBinding, {
    metadata: { name: 'asker' },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'system:node-bootstrapper',
    },
    subjects: [{ kind: 'ServiceAccount', ...at }],
  } as never)
  const made = await client.createSubresource(serviceAccount, at, 'token', { spec: {} })
  const { token } = (made as { status: { token: string } }).status
  const asked = bootstrapCertificate({
    client: clientWith({ token }),
    nodeName: 'unwanted',
    clock: systemClock,
  })
  const refused = assert.rejects(asked, /is denied, reason: Unknown, message: not here/)
  const found = await until('the request', async () => {
    const { items } = await client.list(certificateSigningRequest)
    return items.find(({ spec }) => spec.username === 'system:serviceaccount:default:asker')
  })
  const denied = { type: 'Denied', status: 'True', reason: 'Unknown', message: 'not here' }
  await client.update(
    certificateSigningRequest,
    { ...found, status: { conditions: [denied] } } as never,
    { subresource: 'approval' },
  )
  await refused
})
