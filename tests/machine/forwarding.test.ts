/** A firewall that forwards nothing lets the packets of pods through, and is left alone otherwise; in a network namespace of its own. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { allowForwarding, keepForwarding, removeRules } from '../../src/network/forwarding.ts'
import { eventually, whyNotHere } from './proa-process.ts'

const namespace = `proa-fwd-${process.pid}`
const iptables = ['ip', 'netns', 'exec', namespace, 'iptables'] as const
const options = { name: 'proa-1a2b3c', clusterCidr: '10.244.0.0/16', iptables }
const oursIn = (...sides: string[]) =>
  sides.map(side => `-A FORWARD ${side} 10.244.0.0/16 -m comment --comment proa-1a2b3c -j ACCEPT`)

function run(...words: string[]): string {
  const [program, ...first] = iptables
  const { status, stdout, stderr } = spawnSync(program, [...first, ...words], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout
}
const rules = () => run('-S', 'FORWARD').trim().split('\n')

const missing = spawnSync('iptables', ['--version']).status === 0 ? undefined : 'no iptables'

describe('a firewall that forwards nothing', { skip: whyNotHere() ?? missing }, () => {
  before(() => assert.equal(spawnSync('ip', ['netns', 'add', namespace]).status, 0))
  after(() => spawnSync('ip', ['netns', 'delete', namespace]))

  test('lets the packets of pods through, once, behind its own rules, until they are taken back', async () => {
    assert.equal(await allowForwarding(options), false)
    assert.deepEqual(rules(), ['-P FORWARD ACCEPT'])
    run('-P', 'FORWARD', 'DROP')
    run('-A', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT')
    const before = rules()
    assert.equal(await allowForwarding(options), true)
    assert.deepEqual(rules(), [...before, ...oursIn('-s', '-d')])
    assert.equal(await allowForwarding(options), false)
    await removeRules({ ...options, name: 'proa-1a2b3' })
    assert.equal(rules().length, 4, "another cluster's are left alone")
    await removeRules(options)
    assert.deepEqual(rules(), before)
  })

  test('keeps what it forbids before it refuses all', async () => {
    run('-F', 'FORWARD')
    run('-P', 'FORWARD', 'ACCEPT')
    run('-A', 'FORWARD', '-d', '192.0.2.1/32', '-j', 'DROP')
    assert.equal(await allowForwarding(options), false)
    run('-A', 'FORWARD', '-j', 'REJECT')
    const before = rules()
    assert.equal(await allowForwarding(options), true)
    assert.deepEqual(rules(), [...before.slice(0, 2), ...oursIn('-d', '-s'), before[2]])
    await removeRules(options)
    assert.deepEqual(rules(), before)
  })

  test('is told anew where it was started anew, also where it refuses by a rule', async () => {
    run('-P', 'FORWARD', 'ACCEPT')
    run('-F', 'FORWARD')
    const kept = keepForwarding(options, { clock: systemClock, log: silentLog, lookEveryMs: 50 })
    run('-A', 'FORWARD', '-j', 'REJECT')
    await eventually(() => rules().length === 4)
    run('-F', 'FORWARD')
    run('-P', 'FORWARD', 'DROP')
    await eventually(() => rules().length === 3)
    await kept.stop()
    await removeRules(options)
  })
})
