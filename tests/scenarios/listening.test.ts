/** Wherever it listens, its kubeconfig leads there, and its certificate is for every address under which it is found. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { machineAddresses } from '#host/addresses.ts'
import { ask2 } from '../../src/client/testing/serving.ts'
import { adminOf, ProaProcess } from './proa-process.ts'

for (const address of ['0.0.0.0', '::', '::1'])
  test(`it listens on ${address}`, async context => {
    const directory = mkdtempSync(join(tmpdir(), 'proa-listening-'))
    const flags = ['--data-dir', directory, '--nodes', 'none', '--secure-port', '0']
    const proa = new ProaProcess(['up', ...flags, '--bind-address', address])
    try {
      await proa.said(/is ready after/)
      const kubeconfig = readFileSync(join(directory, 'admin.conf'), 'utf8')
      const url = new URL(/server: "(.*)"/.exec(kubeconfig)?.[1] ?? '')
      const others = address === '::1' ? [] : machineAddresses()
      for (const host of [url.hostname, ...others]) {
        const session = connect(`https://${host}:${url.port}`, adminOf(directory))
        const { status } = await ask2(session, { path: '/api/v1/namespaces/default' })
        session.destroy()
        assert.equal(status, 200, host)
      }
    } catch (error) {
      if (!/not an address of this machine/.test(proa.stderr)) throw error
      context.skip('this machine has no IPv6')
    } finally {
      await proa.kill('SIGTERM')
      rmSync(directory, { recursive: true })
    }
  })
