import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { certificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { secret } from '#api/core/v1/secret.ts'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { issueAuthority, issueLeaf, newPrivateKey } from '#base/pki/certificate.ts'
import { requestPem } from '#base/pki/make-request.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { certificateTools } from '#kubelet'
import { bootstrapCertificate } from '../bootstrap-kubelet.ts'
import type { LoadHollowMachine } from '../options.ts'
import { kubeconfigOf } from '../pki/kubeconfig.ts'
import { remoteContext } from '../remote-context.ts'
import { type Cluster, startCluster } from '../start-cluster.ts'
import { publishFacts, readFacts } from './cluster-facts.ts'
import { discoverCluster, hostOf, signedBy } from './discovery.ts'
import { rangeOfNode } from './join.ts'
import { authorityHashes, JOINING_GROUP } from './joining-access.ts'
import { checkKnownCluster, checkKnownNode, checkStillGood } from './known-node.ts'
import { createToken, deleteToken, listTokens, newToken } from './tokens.ts'

const noMachine: LoadHollowMachine = () => assert.fail('no hollow node is wanted')
const says = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error))
  assert.match(error.message, pattern)
  return true
}

const masked = (line: string) =>
  line
    .replace(/\d+\.\d+\.\d+\.\d+:\d+/, 'ADDRESS')
    .replace(/ [a-z0-9]{6}\.[a-z0-9]{16} /, ' TOKEN ')
    .replace(/sha256:[0-9a-f]{64}$/, 'HASH')

