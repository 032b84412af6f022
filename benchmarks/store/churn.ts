import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openAt, say, whole } from './common.ts'

const UPDATES = { some: 200_000, full: 2_000_000 }
/** 1,000 nodes' leases, and as many updates at once as a busy API server has. */
const LEASES = 1000
const WRITERS = 128
const LEASE_BYTES = 500
const MAX_MEGABYTES = 100

/** Leases that are renewed for ever: the files must not grow. Fails when they do. */
export async function churn(directory: string, isFull: boolean): Promise<void> {
  const wanted = isFull ? UPDATES.full : UPDATES.some
  const store = await openAt(directory)
  let updates = 0
  let largest = 0
  const start = performance.now()
  const renew = async () => {
    while (updates < wanted) {
      const key = `/registry/leases/kube-node-lease/node-${updates++ % LEASES}`
      await store.commit([{ key, value: new Uint8Array(LEASE_BYTES) }])
      if (updates % 10_000 === 0) largest = Math.max(largest, megabytesIn(directory))
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, renew))
  const seconds = (performance.now() - start) / 1000
  await store.close()
  say(
    `${whole(wanted)} lease updates in ${seconds.toFixed(0)} s`,
    `files at most ${largest.toFixed(1)} MB, ${megabytesIn(directory).toFixed(1)} MB in the end`,
    `at most ${MAX_MEGABYTES} MB`,
  )
  if (largest > MAX_MEGABYTES) throw new Error(`the files grew beyond ${MAX_MEGABYTES} MB`)
}

function megabytesIn(directory: string): number {
  return readdirSync(directory).reduce(
    (sum, name) => sum + statSync(join(directory, name)).size / 1e6,
    0,
  )
}
