import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { PrivateBus, whyNoBus } from '../testing/private-bus.ts'
import { machineShutdowns } from './shutdowns.ts'

const reason = whyNoBus()
if (reason) console.log(`# skipped: ${reason}`)

/** Notes what it is told. */
function listening() {
  const told: (boolean | string)[] = []
  const lost = Promise.withResolvers<string>()
  const waits: (() => void)[] = []
  return {
    told,
    lost: lost.promise,
    next: () => new Promise<void>(resolve => waits.push(resolve)),
    listener: {
      changed(isShuttingDown: boolean) {
        told.push(isShuttingDown)
        for (const wait of waits.splice(0)) wait()
      },
      lost: (why: string) => lost.resolve(why),
    },
  }
}

describe('shutdowns as logind tells them', { skip: reason, timeout: 600_000 }, () => {
  const bus = new PrivateBus()
  const places = { busAddress: bus.address, dropInDirectory: bus.dropInDirectory }
  before(() => bus.start())
  after(() => bus.stop())

  test('a shutdown is told, and that it will not come after all', async () => {
    const { listener, told, next } = listening()
    const watch = await machineShutdowns(places).open(listener)
    let heard = next()
    bus.tell('shutdown')
    await heard
    assert.equal(await watch.isShuttingDown(), true)
    heard = next()
    bus.tell('cancel')
    await heard
    assert.equal(await watch.isShuttingDown(), false)
    assert.deepEqual(told, [true, false])
    watch.close()
  })

  test('only logind is believed, whoever else says it to all or to us alone', async () => {
    const { listener, told, next } = listening()
    const watch = await machineShutdowns(places).open(listener)
    const say = (...to: string[]) =>
      spawnSync('dbus-send', [
        ...[`--bus=${bus.address}`, '--type=signal', ...to, '/org/freedesktop/login1'],
        ...['org.freedesktop.login1.Manager.PrepareForShutdown', 'boolean:true'],
      ])
    assert.equal(say().status, 0)
    for (let address = 0; address < 12; address++) say(`--dest=:1.${address}`)
    const heard = next()
    bus.tell('cancel')
    await heard
    assert.deepEqual(told, [false])
    watch.close()
  })

  test('logind waits for as long as it is asked to', async () => {
    const watch = await machineShutdowns(places).open(listening().listener)
    assert.equal(await watch.maximumDelayMs(), 5_000)
    await watch.raiseMaximumDelay(30_500)
    assert.equal(
      readFileSync(join(bus.dropInDirectory, '99-kubelet.conf'), 'utf8'),
      '# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=31\n',
    )
    assert.deepEqual(
      bus.events.filter(({ event }) => event === 'kill'),
      [{ event: 'kill', unit: 'systemd-logind.service', whom: 'all', signal: 1 }],
    )
    assert.equal(await watch.maximumDelayMs(), 31_000)
    watch.close()
  })

  test('the lock is one of upstream’s kubelet, and is gone when it was let go of', async () => {
    const released = bus.count('released')
    const watch = await machineShutdowns(places).open(listening().listener)
    const release = await watch.holdLock()
    assert.deepEqual(bus.events.at(-1), {
      event: 'inhibit',
      what: 'shutdown',
      who: 'kubelet',
      why: 'Kubelet needs time to handle node shutdown',
      mode: 'delay',
    })
    await release()
    await bus.seen(() => bus.count('released') === released + 1)
    watch.close()
  })

  test('a kubelet that is killed leaves no lock behind', async () => {
    const [inhibited, released] = [bus.count('inhibit'), bus.count('released')]
    const code = `
      const { machineShutdowns } = await import(${JSON.stringify(join(import.meta.dirname, 'shutdowns.ts'))})
      const watch = await machineShutdowns(${JSON.stringify(places)}).open({ changed() {}, lost() {} })
      await watch.holdLock()
      console.log('held')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code])
    await once(child.stdout, 'data')
    assert.equal(bus.count('inhibit'), inhibited + 1)
    assert.equal(bus.count('released'), released)
    child.kill('SIGKILL')
    await bus.seen(() => bus.count('released') === released + 1)
  })

  test('a lock that somebody else ends is lost', async () => {
    const { listener, lost } = listening()
    const watch = await machineShutdowns(places).open(listener)
    await watch.holdLock()
    const { stdout } = spawnSync('pgrep', ['-P', String(process.pid), 'systemd-inhibit'])
    process.kill(Number(stdout.toString().trim()), 'SIGTERM')
    assert.equal(await lost, 'the lock was lost')
    watch.close()
  })

  test('where nobody tells, that is said', async () => {
    const nowhere = machineShutdowns({ ...places, busAddress: 'unix:path=/nonexistent/bus' })
    await assert.rejects(nowhere.open(listening().listener), /ENOENT/)
  })

  test('a bus that goes is told, and its calls end', async () => {
    const { listener, lost } = listening()
    const watch = await machineShutdowns(places).open(listener)
    await bus.endDaemon()
    assert.match(await lost, /hung up|ECONNRESET|EPIPE/)
    await assert.rejects(watch.maximumDelayMs())
    await assert.rejects(watch.holdLock(), /failed creating systemd inhibitor/)
  })
})
