/** Profiles of this process, by the inspector that is part of Node; loaded by the first who wants one. */
import { Session } from 'node:inspector/promises'
import {
  type AllocationProfile,
  AlreadyProfiling,
  type CpuProfile,
  type Profiler,
} from '#base/profiles/v8.ts'

/** V8's own distances between two looks. */
export const CPU_INTERVAL_US = 1000
export const ALLOCATION_INTERVAL_BYTES = 32 * 1024

/** The sorts that are being taken: V8 would begin a second one by ending the first. */
const running = new Set<string>()

export const processProfiler: Profiler = {
  cpu: until =>
    inSession('cpu', async session => {
      await session.post('Profiler.enable')
      await session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US })
      await session.post('Profiler.start')
      await until
      const { profile } = await session.post('Profiler.stop')
      return profile satisfies CpuProfile
    }),
  allocations: (until, of) =>
    inSession('allocations', async session => {
      const isOfAll = of === 'all'
      await session.post('HeapProfiler.startSampling', {
        samplingInterval: ALLOCATION_INTERVAL_BYTES,
        includeObjectsCollectedByMajorGC: isOfAll,
        includeObjectsCollectedByMinorGC: isOfAll,
      })
      await until
      const { profile } = await session.post('HeapProfiler.stopSampling')
      return profile satisfies AllocationProfile
    }),
}

async function inSession<T>(sort: string, take: (session: Session) => Promise<T>): Promise<T> {
  if (running.has(sort)) throw new AlreadyProfiling(`a profile (${sort}) is being taken`)
  running.add(sort)
  const session = new Session()
  try {
    session.connect()
    return await take(session)
  } finally {
    session.disconnect()
    running.delete(sort)
  }
}
