/** Finds the pod and container that a request names. */
import { badRequest, notFound, StatusError } from '#api/machinery/status.ts'
import { findContainer, type Pod } from '../pod-types.ts'
import { newestOf, runsOf } from '../pods/observed-pod.ts'
import type { ContainerStatus } from '../runtime.ts'
import type { Route, ServerParts } from './server.ts'

const PODS = { group: '', resource: 'pods' }

/** `/<verb>/<namespace>/<pod>[/<uid>]/<container>`. */
export function podOf({ workers }: ServerParts, { segments }: Route): Pod {
  const [, namespace = '', name = ''] = segments
  const worker = workers.find(namespace, name)
  if (!worker) throw notFound(PODS, name)
  return worker.pod
}

export function containerNameOf(route: Route): string {
  const name = route.segments.length > 4 ? route.segments[4] : route.segments[3]
  if (!name) throw badRequest('the path must name a container')
  return name
}

export function runningContainer(parts: ServerParts, route: Route): ContainerStatus {
  const pod = podOf(parts, route)
  const name = containerNameOf(route)
  if (!findContainer(pod, name))
    throw badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`)
  const run = newestOf(parts.cache.observe(pod.metadata.uid ?? ''), name)
  if (run?.state !== 'running')
    throw new StatusError('InternalError', `container not found ("${name}")`)
  return run
}

/** The run whose log is asked for: the newest, or the one before it. */
export function loggedRun(parts: ServerParts, route: Route, previous: boolean): ContainerStatus {
  const pod = podOf(parts, route)
  const name = containerNameOf(route)
  const where = `container "${name}" in pod "${pod.metadata.name}"`
  if (!findContainer(pod, name))
    throw badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`)
  const runs = runsOf(parts.cache.observe(pod.metadata.uid ?? ''), name)
  if (previous) {
    const run = runs[0]?.state === 'exited' && waits(parts, pod, name) ? runs[0] : runs[1]
    if (!run) throw badRequest(`previous terminated ${where} not found`)
    return run
  }
  const run = runs[0]
  const waiting = parts.workers.get(pod.metadata.uid ?? '')?.waiting.get(name)
  if (run && (run.state !== 'created' || !waiting)) return run
  if (waiting) {
    const why = /ImagePull|ImageNeverPull|InvalidImageName|ImageInspect/.test(waiting.reason)
      ? ': trying and failing to pull image'
      : `: ${waiting.reason}`
    throw badRequest(`${where} is waiting to start${why}`)
  }
  const reason =
    (pod.spec?.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating'
  throw badRequest(`${where} is waiting to start: ${reason}`)
}

/** It ended and waits for its next start: then its last run is "previous". */
const waits = (parts: ServerParts, pod: Pod, name: string): boolean =>
  parts.workers.get(pod.metadata.uid ?? '')?.waiting.has(name) ?? false
