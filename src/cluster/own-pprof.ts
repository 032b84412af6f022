/** Profiles of this process, for each of its components. What takes and writes them is loaded with the first who asks. */
import type { Clock } from '#base/clock.ts'
import type { Pprof } from '#client/serving/pprof.ts'

export function ownPprof(clock: Clock): Pprof {
  let loaded: Promise<Pprof> | undefined
  return async question => {
    loaded ??= load(clock)
    return (await loaded)(question)
  }
}

async function load(clock: Clock): Promise<Pprof> {
  const [{ createPprof }, host] = await Promise.all([
    import('#client/serving/pprof.ts'),
    import('#host/profiler.ts'),
  ])
  return createPprof({
    profiler: host.processProfiler,
    intervals: { cpuUs: host.CPU_INTERVAL_US, allocationBytes: host.ALLOCATION_INTERVAL_BYTES },
    clock,
    commandLine: [...process.argv],
  })
}