describe('machines join', () => {
  let cluster: Cluster
  let address: string
  let ca: string
  let token: string
  let hash: string

  before(async () => {
    cluster = await startCluster({
      nodes: { kind: 'none' },
      listen: { port: 0 },
      bootstrapTokenAuth: true,
      controllers: '*,bootstrap-signer-controller',
      log: silentLog,
      hollowMachine: noMachine,
    })
    const files = { read: async () => '', resolve: (name: string) => name }
    const connection = await connectionFromKubeconfig(cluster.kubeconfig ?? '', files)
    ca = connection.certificateAuthority ?? ''
    address = new URL(connection.server).host
  })
  after(() => cluster.stop())

  const create = (more: { wished?: string; ttlMs?: number } = {}) =>
    createToken(cluster.client, {
      ...{ ca, ttlMs: 60_000, description: 'for tests', printJoinCommand: true },
      ...{ clock: systemClock, random: systemRandom, ...more },
    })
  const facts = (server: string) => ({
    server,
    ...{ clusterCidr: '10.244.0.0/16', serviceClusterIpRange: '10.96.0.0/12' },
    clusterDomain: 'cluster.local',
  })

  test('not where the cluster is unknown to machines, or listens on the loopback alone', async () => {
    await assert.rejects(create(), says(/no ConfigMap kube-system\/proa-cluster/))
    await publishFacts(cluster.client, facts(''))
    await assert.rejects(create(), says(/loopback of its machine alone.*--bind-address 0\.0\.0\.0/))
    assert.deepEqual((await cluster.client.list(secret, { namespace: 'kube-system' })).items, [])
  })

  test('with a token, of which the command to type is told', async () => {
    await publishFacts(cluster.client, facts(`https://${address}`))
    const words = (await create()).split(' ')
    token = words[4] ?? ''
    hash = words[6] ?? ''
    assert.match(token, /^[a-z0-9]{6}\.[a-z0-9]{16}$/)
    assert.deepEqual([hash], authorityHashes(ca))
    const [shown = ''] = /^proa join .*$/m.exec(readFileSync('README.md', 'utf8')) ?? []
    assert.equal(masked(words.join(' ')), masked(shown))
    assert.equal(words[2], address)
  })

  test('tokens are listed, named and taken back', async () => {
    const wished = 'abcdef.0123456789abcdef'
    await create({ wished, ttlMs: 0 })
    await assert.rejects(create({ wished }), says(/there is a token abcdef already/))
    await assert.rejects(create({ ttlMs: -1 }), says(/--ttl must not be negative/))
    await assert.rejects(create({ wished: 'ABCDEF.0123456789abcdef' }), says(/has the form/))
    const lines = (await listTokens(cluster.client, systemClock.now())).split('\n')
    assert.match(lines[0] ?? '', /^TOKEN +TTL +EXPIRES +USAGES +DESCRIPTION +EXTRA GROUPS$/)
    assert.ok(
      lines.includes(
        `${wished}   <forever>   <never>                authentication,signing   for tests     ${JOINING_GROUP}`,
      ),
    )
    assert.ok(
      lines.some(line => new RegExp(`^${token} +(1m|5\\ds) `).test(line)),
      lines.join('\n'),
    )
    assert.equal(await deleteToken(cluster.client, wished), 'token abcdef deleted')
    await assert.rejects(deleteToken(cluster.client, 'abcdef'), says(/there is no token abcdef/))
    await assert.rejects(deleteToken(cluster.client, '../x'), says(/has the form/))
  })

  const discover = (more: { address?: string; token?: string; hashes?: string[] } = {}) =>
    discoverCluster({ address, token, hashes: [hash], clock: systemClock, ...more })

  test('a machine trusts what is signed with its token, of the authority that it knows', async () => {
    const found = await discover()
    assert.deepEqual([found.server, found.certificateAuthority], [`https://${address}`, ca])
    assert.equal((await discover({ hashes: [] })).server, `https://${address}`)
    await assert.rejects(
      discover({ hashes: [`sha256:${'0'.repeat(64)}`] }),
      says(/is sha256:[0-9a-f]{64}, which --discovery-token-ca-cert-hash does not name/),
    )
    await discover({ hashes: [hash.toUpperCase().replace('SHA', 'sha')] })
    await assert.rejects(
      discover({ hashes: [hash, hash.slice(7)] }),
      says(/wants sha256: and 64 hexadecimal digits, not "[0-9a-f]{64}"/),
    )
    const [id] = token.split('.')
    await assert.rejects(
      discover({ token: `${id}.0123456789abcdef` }),
      says(/not signed with the token .*: the token is wrong, or somebody else answers/),
    )
    await assert.rejects(
      discover({ token: 'zzzzzz.0123456789abcdef' }),
      says(/does not know the token zzzzzz; it may have expired/),
    )
    await assert.rejects(discover({ address: '127.0.0.1:1' }), says(/nothing can be learned of/))
    for (const address of ['', 'a b', 'https://x', 'x/y', 'u@x', ':6443'])
      await assert.rejects(discover({ address }), says(/wants the address of the API server/))
  })

  test('a node of another cluster is told so, and one whose cluster moved asks anew', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'proa-joining-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const kubeconfig = join(directory, 'kubelet.conf')
    const found = await discover()
    await checkKnownCluster(kubeconfig, found, systemClock)
    const write = (server: string, authority: string) =>
      writeFileSync(kubeconfig, kubeconfigOf({ server, ca: authority, user: 'n', token: 't' }))
    write(found.server, ca)
    await checkKnownCluster(kubeconfig, found, systemClock)
    assert.ok(existsSync(kubeconfig), 'it goes on as it was')
    const { certificate } = issueAuthority('other', { notBefore: 0, notAfter: 4e12 }, systemRandom)
    write('https://192.0.2.7:6443', certificate)
    await assert.rejects(
      checkKnownCluster(kubeconfig, found, systemClock),
      says(/is a node of another cluster, at https:\/\/192\.0\.2\.7:6443; "proa reset" ends that/),
    )
    write('https://192.0.2.7:6443', ca)
    await checkKnownCluster(kubeconfig, found, systemClock)
    assert.equal(existsSync(kubeconfig), false)
  })

  test('another algorithm than the one of tokens is not believed', () => {
    const header = Buffer.from('{"alg":"none"}').toString('base64url')
    const data = { kubeconfig: 'x', 'jws-kubeconfig-abcdef': `${header}..x` }
    assert.throws(() => signedBy('abcdef.0123456789abcdef', data), says(/not signed/))
  })

  /** What became of the request of such a node for a serving certificate when another one's was answered that was made later. */
  async function pretending(nodeName: string) {
    const { requestCertificate, SERVING_PURPOSE, subjectOfNode } = await certificateTools()
    const { token: given, ...connection } = await discover()
    const clientFor = async (name: string) => {
      const bootstrap = remoteContext({ ...connection, token: given ?? '' }, silentLog)
      const { client } = bootstrap.context
      const pair = await bootstrapCertificate({ client, nodeName: name, clock: systemClock })
      await bootstrap.stop()
      const { certificate: clientCertificate, key: clientKey } = pair
      return remoteContext({ ...connection, clientCertificate, clientKey }, silentLog)
    }
    const [odd, plain] = [await clientFor(nodeName), await clientFor('plain')]
    const key = createPrivateKey(newPrivateKey())
    const request = requestPem({ subject: subjectOfNode(nodeName), names: [nodeName] }, key)
    const { metadata } = await odd.context.client.create(certificateSigningRequest, {
      metadata: { generateName: 'csr-' },
      spec: { request: Buffer.from(request).toString('base64'), ...SERVING_PURPOSE },
    } as never)
    await requestCertificate({
      ...{ client: plain.context.client, clock: systemClock, purpose: SERVING_PURPOSE },
      wanted: { subject: subjectOfNode('plain'), names: ['plain'] },
    })
    await odd.stop()
    await plain.stop()
    return cluster.client.get(certificateSigningRequest, metadata.name ?? '')
  }

  test('it becomes a node, with a range that no other has, and may do what nodes do', async () => {
    const log = silentLog
    const bootstrap = remoteContext(await discover(), log)
    const pair = await bootstrapCertificate({
      ...{ client: bootstrap.context.client, nodeName: 'joined', clock: systemClock },
    })
    await bootstrap.stop()
    const { token: _, ...connection } = await discover()
    const { certificate: clientCertificate, key: clientKey } = pair
    const node = remoteContext({ ...connection, clientCertificate, clientKey }, log)
    const { client } = node.context
    assert.deepEqual(await readFacts(client), facts(`https://${address}`))
    await cluster.client.create(nodeKind, { metadata: { name: 'other' } })
    const taint = { key: 'a', value: 'b', effect: 'NoSchedule' as const }
    const range = await rangeOfNode(client, {
      ...{ nodeName: 'joined', spec: { taints: [taint] }, labels: { zone: 'x' } },
      clock: systemClock,
    })
    const nodes = (await client.list(nodeKind)).items
    assert.equal(new Set(nodes.map(({ spec }) => spec.podCIDR)).size, 2)
    const own = nodes.find(({ metadata }) => metadata.name === 'joined')
    assert.equal(own?.spec.podCIDR, range)
    assert.ok(own?.spec.taints?.some(({ key }) => key === 'a'))
    assert.equal(own?.metadata.labels?.zone, 'x')
    // By which the API server knows its port.
    const { requestCertificate, SERVING_PURPOSE, subjectOfNode } = await certificateTools()
    const serving = await requestCertificate({
      ...{ client, clock: systemClock, purpose: SERVING_PURPOSE },
      wanted: { subject: subjectOfNode('joined'), names: ['joined'] },
    })
    assert.match(serving.certificate, /BEGIN CERTIFICATE/)
    // Whoever has a token chooses a name, but not the API server's or one for several.
    for (const nodeName of ['kube-apiserver', '*.example.com']) {
      const asked = await pretending(nodeName)
      assert.equal(asked.status?.certificate, undefined, nodeName)
      assert.deepEqual(asked.status?.conditions ?? [], [], nodeName)
    }
    // Others' secrets are not for it.
    await assert.rejects(client.list(secret), /forbidden/)
    await assert.rejects(client.get(configMap, 'kube-root-ca.crt', 'default'), /forbidden/)
    await node.stop()
  })
})

