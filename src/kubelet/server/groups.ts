/** What is measured on the node: the machine, the groups around pods, pods, their sandboxes and containers, each with its control group's figures. */
import { cgroupOf } from '../containers/sandbox-config.ts'
import type { CgroupFigures } from '../host-access.ts'
import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE, POD_UID } from '../labels.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import type { ContainerStats } from '../runtime.ts'
import { figures } from './figures.ts'
import { type InterfaceFigures, interfacesIn } from './network-figures.ts'
import { type ProcessFigures, processesOf } from './process-figures.ts'
import type { ServerParts } from './server.ts'

export interface Group {
  /** The control group's path, or a container's id where it is not known. */
  readonly id: string
  readonly container: string
  readonly image: string
  readonly name: string
  readonly namespace: string
  readonly pod: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** When it was measured. */
  readonly timestamp: number
  readonly cgroup?: CgroupFigures
  /** Of a container, as the runtime tells it. */
  readonly stats?: ContainerStats
  readonly interfaces?: readonly InterfaceFigures[]
  readonly processes?: ProcessFigures
}

type Named = Pick<Group, 'container' | 'image' | 'name' | 'namespace' | 'pod'>
const NOBODY: Named = { container: '', image: '', name: '', namespace: '', pod: '' }

/** The figures of one group; undefined where nobody measures, as on hollow nodes, or it is gone. */
export async function groupFigures(
  { context }: Pick<ServerParts, 'context'>,
  path: string,
): Promise<CgroupFigures | undefined> {
  return context.options.hostAccess.cgroups?.figures?.(path)
}

/** The groups in which pods' are. */
export const tiersOf = (root: string): readonly string[] =>
  root ? [root, `${root}/burstable`, `${root}/besteffort`] : []

export async function groupsOf(parts: ServerParts): Promise<readonly Group[]> {
  const { context, workers, startedMs } = parts
  const { cgroupRoot } = context.options
  const stats = await figures(parts)
  const paths = ['/', ...tiersOf(cgroupRoot)]
  const around = await Promise.all(paths.map(path => group(parts, path, NOBODY, startedMs)))
  const pods = await Promise.all(workers.all().map(worker => podGroups(parts, worker)))
  const known = new Map(pods.flatMap(({ containers }) => containers).map(each => [each.name, each]))
  const containers = stats.map(stat => {
    const { labels, startedAt, image, containerId, timestamp } = stat
    const found = known.get(containerId)
    return {
      ...{ id: `/${containerId}`, name: containerId, image, startedAt },
      ...{ container: labels[CONTAINER_NAME] ?? '', pod: labels[POD_NAME] ?? '' },
      ...{ namespace: labels[POD_NAMESPACE] ?? '', timestamp },
      ...found,
      stats: stat,
    }
  })
  return [...around.flat(), ...pods.flatMap(({ around }) => around), ...containers]
}

/** The pod itself, its sandbox, and its containers. */
async function podGroups(
  parts: ServerParts,
  worker: PodWorker,
): Promise<{ readonly around: readonly Group[]; readonly containers: readonly Group[] }> {
  const { cgroupRoot } = parts.context.options
  if (!cgroupRoot) return { around: [], containers: [] }
  const path = cgroupOf(worker.pod, cgroupRoot)
  const { containers, sandboxes, name, namespace } = parts.cache.observe(worker.uid)
  const ofPod: Named = { ...NOBODY, namespace, pod: name }
  const [sandbox] = sandboxes.filter(({ ready }) => ready)
  const whole = await group(parts, path, ofPod, sandbox?.createdAt ?? 0)
  const shared = sandbox
    ? await group(parts, `${path}/${sandbox.id}`, { ...ofPod, name: sandbox.id }, sandbox.createdAt)
    : []
  const isOnHost = worker.pod.spec?.hostNetwork ?? false
  const withNetwork = await Promise.all(
    shared.map(async each => ({ ...each, ...(isOnHost ? {} : await networkOf(parts, each)) })),
  )
  const running = containers.filter(({ state }) => state === 'running')
  const each = await Promise.all(
    running.map(({ id, labels, image, startedAt }) =>
      group(
        parts,
        `${path}/${id}`,
        { ...ofPod, name: id, image, container: labels[CONTAINER_NAME] ?? '' },
        startedAt,
      ),
    ),
  )
  return { around: [...whole, ...withNetwork], containers: each.flat() }
}

/** Nothing where there is no such group. */
async function group(
  parts: ServerParts,
  id: string,
  named: Named,
  startedAt: number,
): Promise<readonly Group[]> {
  const cgroup = await groupFigures(parts, id)
  if (!cgroup) return []
  const { clock, options } = parts.context
  const processes = await processesOf(options.hostAccess.files, cgroup.pids.processIds)
  return [{ id, ...named, startedAt, timestamp: clock.now(), cgroup, processes }]
}

/** What the pod sent and received, by the network of a process that is always there. */
async function networkOf(
  { context }: ServerParts,
  { cgroup }: Group,
): Promise<Pick<Group, 'interfaces'>> {
  const [process] = cgroup?.pids.processIds ?? []
  if (process === undefined) return {}
  const bytes = await context.options.hostAccess.files.read(`/proc/${process}/net/dev`)
  return bytes ? { interfaces: interfacesIn(new TextDecoder().decode(bytes)) } : {}
}

/** The interfaces of the sandbox of a pod. */
export async function podInterfaces(
  parts: ServerParts,
  worker: PodWorker,
): Promise<readonly InterfaceFigures[]> {
  const { cgroupRoot } = parts.context.options
  const [sandbox] = parts.cache.observe(worker.uid).sandboxes.filter(({ ready }) => ready)
  if (!cgroupRoot || !sandbox || worker.pod.spec?.hostNetwork) return []
  const path = `${cgroupOf(worker.pod, cgroupRoot)}/${sandbox.id}`
  const cgroup = await groupFigures(parts, path)
  if (!cgroup) return []
  const { interfaces = [] } = await networkOf(parts, {
    ...{ id: path, ...NOBODY, startedAt: 0, timestamp: 0, cgroup },
  })
  return interfaces
}

/** Of the machine itself. */
export async function machineInterfaces({
  context,
}: ServerParts): Promise<readonly InterfaceFigures[]> {
  const bytes = await context.options.hostAccess.files.read('/proc/net/dev')
  return bytes ? interfacesIn(new TextDecoder().decode(bytes)) : []
}

export const podUidOf = (labels: Readonly<Record<string, string>>): string => labels[POD_UID] ?? ''
