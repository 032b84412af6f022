/**
 * Notices nodes that fall silent: their state becomes Unknown, taints keep new pods away and, unless the whole cluster seems
 * gone, drive the pods off. A sign of life is a renewed lease or a new status, timed by this process's own clock, as
 * nodes' clocks may be wrong.
 */
import { lease } from '#api/coordination/v1/lease.ts'
import { type Node, node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { conditionOf } from '../runner/pods.ts'
import { BY_NODE, indexByNode } from '../runner/pods-by-node.ts'
import { countNodes } from './node-lifecycle.figures.ts'
import { reconcile, removed } from './node-lifecycle.reconcile.ts'
import { readinessOf } from './taints.ts'

/** Upstream's --node-monitor-grace-period (since 1.32) and --node-startup-grace-period. */
const GRACE_PERIOD_MS = 50_000
const STARTUP_GRACE_PERIOD_MS = 60_000
/** Upstream's --node-monitor-period: how often a node is looked at when nothing happens. */
const LOOK_AGAIN_MS = 5_000
/** Upstream's --node-eviction-rate of 0.1/s, and --secondary-node-eviction-rate of 0.01/s when a zone is badly hit. */
const EVICTION_INTERVAL_MS = 10_000
const SECONDARY_EVICTION_INTERVAL_MS = 100_000
/** From this share of silent nodes on (and more than two), a zone counts as badly hit. */
const UNHEALTHY_ZONE_THRESHOLD = 0.55
/** Badly hit zones of at most so many nodes evict nothing at all. */
const LARGE_CLUSTER_SIZE = 50
const LEASE_NAMESPACE = 'kube-node-lease'

interface Heard {
  readonly sign: string
  readonly atMs: number
}

export function nodeLifecycleController(context: ControllerContext): Controller {
  const { clock } = context
  const nodes = context.informers.for(node)
  const leases = context.informers.for(lease, { namespace: LEASE_NAMESPACE })
  const pods = context.informers.for(pod)
  indexByNode(pods)
  const heard = new Map<string, Heard>()
  /** Nodes by name that were met, as they were last seen. */
  const met = new Map<string, Node>()
  const lastEvictionMs = new Map<string, number>()
  const { evictions, counted } = countNodes(context.figures, () => nodes.list(), zoneOf)

  const listen = (found: Node): Heard => {
    const name = found.metadata.name ?? ''
    const beat = conditionOf(found.status.conditions, 'Ready')?.lastHeartbeatTime ?? ''
    const renewed = leases.get(`${LEASE_NAMESPACE}/${name}`)?.spec?.renewTime ?? ''
    const sign = `${beat} ${renewed}`
    const before = heard.get(name)
    if (before?.sign === sign) return before
    const next = { sign, atMs: clock.monotonicMs() }
    heard.set(name, next)
    return next
  }

  const isSilent = (found: Node): boolean => {
    const { atMs } = listen(found)
    const begun = conditionOf(found.status.conditions, 'Ready') !== undefined
    return clock.monotonicMs() - atMs > (begun ? GRACE_PERIOD_MS : STARTUP_GRACE_PERIOD_MS)
  }

  const isDown = (found: Node) => isSilent(found) || readinessOf(found) !== 'True'

  /** Whether another node of the zone may lose its pods now. */
  const mayEvict = (found: Node): boolean => {
    const zone = zoneOf(found)
    const inZone = nodes.list().filter(other => zoneOf(other) === zone)
    const down = inZone.filter(isDown).length
    const badlyHit = down > 2 && down / inZone.length >= UNHEALTHY_ZONE_THRESHOLD
    if (badlyHit && down < inZone.length && inZone.length <= LARGE_CLUSTER_SIZE) return false
    const interval =
      badlyHit && down < inZone.length ? SECONDARY_EVICTION_INTERVAL_MS : EVICTION_INTERVAL_MS
    const last = lastEvictionMs.get(zone)
    return last === undefined || clock.monotonicMs() - last >= interval
  }

  return {
    name: 'node-lifecycle-controller',
    component: 'node-controller',
    counted,
    workers: 4,
    views: [
      { kind: node, informer: nodes },
      { kind: lease, informer: leases },
      { kind: pod, informer: pods },
    ],
    wake(queue) {
      queue.onStop(
        nodes.subscribe({
          changed: found => queue.add(found.metadata.name ?? ''),
          deleted: found => {
            heard.delete(found.metadata.name ?? '')
            queue.add(found.metadata.name ?? '')
          },
        }),
      )
      queue.onStop(
        leases.subscribe({
          changed: ({ metadata: { name = '' } }) => {
            const found = nodes.get(name)
            if (!found) return
            listen(found)
            // A node that was given up and is back is cleared at once.
            if (readinessOf(found) !== 'True') queue.add(name)
          },
        }),
      )
      // A pod that is bound to a node which is down already has to be told so, too.
      queue.onStop(
        pods.subscribe({
          changed(next, previous) {
            const name = next.spec.nodeName
            if (!name || (previous && previous.spec.nodeName === name)) return
            const found = nodes.get(name)
            if (found && readinessOf(found) !== 'True') queue.add(name)
          },
        }),
      )
    },
    reconcile(name) {
      const found = nodes.get(name)
      const before = met.get(name)
      if (!found) {
        met.delete(name)
        return { writes: before ? [removed(before)] : [] }
      }
      met.set(name, found)
      // A healthy node needs no look at the others, which keeps a cluster of thousands cheap to watch over.
      const down = isDown(found)
      const evict = down && mayEvict(found)
      const { writes, evicting } = reconcile({
        node: found,
        pods: () => pods.by(BY_NODE, name),
        isNew: !before,
        silent: isSilent(found),
        mayEvict: evict,
        allDown: down && nodes.list().every(isDown),
        nowMs: clock.now(),
      })
      const tainted = (found.spec.taints ?? []).some(
        ({ key, effect }) =>
          effect === 'NoExecute' && /^node\.kubernetes\.io\/(not-ready|unreachable)$/.test(key),
      )
      if (evicting && evict && !tainted) {
        lastEvictionMs.set(zoneOf(found), clock.monotonicMs())
        evictions.add([zoneOf(found)])
      }
      // A node that is well is looked at again when it would be silent, unless it is heard of before.
      const silentInMs = listen(found).atMs + GRACE_PERIOD_MS - clock.monotonicMs()
      return { writes, againAfterMs: down ? LOOK_AGAIN_MS : Math.max(silentInMs, 0) + 1 }
    },
  }
}

function zoneOf({ metadata: { labels = {} } }: Node): string {
  const region = labels['topology.kubernetes.io/region'] ?? ''
  return `${region}/${labels['topology.kubernetes.io/zone'] ?? ''}`
}
