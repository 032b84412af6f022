/** What a kubelet needs to run a node that is not there: a runtime and a machine, both in memory. */
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { ContainerRuntime, HostAccess, ProbeAnswer } from '#kubelet'
import { createAddressPool } from './addresses.ts'
import { createHollowRuntime } from './hollow-runtime.ts'
import { createMemoryFiles, DISK_BYTES } from './memory-files.ts'
import { HollowUsage } from './usage.ts'

export interface HollowNodeOptions {
  readonly clock: Clock
  readonly random: Random
  readonly hostname: string
  /** Range of its pods' addresses, e.g. 10.244.3.0/24, or one of each family with a comma between them. */
  readonly podCidr: string
  readonly cpuMillis?: number
  readonly memoryBytes?: number
  readonly sandboxLatencyMs?: number
  readonly startLatencyMs?: number
  readonly isMissing?: (image: string) => boolean
}

export interface HollowNode {
  readonly runtime: ContainerRuntime
  readonly hostAccess: HostAccess
  /** Its runtime tells every event, so listing is only a safeguard. */
  readonly relistMs: number
}

/** Size of an ordinary cloud machine, so that schedulers have something to weigh. */
const CPU_MILLIS = 4000
const MEMORY_BYTES = 16 * 1024 ** 3
const RELIST_MS = 60_000

export function createHollowNode(options: HollowNodeOptions): HollowNode {
  const files = createMemoryFiles()
  const { hostname, podCidr, random } = options
  const healthy = async (): Promise<ProbeAnswer> => ({ ok: true, output: '' })
  const uuid = random.uuid()
  const usage = new HollowUsage(options.clock)
  return {
    relistMs: RELIST_MS,
    runtime: createHollowRuntime({
      ...options,
      files,
      usage,
      addresses: createAddressPool(podCidr),
    }),
    hostAccess: {
      files,
      facts: {
        hostname,
        cpuMillis: options.cpuMillis ?? CPU_MILLIS,
        memoryBytes: options.memoryBytes ?? MEMORY_BYTES,
        ephemeralStorageBytes: DISK_BYTES,
        machineId: uuid.replaceAll('-', ''),
        systemUuid: uuid,
        bootId: random.uuid(),
        kernelVersion: '6.0.0-hollow',
        osImage: 'Proa hollow node',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
      // Mounts are directories here: nothing runs that could tell the difference.
      mounts: {
        mountTmpfs: path => files.makeDirectory(path),
        bindInside: (_base, _relative, target) => files.makeDirectory(target),
        unmount: async () => {},
        mountedBelow: async () => [],
      },
      network: { http: healthy, tcp: healthy, grpc: healthy },
      usage: () => usage.machine(),
    },
  }
}
