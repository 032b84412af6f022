/** The node's link is damaged by others: it comes back by itself, and who listens on its address goes on. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { after, describe, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { ensureHostLink, keepHostLink } from '../../src/network/host-link.ts'
import { eventually, freeRanges, whyNotHere } from './proa-process.ts'

describe('a link that others damage', { skip: whyNotHere() }, () => {
  const link = `proa-t${process.pid}`
  const ranges = freeRanges()
  const address = ranges.pods.replace('0.0/16', '0.1')
  const options = { link, addresses: [address], serviceCidr: ranges.services }
  const ip = (...words: string[]) => spawnSync('ip', words, { encoding: 'utf8' })
  after(() => ip('link', 'delete', link))

  const isThere = () =>
    ip('-4', 'address', 'show', link).stdout.includes(` ${address}/32`) &&
    ip('route', 'show', 'dev', link).stdout.includes(ranges.services)

  test('is mended', async () => {
    await ensureHostLink(options)
    assert.ok(isThere())
    const warnings: string[] = []
    const log = { ...silentLog, warn: (message: string) => warnings.push(message) }
    const server = createServer(socket => socket.end('here')).listen(0, address)
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const kept = keepHostLink(options, { clock: systemClock, log, lookEveryMs: 50 })
    try {
      const harms = [
        ['link', 'delete', link],
        ['link', 'set', link, 'down'],
        ['address', 'flush', 'dev', link],
        ['route', 'delete', ranges.services, 'dev', link],
      ]
      for (const [at, harm] of harms.entries()) {
        const { status, stderr } = ip(...harm)
        assert.equal(status, 0, stderr)
        await eventually(() => warnings.length === at + 1 && isThere())
      }
      assert.equal(await heard(address, port), 'here')
      await new Promise(resolve => setTimeout(resolve, 300))
      assert.equal(warnings.length, harms.length, 'what is whole is left alone')
    } finally {
      await kept.stop()
      server.close()
    }
  })
})

function heard(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    connect({ host, port })
      .on('error', reject)
      .on('data', data => {
        text += data
      })
      .on('end', () => resolve(text))
  })
}
