/**
 * Whose processor time it is: samples of the main thread's stack, each given to the part of the cluster that was at work. Looking
 * costs time of its own, so it is done only where it is asked for.
 */
import { writeFileSync } from 'node:fs'
import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'

/** Rooms that act; what they call of `base` and `api` is theirs. */
const ROOMS = ['scheduler', 'apiserver', 'store', 'client'] as const
export type Share = (typeof ROOMS)[number] | 'bench' | 'collector' | 'other'

const SAMPLE_MICROSECONDS = 1000

/** Starts to look; the returned function ends it, writes all samples to the file (.cpuprofile) and tells the shares, which together are 1. */
export async function watchShares(
  file: string,
): Promise<() => Promise<Readonly<Record<Share, number>>>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROSECONDS })
  await session.post('Profiler.start')
  return async () => {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    writeFileSync(file, JSON.stringify(profile))
    return sharesOf(profile)
  }
}

function sharesOf({ nodes, samples = [] }: Profiler.Profile): Readonly<Record<Share, number>> {
  const owners = new Map<number, Share | 'idle'>()
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map(one => [one, id])))
  const byId = new Map(nodes.map(node => [node.id, node]))
  const ownerOf = (id: number): Share | 'idle' => {
    const known = owners.get(id)
    if (known) return known
    const frame = byId.get(id)?.callFrame
    const parent = parents.get(id)
    const owner = (frame && frameOwner(frame)) ?? (parent === undefined ? 'other' : ownerOf(parent))
    owners.set(id, owner)
    return owner
  }
  const counts = { scheduler: 0, apiserver: 0, store: 0, client: 0 }
  const shares: Record<Share, number> = { ...counts, bench: 0, collector: 0, other: 0 }
  let total = 0
  for (const id of samples) {
    const owner = ownerOf(id)
    if (owner === 'idle') continue
    shares[owner]++
    total++
  }
  for (const name of Object.keys(shares) as Share[]) shares[name] /= Math.max(1, total)
  return shares
}

function frameOwner({ functionName, url }: { functionName: string; url: string }) {
  if (functionName === '(idle)') return 'idle'
  if (functionName === '(garbage collector)') return 'collector'
  if (url.includes('/benchmarks/')) return 'bench'
  return ROOMS.find(room => url.includes(`/src/${room}/`))
}
