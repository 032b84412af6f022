/** Keeps the routes of the cloud to the ranges of nodes' pods, and says of each node whether its routes are there. */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { formatDuration } from '#api/machinery/duration.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rfc3339, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { type CloudContext, eachOf, inRounds, type RunningCloudController } from '../context.ts'
import type { Route, Routes } from '../provider.ts'
import { type ClusterRanges, planRoutes, type RoutePlan } from './route-plan.ts'

/** At once, upstream's. */
const CONCURRENT = 200
/** Of a node whose routes were refused: the next round tries them again. */
const CONDITION_ATTEMPTS = 5
const CONDITION_WAIT_MS = 100

export interface NodeRouteOptions {
  readonly routes: Routes
  readonly clusterRanges: ClusterRanges
  readonly routeReconciliationPeriodMs: number
}

export function startNodeRoute(
  context: CloudContext,
  { routes, clusterRanges, routeReconciliationPeriodMs }: NodeRouteOptions,
): RunningCloudController {
  const { informers, client, clock, log, clusterName, figures } = context
  const nodes = informers.for(nodeKind)
  const recorder = context.recorder('route_controller')
  const syncs = figures.counter(
    'route_controller_route_sync_total',
    'How often routes were held against the cloud.',
  )

  const round = async (signal: AbortSignal): Promise<void> => {
    syncs.add([])
    const present = await routes.listRoutes(clusterName, signal).catch(error => {
      throw new Error(`error listing routes: ${messageOf(error)}`)
    })
    const all = nodes.list()
    const plan = planRoutes(all, present, clusterRanges)
    const missing = await carryOut(plan, signal)
    await eachOf(all, CONCURRENT, async node => {
      if (signal.aborted || !isRouted(node, present)) return
      const hasRoutes = (node.spec?.podCIDRs ?? []).length > 0 && !missing.has(node)
      await writeCondition(node, hasRoutes, signal)
    })
  }

  /** Gives the nodes that have not got all their routes. */
  const carryOut = async (plan: RoutePlan, signal: AbortSignal): Promise<ReadonlySet<Node>> => {
    const removed = eachOf(plan.remove, CONCURRENT, route => remove(route, signal))
    if (plan.isRemovedFirst) await removed
    const missing = new Set<Node>()
    await eachOf(plan.create, CONCURRENT, async ({ node, route }) => {
      if (!(await create(node, route, signal))) missing.add(node)
    })
    await removed
    return missing
  }

  const remove = async (route: Route, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return
    try {
      await routes.deleteRoute(clusterName, route, signal)
    } catch (error) {
      const { name, destinationCIDR } = route
      log.warn('a route cannot be deleted', { name, destinationCIDR, why: messageOf(error) })
    }
  }

  const create = async (node: Node, route: Route, signal: AbortSignal): Promise<boolean> => {
    if (signal.aborted) return false
    const { name = '', uid = '' } = node.metadata
    const fromMs = clock.monotonicMs()
    try {
      await routes.createRoute(clusterName, uid, route, signal)
      return true
    } catch (error) {
      if (signal.aborted) return false
      const about = { apiVersion: 'v1', kind: 'Node', metadata: { name, uid } }
      // Of whole milliseconds, so that it is not another Event each time.
      const took = formatDuration(BigInt(Math.round(clock.monotonicMs() - fromMs)) * 1_000_000n)
      recorder.record(about, 'Warning', 'FailedToCreateRoute', {
        message: `Could not create route ${uid} ${route.destinationCIDR} for node ${name} after ${took}: ${messageOf(error)}`,
      })
      return false
    }
  }

  const writeCondition = async (
    node: Node,
    hasRoutes: boolean,
    signal: AbortSignal,
  ): Promise<void> => {
    const wanted = hasRoutes ? CREATED : NOT_CREATED
    const before = (node.status?.conditions ?? []).find(({ type }) => type === wanted.type)
    if (before?.status === wanted.status && before.reason === wanted.reason) return
    const { name = '' } = node.metadata
    const now = rfc3339(clock.now())
    const condition = { ...wanted, lastHeartbeatTime: now, lastTransitionTime: now }
    const patch = { status: { conditions: [condition] } }
    for (let attempt = 1; ; attempt++)
      try {
        await client.patch(nodeKind, { name }, 'strategic', patch, { subresource: 'status' })
        return
      } catch (error) {
        if (!isStatus(error, 'Conflict') || attempt >= CONDITION_ATTEMPTS) {
          if (!signal.aborted && !isStatus(error, 'NotFound'))
            log.warn('the condition of a node cannot be written', {
              node: name,
              why: messageOf(error),
            })
          return
        }
        await sleep(clock, CONDITION_WAIT_MS, signal).catch(() => {})
      }
  }

  const rounds = inRounds(context, {
    ready: nodes.synced,
    periodMs: routeReconciliationPeriodMs,
    round,
  })
  return {
    queues: new Map(),
    async stop() {
      await rounds.stop()
      recorder.stop()
    },
  }
}

/** One that has no range yet, and no route, is left as it is. */
const isRouted = ({ metadata, spec }: Node, routes: readonly Route[]): boolean =>
  (spec?.podCIDRs ?? []).length > 0 || routes.some(({ targetNode }) => targetNode === metadata.name)

const CREATED = {
  type: 'NetworkUnavailable',
  status: 'False',
  reason: 'RouteCreated',
  message: 'RouteController created a route',
} as const
const NOT_CREATED = {
  type: 'NetworkUnavailable',
  status: 'True',
  reason: 'NoRouteCreated',
  message: 'RouteController failed to create a route',
} as const
