import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeExecStatus, exitCodeOf } from '#client/streaming/exec-status.ts'
import type { DuplexChannels } from '#client/transport.ts'
import { rest, seededRandom } from '../testing/hollow-cluster.ts'
import { sh, statusOf, web, withCluster } from '../testing/pod-views.ts'
import { createVirtualClock } from '../virtual-clock.ts'
import { createAddressPool } from './addresses.ts'
import { createMemoryFiles } from './memory-files.ts'
import { scriptOf } from './script.ts'

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes)

function gather(channels: DuplexChannels) {
  const said: Record<number, string> = {}
  channels.onData((channel, bytes) => {
    said[channel] = (said[channel] ?? '') + text(bytes)
  })
  channels.onEnd(() => {})
  const closed = new Promise<void>(resolve => channels.onClose(() => resolve()))
  return { said, closed }
}
const exitCode = (said: Record<number, string>) =>
  exitCodeOf(decodeExecStatus(new TextEncoder().encode(said[3] ?? '')))

test('scripts: what is understood runs, everything else is a program nobody knows', () => {
  assert.deepEqual(scriptOf([]), [{ kind: 'unknown' }])
  assert.deepEqual(scriptOf(['nginx', '-g', 'x']), [{ kind: 'unknown' }])
  assert.deepEqual(scriptOf(sh('echo "a  b" c; sleep 0.5 && false; echo no')), [
    { kind: 'print', text: 'a  b c\n', error: false },
    { kind: 'sleep', ms: 500 },
    { kind: 'exit', code: 1 },
  ])
  assert.deepEqual(scriptOf(['/bin/sh', '-ec', 'true\necho x >&2']), [
    { kind: 'print', text: 'x\n', error: true },
    { kind: 'exit', code: 0 },
  ])
  assert.deepEqual(scriptOf(['sleep', 'infinity']), [{ kind: 'forever' }])
})

test('images may be asked not to run as root, pods may not ask for both', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    const pod = (name: string, securityContext: object) =>
      cluster.createPod(name, { securityContext, containers: [web] })
    await pod('hardened', { runAsNonRoot: true })
    await pod('contrary', { runAsNonRoot: true, runAsUser: 0 })
    await rest()
    assert.equal((await cluster.pod('hardened')).status?.phase, 'Running')
    const { state } = statusOf(await cluster.pod('contrary'))
    assert.equal(state?.waiting?.reason, 'CreateContainerConfigError')
  }))

test('probes and hooks of unknown programs succeed, those that say how they end are believed', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    const run = (...command: string[]) => ({ exec: { command } })
    await cluster.createPod('database', {
      containers: [
        {
          ...web,
          lifecycle: { postStart: run('sh', '-c', '/setup.sh') },
          readinessProbe: run('pg_isready', '-U', 'me'),
          livenessProbe: { ...run('sh', '-c', 'redis-cli ping | grep PONG'), failureThreshold: 1 },
        },
        { ...web, name: 'unready', readinessProbe: run('sh', '-c', 'exit 1') },
      ],
    })
    await cluster.clock.advance(30_000)
    const pod = await cluster.pod('database')
    const told = [0, 1].map(index => [
      statusOf(pod, index).ready,
      statusOf(pod, index).restartCount,
    ])
    assert.deepEqual(told, [
      [true, 0],
      [false, 0],
    ])
  }))

test('exec and attach answer on hollow nodes', () =>
  withCluster(async cluster => {
    const kubelet = await cluster.kubelet(cluster.node())
    await cluster.createPod('talks', {
      containers: [{ ...web, command: sh('sleep 5; echo later; exit 4') }],
    })
    await rest()
    const open = async (path: string) => {
      const channels = await kubelet.transport.connect?.({ method: 'POST', path })
      assert.ok(channels)
      return gather(channels)
    }
    const echo = await open('/exec/default/talks/web?command=echo&command=hi&stdout=1')
    await echo.closed
    assert.deepEqual([echo.said[1], exitCode(echo.said)], ['hi\n', 0])
    const other = await open('/exec/default/talks/web?command=vi&stdout=true&stderr=true')
    await other.closed
    assert.match(other.said[2] ?? '', /^vi: this is a hollow node/)
    assert.equal(exitCode(other.said), 126)

    const attached = await open('/attach/default/talks/web?stdout=true')
    await cluster.clock.advance(6_000)
    await attached.closed
    assert.deepEqual([attached.said[1], exitCode(attached.said)], ['later\n', 4])
    const refuse = (path: string, message: RegExp) =>
      assert.rejects(async () => kubelet.transport.connect?.({ method: 'POST', path }), message)
    await refuse('/exec/default/none/web?command=x&stdout=1', /pods "none" not found/)
    await refuse('/exec/default/talks/none?command=x&stdout=1', /container none is not valid/)
    await refuse('/exec/default/talks/web?stdout=1', /at least 1 command/)
    await refuse('/portForward/default/talks?port=0', /not a port number/)
    await refuse('/portForward/default/talks?port=80', /hollow node/)
  }))

