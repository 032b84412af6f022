/** What of the kubelet is read when somebody asks for its figures, under upstream's names. */
import type { FigureBook, Sample } from '#base/figures.ts'
import { version } from '#base/version.ts'
import type { Division } from '../division/division.ts'
import type { KubeletContext } from '../options.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { StartTimes } from './start-times.ts'

export interface GaugeParts {
  readonly context: KubeletContext
  readonly cache: RuntimeCache
  readonly workers: () => readonly PodWorker[]
  readonly isStatic: (uid: string) => boolean
  /** How many static pods are shown in the API. */
  readonly mirrors: () => number
  readonly times: StartTimes
  /** Of pods that went while no kubelet ran, as their directories were found and removed. */
  readonly leftovers: { readonly removed: number; readonly failed: number }
  /** Undefined where there are no control groups. */
  readonly cgroupVersion: () => number | undefined
}

const STATES: Readonly<Record<string, string>> = {
  created: 'created',
  running: 'running',
  exited: 'exited',
  unknown: 'unknown',
}
const LIFECYCLES = {
  running: 'sync',
  terminating: 'terminating',
  terminated: 'terminated',
} as const

const one = (value: number, labels: Sample['labels'] = {}): readonly Sample[] => [{ labels, value }]

export function tellGauges(parts: GaugeParts): void {
  const { context, cache, workers, times } = parts
  const { figures: book, nodeName, division } = context.options
  const gauge = (name: string, help: string, read: () => readonly Sample[]) =>
    book.gauge(name, help, read)
  const { gitVersion, major, minor } = version
  // Of what this is not built with nothing is said.
  const unsaid = { build_date: '', git_commit: '', git_tree_state: '', go_version: '' }
  const { operatingSystem, architecture } = context.options.hostAccess.facts
  gauge('kubernetes_build_info', 'The version of this process', () =>
    one(1, {
      ...{ ...unsaid, compiler: 'node', git_version: gitVersion, major, minor },
      platform: `${operatingSystem}/${architecture}`,
    }),
  )
  gauge('kubelet_node_name', "The node's name; always 1", () => one(1, { node: nodeName }))
  gauge('kubelet_running_pods', 'Pods with a sandbox that runs', () =>
    one(
      [...cache.uids()].filter(uid => cache.observe(uid).sandboxes.some(({ ready }) => ready))
        .length,
    ),
  )
  gauge('kubelet_running_containers', 'Containers of the runtime, by their state', () =>
    Object.entries(STATES).flatMap(([state, told]) => {
      const value = cache.containers().filter(each => each.state === state).length
      return value > 0 ? one(value, { container_state: told }) : []
    }),
  )
  tellPods(book, parts)
  gauge('kubelet_managed_ephemeral_containers', 'Ephemeral containers of pods of this node', () =>
    one(workers().reduce((sum, { pod }) => sum + (pod.spec?.ephemeralContainers ?? []).length, 0)),
  )
  gauge('kubelet_pleg_last_seen_seconds', 'When the runtime was listed last, since the epoch', () =>
    one(cache.lastListedAt / 1000),
  )
  gauge(
    'kubelet_first_network_pod_start_sli_duration_seconds',
    'From the creation of the first pod with a network until it ran, without pulling images',
    () => one(times.firstWithNetworkSeconds),
  )
  gauge('kubelet_cgroup_version', 'Of the control groups of the machine: 1 or 2', () =>
    parts.cgroupVersion() === undefined ? [] : one(parts.cgroupVersion() ?? 0),
  )
  for (const end of ['', '_errors'])
    gauge(
      `kubelet_orphan_pod_cleaned_volumes${end}`,
      end
        ? 'Pods that are gone whose volumes could not be removed, at the last look'
        : 'Pods that are gone whose volumes were removed, at the last look',
      () => one(end ? parts.leftovers.failed : parts.leftovers.removed),
    )
  tellProcessors(book, division)
}

/** The words in which upstream tells of pods. */
function tellPods(book: FigureBook, { workers, isStatic, mirrors }: GaugeParts): void {
  const byStatic = (chosen: readonly PodWorker[]) =>
    ['', 'true'].flatMap(told => {
      const value = chosen.filter(({ uid }) => isStatic(uid) === (told === 'true')).length
      return one(value, { static: told })
    })
  book.gauge('kubelet_desired_pods', 'Pods that this node is to run', () =>
    byStatic(workers().filter(({ removed }) => !removed)),
  )
  book.gauge('kubelet_active_pods', 'Pods that count when others are admitted', () =>
    byStatic(workers().filter(({ counts }) => counts)),
  )
  book.gauge('kubelet_mirror_pods', 'Pods of the API that stand for static ones', () =>
    one(mirrors()),
  )
  book.gauge('kubelet_working_pods', 'Pods that the kubelet works for, by how far they are', () => {
    const all = workers()
    return ['desired', 'orphan', 'runtime_only'].flatMap(config =>
      Object.entries(LIFECYCLES).flatMap(([mode, lifecycle]) =>
        (config === 'runtime_only' ? ['unknown'] : ['', 'true']).flatMap(told => {
          const value = all.filter(
            worker =>
              worker.mode === mode &&
              configOf(worker) === config &&
              staticOf(worker, isStatic) === told,
          ).length
          return one(value, { config, lifecycle, static: told })
        }),
      ),
    )
  })
}

const isRuntimeOnly = ({ pod }: PodWorker) => (pod.spec?.containers ?? []).length === 0

function configOf(worker: PodWorker): string {
  if (isRuntimeOnly(worker)) return 'runtime_only'
  return worker.removed ? 'orphan' : 'desired'
}

function staticOf(worker: PodWorker, isStatic: (uid: string) => boolean): string {
  if (isRuntimeOnly(worker)) return 'unknown'
  return isStatic(worker.uid) ? 'true' : ''
}

function tellProcessors(book: FigureBook, division: Division | undefined): void {
  const cpus = division?.cpus
  book.gauge(
    'kubelet_cpu_manager_shared_pool_size_millicores',
    'Processors that containers share, in thousandths',
    () => one((cpus?.shared.length ?? 0) * 1000),
  )
  book.gauge(
    'kubelet_cpu_manager_exclusive_cpu_allocation_count',
    'Processors that one container has for itself',
    () => one(cpus?.exclusiveCount ?? 0),
  )
}
