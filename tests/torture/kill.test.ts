/** A short run of `npm run torture -- kill`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { etcdMissing } from '../../src/store/testing/etcd-process.ts'
import { kill } from './kill.ts'

const seed = Number(process.env.PROA_TORTURE_SEED ?? 1)

async function runOf(values: Record<string, string | number>): Promise<string[]> {
  const lines: string[] = []
  await kill.run({ ...kill.flags, seed, ...values }, line => void lines.push(line))
  return lines
}

test('20 times kill -9 of the API server', async context => {
  for (const line of await runOf({ rounds: 20 })) context.diagnostic(line)
})

test('5 times kill -9 of the etcd', { skip: etcdMissing() }, async context => {
  const lines = await runOf({ rounds: 5, victim: 'etcd', clients: 8, names: 20, watchers: 10 })
  assert.equal(lines.length, 2)
  for (const line of lines) context.diagnostic(line)
})
