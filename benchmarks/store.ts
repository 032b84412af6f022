import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '#base/errors.ts'
import { checkpoints } from './store/checkpoints.ts'
import { churn } from './store/churn.ts'
import { compaction } from './store/compaction.ts'
import { etcd } from './store/etcd.ts'
import { migration } from './store/migration.ts'
import { million } from './store/million.ts'
import { reads } from './store/reads.ts'
import { starts } from './store/starts.ts'
import { writes } from './store/writes.ts'

/**
 * `npm run bench -- store [--full] [PART…]`: how fast the store is, beside what node:sqlite itself can do on the same disk in the same run,
 * and what is asked of it. Some two minutes; with `--full`, of a million objects and of millions of updates, some ten.
 */
const parts: Readonly<Record<string, (directory: string, isFull: boolean) => Promise<void>>> = {
  writes,
  etcd,
  compaction,
  checkpoints,
  reads,
  starts,
  churn,
  million,
  migration,
}

export const flags = ['--full']

export async function run(words: readonly string[]): Promise<void> {
  const isFull = words.includes('--full')
  const names = words.filter(word => word !== '--full')
  const unknown = names.find(name => !(name in parts))
  if (unknown !== undefined) {
    throw new UserError(`there is no part ${unknown}; there are ${Object.keys(parts).join(', ')}`)
  }
  const directory = mkdtempSync(join(tmpdir(), 'proa-bench-'))
  try {
    for (const [name, part] of Object.entries(parts)) {
      if (names.length > 0 && !names.includes(name)) continue
      await part(join(directory, name), isFull)
      // What a part leaves behind may be more than a gigabyte.
      for (const left of readdirSync(directory)) rmSync(join(directory, left), { recursive: true })
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
