import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerdConfig, containerdPaths, maySpare } from './containerd-config.ts'

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
  const options = { paths, snapshotter: 'native', cniBinDirectory: '/usr/lib/cni' } as const
  const config = containerdConfig({ ...options, maySpare: false })
  assert.match(config, /^root = "\/a \\"strange\\" place\/containerd\/root"$/m)
  assert.match(config, /restrict_oom_score_adj = true/)
  const free = containerdConfig({ ...options, maySpare: true })
  assert.match(free, /restrict_oom_score_adj = false/)
  assert.match(config, /snapshotter = "native"/)
  assert.doesNotMatch(config, /tcp_address/)
  // Mirrors: those of this data directory before the machine's.
  assert.ok(
    config.includes(
      'config_path = "/a \\"strange\\" place/containerd/certs.d:/etc/containerd/certs.d"',
    ),
    config,
  )
  // Which containerd 2 reads only where it pulls by itself.
  assert.match(
    config,
    /^\[plugins\."io\.containerd\.cri\.v1\.images"\]\n {2}use_local_image_pull = true$/m,
  )
})

test('only who has the right to it may spare containers when memory runs out', () => {
  const status = (rights: string) => `Name:\tnode\nCapPrm:\t0\nCapEff:\t${rights}\nCapBnd:\t0\n`
  assert.equal(maySpare(status('000001ffffffffff')), true)
  assert.equal(maySpare(status('000001fffeffffff')), false)
  assert.equal(maySpare(''), false)
})