test('a machine that joined before goes on only as whom it is, and only while it is known', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-joining-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const kubeconfig = join(directory, 'kubelet.conf')
  await checkKnownNode(kubeconfig, 'one')
  const [now, day] = [systemClock.now(), 86_400_000]
  const authorities = [0, 1].map(() =>
    issueAuthority('kubernetes', { notBefore: 0, notAfter: 4e12 }, systemRandom),
  ) as [ReturnType<typeof issueAuthority>, ReturnType<typeof issueAuthority>]
  const [{ certificate: ca }, next] = authorities
  const server = 'https://192.0.2.7:6443'
  const write = (notBefore: number, notAfter: number) => {
    const subject = { commonName: 'system:node:one', organizations: ['system:nodes'] }
    const validity = { notBefore, notAfter }
    const leaf = issueLeaf({ subject, usages: ['client'], validity }, authorities[0], systemRandom)
    const { certificate: cert, key } = leaf
    writeFileSync(kubeconfig, kubeconfigOf({ server, ca, user: 'n', cert, key }))
  }
  const found = (more = '') => ({ server, certificateAuthority: ca + more, namespace: '' })
  write(now - day, now + day)
  await checkKnownNode(kubeconfig, 'one')
  await assert.rejects(
    checkKnownNode(kubeconfig, 'two'),
    says(/is the node one, not two; --node-name one goes on with it, "proa reset" ends it/),
  )
  await checkStillGood(kubeconfig, systemClock)
  await checkKnownCluster(kubeconfig, found(), systemClock)
  assert.ok(existsSync(kubeconfig))
  await checkKnownCluster(kubeconfig, found(next.certificate), systemClock)
  assert.equal(existsSync(kubeconfig), false, 'of another authority it has yet to learn')
  write(now - day, now - 1000)
  await assert.rejects(checkStillGood(kubeconfig, systemClock), says(/expired on .*with a token/))
  write(now + day, now + 2 * day)
  await checkKnownCluster(kubeconfig, found(), systemClock)
  assert.equal(existsSync(kubeconfig), false, 'made by a clock that was ahead')
})

