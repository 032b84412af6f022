/**
 * The rules of Services beside kube-proxy's in nftables mode: random Services and slices, and what becomes of packets from everywhere to all of their
 * addresses. `PROXY_SEEDS=50` tries more of them, `PROXY_SEED=7` others.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { upstreamProgram } from '../etcd/servers.ts'

const program = upstreamProgram('TEST_ASSET_KUBE_PROXY', 'kube-proxy')
const missing =
  program === undefined && 'there is no kube-proxy here; TEST_ASSET_KUBE_PROXY may name one'

test('packets end as by the rules of kube-proxy', { skip: etcdMissing() || missing }, () => {
  const { PROXY_SEED = '1', PROXY_SEEDS = '5' } = process.env
  const file = new URL('./proxy/compare.ts', import.meta.url).pathname
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--net', process.execPath, file, program ?? '', PROXY_SEED, PROXY_SEEDS],
    { maxBuffer: 1 << 28 },
  )
  assert.equal(status, 0, stderr.toString())
  const lines = stdout
    .toString()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as { count?: number })
  const tried = lines.flatMap(({ count }) => count ?? [])
  assert.equal(tried.length, Number(PROXY_SEEDS))
  assert.ok(tried.every(count => count > 50))
  assert.deepEqual(
    lines.filter(({ count }) => count === undefined),
    [],
  )
})
