/** A short run of `npm run torture -- kill`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { etcdMissing } from '../../src/store/testing/etcd-process.ts'
import { kill, killRounds } from './kill.ts'
import { sqliteServer } from './servers.ts'

const seed = Number(process.env.PROA_TORTURE_SEED ?? 1)

async function runOf(values: Record<string, string | number>): Promise<string[]> {
  const lines: string[] = []
  await kill.run({ ...kill.flags, seed, ...values }, line => void lines.push(line))
  return lines
}

test('20 times kill -9 of the API server', async context => {
  for (const line of await runOf({ rounds: 20 })) context.diagnostic(line)
})

test('1,000 watches over two kills, and every one goes on where it was', async context => {
  const server = sqliteServer()
  const lines: string[] = []
  try {
    await killRounds(
      { server, seed, rounds: 2, clients: 4, names: 20, watchers: 999 },
      line => void lines.push(line),
    )
  } finally {
    await server.remove()
  }
  for (const line of lines) context.diagnostic(line)
  assert.match(lines[0] ?? '', / 1000 watches/)
})

test('5 times kill -9 of the etcd', { skip: etcdMissing() }, async context => {
  const lines = await runOf({ rounds: 5, victim: 'etcd', clients: 8, names: 20, watchers: 10 })
  assert.equal(lines.length, 2)
  for (const line of lines) context.diagnostic(line)
})
