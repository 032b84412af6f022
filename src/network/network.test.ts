import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { silentLog } from '#base/log.ts'
import type { RoleContext } from '#client/role.ts'
import { systemClock } from '#host/clock.ts'
import { podCidrOf, startPodNetwork } from './network.ts'

test('the configuration is for the range of the node, and comes back where somebody removed or changed it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-network-'))
  const options = {
    ...{ nodeName: 'here', name: 'proa' },
    configurationDirectory: join(directory, 'net.d'),
    addressDirectory: join(directory, 'addresses'),
  }
  let tell = (_podCidr: string | undefined) => {}
  const informers = {
    for: () => ({
      subscribe: (listener: { changed(node: Node): void }) => {
        tell = podCIDR => listener.changed({ spec: { podCIDR } } as Node)
        return () => {}
      },
    }),
  }
  const context = { informers, clock: systemClock, log: silentLog } as unknown as RoleContext
  const running = startPodNetwork(context, options, 10)
  const becomes = async (podCidr: string) => {
    const started = performance.now()
    while (podCidrOf(options) !== podCidr) {
      assert.ok(performance.now() - started < 10_000, `${podCidrOf(options)}`)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
  try {
    tell(undefined)
    assert.equal(podCidrOf(options), undefined)
    tell('10.1.0.0/24')
    assert.equal(podCidrOf(options), '10.1.0.0/24')
    tell('10.1.1.0/24')
    assert.equal(podCidrOf(options), '10.1.1.0/24')
    const file = join(options.configurationDirectory, '10-proa.conflist')
    const whole = readFileSync(file, 'utf8')
    rmSync(options.configurationDirectory, { recursive: true })
    await becomes('10.1.1.0/24')
    writeFileSync(file, whole.replace('10.1.1.0/24', '10.9.9.0/24'))
    await becomes('10.1.1.0/24')
  } finally {
    await running.stop()
    rmSync(directory, { recursive: true })
  }
})
