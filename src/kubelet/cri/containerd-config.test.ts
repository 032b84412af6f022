import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerdConfig, containerdPaths } from './containerd-config.ts'

test('a socket has a short path, whatever the data directory is', () => {
  assert.equal(containerdPaths('/var/lib/proa').socket, '/var/lib/proa/containerd/containerd.sock')
  const long = containerdPaths(`/var/${'long/'.repeat(30)}proa`)
  assert.match(long.socket, /^\/run\/proa-[0-9a-f]{8}\/containerd\.sock$/)
  // Found again from the same directory, and another one's is another.
  assert.equal(containerdPaths(`/var/${'long/'.repeat(30)}proa`).socket, long.socket)
  assert.notEqual(containerdPaths(`/var/${'long/'.repeat(31)}proa`).socket, long.socket)
  for (let length = 1; length < 150; length++)
    assert.ok(Buffer.byteLength(`${containerdPaths(`/${'ä'.repeat(length)}`).socket}.ttrpc`) <= 107)
})

test('the configuration names what is under the data directory, quoted', () => {
  const paths = containerdPaths('/a "strange" place')
  const config = containerdConfig({ paths, snapshotter: 'native', cniBinDirectory: '/usr/lib/cni' })
  assert.match(config, /^root = "\/a \\"strange\\" place\/containerd\/root"$/m)
  assert.match(config, /restrict_oom_score_adj = true/)
  assert.match(config, /snapshotter = "native"/)
  assert.doesNotMatch(config, /tcp_address/)
  // Mirrors: those of this data directory before the machine's.
  assert.ok(
    config.includes(
      'config_path = "/a \\"strange\\" place/containerd/certs.d:/etc/containerd/certs.d"',
    ),
    config,
  )
})
