import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { churn } from './store/churn.ts'
import { compaction } from './store/compaction.ts'
import { etcd } from './store/etcd.ts'
import { million } from './store/million.ts'
import { reads } from './store/reads.ts'
import { starts } from './store/starts.ts'
import { writes } from './store/writes.ts'

/** `npm run bench -- store [PART…]`: how fast the store is, beside what node:sqlite itself can do on the same disk in the same run. */
const parts: Readonly<Record<string, (directory: string) => Promise<void>>> = {
  writes,
  etcd,
  compaction,
  reads,
  starts,
  churn,
  million,
}

/** Minutes long, so only by name. */
const long = ['churn', 'million']

export async function run(words: readonly string[]): Promise<void> {
  const unknown = words.find(word => !(word in parts))
  if (unknown !== undefined) {
    throw new Error(`there is no part ${unknown}; there are ${Object.keys(parts).join(', ')}`)
  }
  const directory = mkdtempSync(join(tmpdir(), 'proa-bench-'))
  try {
    for (const [name, part] of Object.entries(parts)) {
      const isWanted = words.length === 0 ? !long.includes(name) : words.includes(name)
      if (isWanted) await part(join(directory, name))
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
