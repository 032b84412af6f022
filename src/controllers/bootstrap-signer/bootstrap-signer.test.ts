import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { secret } from '#api/core/v1/secret.ts'
import { isStatus } from '#api/machinery/status.ts'
import { startTestCluster } from '../testing/test-cluster.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const enabled = 'bootstrap-signer-controller,token-cleaner-controller'

function tokenOf(id: string, more: Record<string, string> = {}) {
  const data = {
    'token-id': id,
    'token-secret': 'abcdef1234567890',
    'usage-bootstrap-signing': 'true',
    ...more,
  }
  return {
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)])),
  } as never
}

test('what a cluster says of itself is signed with every token, until that is gone', async () => {
  await using cluster = await startTestCluster({ controllers: { enabled }, scheduler: false })
  const { client } = cluster
  await client.create(namespace, { metadata: { name: 'kube-public' } }).catch(error => {
    if (!isStatus(error, 'AlreadyExists')) throw error
  })
  await client.create(configMap, {
    metadata: { name: 'cluster-info', namespace: 'kube-public' },
    data: { kubeconfig: 'text of the cluster', 'jws-kubeconfig-gone00': 'old', other: 'kept' },
  })
  const dataOf = async () => (await client.get(configMap, 'cluster-info', 'kube-public')).data ?? {}
  await cluster.until(
    'the old one to go',
    async () => !('jws-kubeconfig-gone00' in (await dataOf())),
  )
  await client.create(secret, tokenOf('abcdef'))
  await client.create(secret, tokenOf('nosign', { 'usage-bootstrap-signing': 'false' }))
  const signed = await cluster.until('a signature', async () => {
    const data = await dataOf()
    return 'jws-kubeconfig-abcdef' in data && data
  })
  assert.deepEqual(signed, {
    kubeconfig: 'text of the cluster',
    other: 'kept',
    // Made with `openssl dgst -sha256 -hmac abcdef1234567890` over header and content.
    'jws-kubeconfig-abcdef':
      'eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..AIEBzt0glVOZL4_haT9Zm7LsZQSztX1QOg7u8P77A6Y',
  })
  await client.delete(secret, { name: 'bootstrap-token-abcdef', namespace: 'kube-system' })
  await cluster.until('none', async () => !('jws-kubeconfig-abcdef' in (await dataOf())))
})

test('tokens whose time is over are removed', async () => {
  await using cluster = await startTestCluster({ controllers: { enabled }, scheduler: false })
  const { client } = cluster
  const at = (leftMs: number) => ({ expiration: new Date(Date.now() + leftMs).toISOString() })
  await client.create(secret, tokenOf('stays0', at(3_600_000)))
  await client.create(secret, tokenOf('always'))
  await client.create(secret, tokenOf('passed', at(-1000)))
  await client.create(secret, tokenOf('badone', { expiration: 'soon' }))
  await client.create(secret, tokenOf('notime', { expiration: '2099-01-01' }))
  await client.create(secret, tokenOf('passes', at(300)))
  const names = async () => {
    const { items } = await client.list(secret, { namespace: 'kube-system' })
    return items.map(({ metadata }) => metadata.name).toSorted()
  }
  await cluster.until('four to go', async () => (await names()).length === 2)
  assert.deepEqual(await names(), ['bootstrap-token-always', 'bootstrap-token-stays0'])
})