test('addresses are taken in turn and come back', () => {
  const pool = createAddressPool('10.1.2.0/29')
  const taken = Array.from({ length: 5 }, () => pool.take()).flat()
  assert.deepEqual(taken, ['10.1.2.2', '10.1.2.3', '10.1.2.4', '10.1.2.5', '10.1.2.6'])
  assert.throws(() => pool.take(), /no pod address is left in 10\.1\.2\.0\/29/)
  pool.giveBack('10.1.2.4')
  assert.deepEqual(pool.take(), ['10.1.2.4'])
})

test('a pod has an address of each family, in the order of the ranges', () => {
  const pool = createAddressPool('fd00:1::/64,10.1.2.0/29')
  assert.deepEqual(pool.take(), ['fd00:1::2', '10.1.2.2'])
  assert.deepEqual(pool.take(), ['fd00:1::3', '10.1.2.3'])
  pool.giveBack('fd00:1::2')
  pool.giveBack('10.1.2.2')
  for (let left = 4; left <= 6; left++) assert.equal(pool.take()[1], `10.1.2.${left}`)
  assert.deepEqual(pool.take(), ['fd00:1::7', '10.1.2.2'])
})

test('files in memory: directories, symlinks on the way, renames', async () => {
  const files = createMemoryFiles()
  await files.write('/a/v1/f', new TextEncoder().encode('1'))
  await files.symlink('v1', '/a/data')
  await files.symlink('data/f', '/a/f')
  assert.equal(text(await files.read('/a/f')), '1')
  assert.deepEqual(await files.names('/a'), ['v1', 'data', 'f'])
  await files.write('/a/v2/f', new TextEncoder().encode('2'))
  await files.symlink('v2', '/a/tmp')
  await files.rename('/a/tmp', '/a/data')
  assert.equal(text(await files.read('/a/f')), '2')
  await files.removeTree('/a/v2')
  assert.equal(await files.read('/a/f'), undefined)
  assert.equal((await files.facts('/a/f'))?.kind, 'symlink')
  await files.write('/b/c/f', new Uint8Array())
  await files.removeTree('/b')
  await files.write('/b/c/g', new Uint8Array())
  assert.deepEqual(await files.names('/b/c'), ['g'])
  await files.symlink('/a', '/b/c')
  await files.write('/b/d', new Uint8Array())
  assert.deepEqual(await files.names('/b'), ['c', 'd'])
  assert.equal((await files.facts('/b/c/g'))?.kind, undefined)
  await files.symlink('/loop', '/loop')
  assert.equal(await files.read('/loop'), undefined)
})

test('virtual time calls what is due in order, and nothing before', async () => {
  const clock = createVirtualClock(1_000, rest)
  const seen: string[] = []
  clock.after(20, () => seen.push(`b${clock.now()}`))
  clock.after(10, () => {
    seen.push(`a${clock.now()}`)
    clock.after(5, () => seen.push(`c${clock.now()}`))
  })
  const cancel = clock.after(12, () => seen.push('never'))
  cancel()
  cancel()
  await clock.advance(9)
  assert.deepEqual(seen, [])
  await clock.advance(11)
  assert.deepEqual(seen, ['a1010', 'c1015', 'b1020'])
  assert.deepEqual([clock.now(), clock.monotonicMs(), clock.pending], [1020, 20, 0])
  assert.equal(seededRandom(7).uuid(), seededRandom(7).uuid())
  const random = seededRandom()
  const ids = new Set(Array.from({ length: 10_000 }, () => random.uuid()))
  assert.equal(ids.size, 10_000, 'two pods of one life never share an id')
})
