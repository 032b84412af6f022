/** What the tests of workloads on hollow nodes share. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { event } from '#api/core/v1/event.ts'
import { type Node, node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import type { Cluster } from '#index'

const WAIT_MS = 90_000

/** Waits until `look` finds something; fails with what was waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  for (const started = performance.now(); performance.now() - started < WAIT_MS; await pause(5)) {
    const found = await look()
    if (found) return found
  }
  return assert.fail(`${what} did not happen within ${WAIT_MS} ms`)
}

export const isReady = ({ metadata, status }: Pod): boolean =>
  !metadata.deletionTimestamp &&
  status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true

/** Waits until so many nodes take pods: a cluster has started before its nodes have told of themselves. */
export const nodesReady = ({ client }: Cluster, count: number) =>
  until(`${count} nodes to be ready`, async () => {
    const { items } = await client.list(node)
    const takesPods = ({ spec, status }: Node) =>
      (spec.taints ?? []).length === 0 &&
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')
    return items.length === count && items.every(takesPods)
  })

/** The pods of the app, by name. */
export async function podsOf({ client }: Cluster, app: string): Promise<Pod[]> {
  const { items } = await client.list(pod, { namespace: 'default', labelSelector: `app=${app}` })
  return [...items].sort((a, b) => (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''))
}

/** Waits until there are so many pods, all ready and of this image. */
export const running = (cluster: Cluster, app: string, count: number, image: string) =>
  until(`${count} pods of ${image}`, async () => {
    const pods = await podsOf(cluster, app)
    const fits = (each: Pod) => isReady(each) && each.spec.containers[0]?.image === image
    return pods.length === count && pods.every(fits) && pods
  })

/** Waits for an event of this reason on the object, and gives its message. */
export const eventOn = ({ client }: Cluster, name: string, reason: string) =>
  until(`${reason} on ${name}`, async () => {
    const { items } = await client.list(event, { namespace: 'default' })
    return items.find(each => each.reason === reason && each.involvedObject.name === name)?.message
  })

/** Tells of every change of the app's pods, those that are there first, until the function that it gives is called. */
export async function followPods(
  { client }: Cluster,
  app: string,
  see: (found: Pod, isGone: boolean) => void,
): Promise<() => void> {
  const watch = await client.watch(pod, { namespace: 'default', labelSelector: `app=${app}` })
  return watch.subscribe({
    next({ type, object }) {
      if (type !== 'BOOKMARK' && type !== 'ERROR') see(object as Pod, type === 'DELETED')
    },
    end() {},
  })
}
