/** What a pod's worker works with. */
import type { PodCgroups } from '../cgroups/pod-cgroups.ts'
import type { Containers } from '../containers/containers.ts'
import type { Images } from '../containers/images.ts'
import type { NodeDevices } from '../devices/node-devices.ts'
import type { SetKeeper } from '../division/keep-sets.ts'
import type { StorageEviction } from '../eviction/storage-eviction.ts'
import type { StartTimes } from '../figures/start-times.ts'
import type { KubeletContext } from '../options.ts'
import type { PodEvents } from '../pod-events.ts'
import type { Pod } from '../pod-types.ts'
import type { Probes } from '../probes/probes.ts'
import type { Deferred } from '../resize/deferred.ts'
import type { ResizeFigures } from '../resize/figures.ts'
import type { RuntimeStatus } from '../runtime.ts'
import type { PodFailure } from '../status/pod-status.ts'
import type { StatusWriter } from '../status/status-writer.ts'
import type { UserNamespaces } from '../user-namespaces/user-namespaces.ts'
import type { Volumes } from '../volumes/volumes.ts'
import type { PodWorker } from './pod-worker.ts'
import type { Backoff } from './restart-backoff.ts'
import type { RuntimeCache } from './runtime-cache.ts'
import type { Taken } from './taken.ts'

export interface PodParts {
  readonly context: KubeletContext
  readonly cache: RuntimeCache
  readonly cgroups: PodCgroups
  readonly events: PodEvents
  readonly images: Images
  readonly containers: Containers
  readonly volumes: Volumes
  readonly devices: NodeDevices
  readonly probes: Probes
  readonly backoff: Backoff
  readonly statusWriter: StatusWriter
  readonly storageEviction: StorageEviction
  /** What the pods that count take of the node; each worker tells what its own takes. */
  readonly taken: Taken
  readonly allocatable: Readonly<Record<string, string>>
  /** Resizes that wait for others to leave. */
  readonly deferred: Deferred
  readonly resizeFigures: ResizeFigures
  readonly setKeeper: SetKeeper
  readonly userNamespaces: UserNamespaces
  /** What the runtime last said of its ways to run containers. */
  readonly runtimeHandlers: () => RuntimeStatus['handlers']
  readonly times: StartTimes
  readonly client: {
    /** Deletes the object as soon as it says all; harmless where it is gone or another pod has its name. */
    removePod(pod: Pod): Promise<void>
  }
  /** May this pod run here at all? Undefined is yes. */
  readonly refuse: (worker: PodWorker) => PodFailure | undefined
  /** Reads the Node anew, by which pods are judged; rejects where the API does not answer. */
  readonly readNode: () => Promise<void>
  /** Why pods can't get a network now; empty when they can. */
  readonly networkProblem: () => string
  readonly gone: (worker: PodWorker) => void
}
