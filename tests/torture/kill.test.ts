/** A short run of `npm run torture -- kill`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '../../src/simulation/checkers/checkers.ts'
import { etcdMissing } from '../../src/store/testing/etcd-process.ts'
import { kill, killRounds, LEAST_ACKNOWLEDGED, MOST_TRIES, untilItCounts } from './kill.ts'
import { sqliteServer } from './servers.ts'

const seed = Number(process.env.PROA_TORTURE_SEED ?? 1)

async function runOf(values: Record<string, string | number>): Promise<string[]> {
  const lines: string[] = []
  await kill.run({ ...kill.flags, seed, ...values }, line => void lines.push(line))
  return lines
}

test('a kill that had hardly a write to lose does not count, and is done again, but not for ever', async () => {
  const asked = { verb: 'delete', name: 'a' } as const
  const deleted: Operation = {
    client: 0,
    began: 1,
    ended: 2,
    asked,
    answer: { kind: 'deleted', uid: 'u' },
  }
  const others: Operation[] = [
    { client: 0, began: 1, asked },
    { client: 0, began: 1, ended: 2, asked, answer: { kind: 'refused', reason: 'NotFound' } },
    {
      client: 0,
      began: 1,
      ended: 2,
      asked: { verb: 'list' },
      answer: { kind: 'list', revision: 1, objects: [] },
    },
  ]
  const roundOf = (writes: number) => [
    ...Array.from({ length: writes }, () => deleted),
    ...Array.from({ length: LEAST_ACKNOWLEDGED }, () => others).flat(),
  ]
  const rounds = [0, LEAST_ACKNOWLEDGED - 1, LEAST_ACKNOWLEDGED]
  let kills = 0
  assert.equal(await untilItCounts(async () => roundOf(rounds[kills++] ?? 0)), 2)
  assert.equal(kills, 3)
  kills = 0
  await assert.rejects(
    untilItCounts(async () => roundOf(Math.min(0, kills++))),
    /fewer than/,
  )
  assert.equal(kills, MOST_TRIES)
})

test('20 times kill -9 of the API server', async context => {
  for (const line of await runOf({ rounds: 20 })) context.diagnostic(line)
})

test('6 times kill -9 of a server that compacts all the time', async context => {
  const lines = await runOf({
    rounds: 6,
    victim: 'compacting',
    names: 20,
    watchers: 20,
    least: 150,
  })
  for (const line of lines) context.diagnostic(line)
  assert.doesNotMatch(lines[0] ?? '', / 0 expired/, 'no watch came back to what was forgotten')
})

test('3 times kill -9 of a server whose wall clock is set by hours all the time', async context => {
  const lines = await runOf({ rounds: 3, victim: 'jumping', clients: 8, names: 20, watchers: 20 })
  for (const line of lines) context.diagnostic(line)
  assert.match(lines[0] ?? '', / 0 expired/, 'a jump of the clock made the server forget')
})

test('1,000 watches over two kills, and every one goes on where it was', async context => {
  const server = sqliteServer()
  const lines: string[] = []
  try {
    await killRounds(
      { server, seed, rounds: 2, clients: 4, names: 20, watchers: 999, least: 60 },
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

test('4 times kill -9 of one of two API servers, or of the etcd that they share', {
  skip: etcdMissing(),
}, async context => {
  const lines = await runOf({ rounds: 4, victim: 'shared', names: 20, watchers: 40 })
  for (const line of lines) context.diagnostic(line)
})
