/** Somebody else empties or removes the table of service rules, as a firewall does that is started anew: it comes back by itself. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import type { RoleContext } from '../../src/client/role.ts'
import { ProxyFigures } from '../../src/proxy/figures.ts'
import { ProxyHealth } from '../../src/proxy/proxy-health.ts'
import { RuleWriter } from '../../src/proxy/rule-writer.ts'
import { rulesetOf } from '../../src/proxy/ruleset.ts'
import { eventually, whyNotHere } from './proa-process.ts'

const namespace = `proa-lost-${process.pid}`
const nft = ['ip', 'netns', 'exec', namespace, 'nft'] as const
const ruleset = rulesetOf([], [], { clusterCidr: '10.244.0.0/16' })

const run = (...words: string[]) => {
  const [program, ...first] = nft
  return spawnSync(program, [...first, ...words], { encoding: 'utf8' })
}
const listed = () => run('list', 'table', 'ip', 'proa').stdout

describe('service rules that somebody else removes', { skip: whyNotHere() }, () => {
  before(() => assert.equal(spawnSync('ip', ['netns', 'add', namespace]).status, 0))
  after(() => spawnSync('ip', ['netns', 'delete', namespace]))

  test('are written anew', async () => {
    const warnings: string[] = []
    const log = {
      ...silentLog,
      warn: (message: string) => warnings.push(message),
      with: () => log,
    }
    const losses: boolean[] = []
    const writer = new RuleWriter({ clock: systemClock, log } as unknown as RoleContext, {
      ...{ table: 'proa', nft, lookEveryMs: 50 },
      ...{ health: new ProxyHealth(systemClock), figures: new ProxyFigures([4]), family: 4 },
      wanted: () => ({ ruleset, udpDestinations: new Map(), healthChecks: [] }),
      written: (_, lost) => losses.push(lost),
    })
    await writer.firstWrite
    const whole = listed()
    assert.match(whole, /vmap @service-addresses/)
    const harms = ['flush ruleset', 'delete table ip proa', 'flush table ip proa']
    for (const [at, harm] of harms.entries()) {
      assert.equal(run(...harm.split(' ')).status, 0, harm)
      await eventually(() => losses.length === at + 2 && listed() === whole)
    }
    await new Promise(resolve => setTimeout(resolve, 300))
    await writer.stop()
    assert.deepEqual(losses, [false, true, true, true], 'what nobody removed is left alone')
    assert.equal(warnings.length, harms.length)
  })
})
