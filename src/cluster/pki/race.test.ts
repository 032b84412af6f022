/** API servers that share an etcd may start on one directory of keys at the same time: all of them come to hold the same. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { systemRandom } from '#host/random.ts'
import { ensurePki } from './pki.ts'

const OPENERS = 3
const ROUNDS = 6

/** What each opener saw in each directory. */
async function openAll(directories: readonly string[]): Promise<unknown[][]> {
  const barrier = new Int32Array(new SharedArrayBuffer(4))
  const seen: unknown[][] = directories.map(() => [])
  const workers = Array.from({ length: OPENERS }, () => {
    const url = new URL('./testing/opener.worker.ts', import.meta.url)
    const worker = new Worker(url, { workerData: { directories, barrier, openers: OPENERS } })
    worker.on('message', ({ round, opened, failed }) => seen[round]?.push(failed ?? opened))
    return new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))
  })
  await Promise.all(workers)
  return seen
}

function assertSame(directory: string, seen: readonly unknown[]): void {
  assert.equal(seen.length, OPENERS)
  for (const each of seen) assert.deepEqual(each, seen[0])
  assert.equal(typeof seen[0], 'object', String(seen[0]))
  const pki = ensurePki({
    ...{ directory, names: [], ips: [], files: systemFiles },
    ...{ clock: systemClock, random: systemRandom },
  })
  const server = new X509Certificate(pki.server().certificate)
  assert.ok(server.verify(new X509Certificate(pki.authority).publicKey))
  assert.deepEqual(
    readdirSync(directory).filter(name => name.includes('.new')),
    [],
  )
}

test('several that open one directory at the same time hold the same authorities and keys', async () => {
  const root = mkdtempSync(join(tmpdir(), 'proa-pki-race-'))
  try {
    const empty = Array.from({ length: ROUNDS }, (_, at) => join(root, `empty-${at}`, 'pki'))
    for (const directory of empty) mkdirSync(join(directory, '..'))
    for (const [at, seen] of (await openAll(empty)).entries()) assertSame(empty[at] ?? '', seen)
    for (const directory of empty) assert.deepEqual(readdirSync(join(directory, '..')), ['pki'])

    // An authority of their own, and nothing else: all the rest is made by each of them.
    const brought = Array.from({ length: ROUNDS }, (_, at) => join(root, `brought-${at}`))
    for (const directory of brought)
      for (const name of ['ca.crt', 'ca.key'])
        cpSync(join(empty[0] ?? '', name), join(directory, name))
    for (const [at, seen] of (await openAll(brought)).entries()) assertSame(brought[at] ?? '', seen)
  } finally {
    rmSync(root, { recursive: true })
  }
})