test('a token that is only printed has the form of one', () => {
  const tokens = Array.from({ length: 20 }, () => newToken(systemRandom))
  for (const token of tokens) assert.match(token, /^[a-z0-9]{6}\.[a-z0-9]{16}$/)
  assert.equal(new Set(tokens).size, tokens.length)
})

test('of several authorities, one that is known is enough', () => {
  const make = () => issueAuthority('kubernetes', { notBefore: 0, notAfter: 4e12 }, systemRandom)
  const [one, two] = [make().certificate, make().certificate]
  assert.deepEqual(authorityHashes(one + two), [...authorityHashes(one), ...authorityHashes(two)])
})

test('an address to join at may be of IPv6, in brackets or bare', () => {
  assert.equal(hostOf('192.168.1.5'), '192.168.1.5:6443')
  assert.equal(hostOf('api.example.com:443'), 'api.example.com:443')
  assert.equal(hostOf('2001:db8::5'), '[2001:db8::5]:6443')
  assert.equal(hostOf('[2001:db8::5]'), '[2001:db8::5]:6443')
  assert.equal(hostOf('[2001:DB8:0::5]:16443'), '[2001:DB8:0::5]:16443')
  for (const wrong of ['[x]:1', '2001:db8::5:99999', '[2001:db8::5]/x', 'http://a', 'a/b'])
    assert.throws(() => hostOf(wrong), /wants the address of the API server/, wrong)
})
