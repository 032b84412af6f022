/** Keeps routes to the pods of all other nodes. */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { messageOf } from '#base/errors.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { lookEvery } from '../looks.ts'
import { KernelRoutes } from './kernel-routes.ts'
import { ownOf, peersOf } from './peers.ts'
import { planRoutes, type RouteMode } from './route-plan.ts'

export interface PodRoutesOptions {
  readonly nodeName: string
  readonly clusterCidr: string
  readonly instance: string
  readonly mode: RouteMode
  readonly kernel?: KernelRoutes
}

/** What comes together is looked at together; nodes register in waves. */
const SETTLE_MS = 100
/** How soon is noticed that somebody took a route away, or that a machine is reached by another way. */
const LOOK_EVERY_MS = 10_000

/** The informers' identity must be allowed to list nodes, which a node itself is not. Its `stop` leaves the routes to the pods that run on. */
export function startPodRoutes(context: RoleContext, options: PodRoutesOptions): Running {
  const { clock } = context
  const log = context.log.with({ component: 'network' })
  const { nodeName, clusterCidr, instance, mode, kernel = new KernelRoutes({ instance }) } = options
  if (mode === 'none') return { stop: async () => {} }
  const nodes = context.informers.for(nodeKind)
  let leftToOthers = ''
  let failure = ''
  /** Nothing of an earlier life is left to be taken away. */
  let isClean = false
  let settling = () => {}
  let applying: Promise<void> = Promise.resolve()

  const apply = async () => {
    const own = ownOf(nodes.get(nodeName))
    if (!own) return
    const others = nodes.list().filter(({ metadata }) => metadata.name !== nodeName)
    const peers = peersOf(others, own, clusterCidr)
    try {
      const reach = await kernel.reachOf(
        peers.map(({ address }) => address),
        own.address,
      )
      const plan = planRoutes({
        ...{ own, peers, reach, mode, clusterCidr },
        tunnelDevice: kernel.tunnelDevice,
      })
      const left = (await kernel.apply(plan)).join(' ')
      isClean = peers.length === 0
      if (left !== '' && left !== leftToOthers)
        log.info("routes to other nodes' pods are somebody else's and left alone", { ranges: left })
      leftToOthers = left
      if (failure !== '') log.info("routes to other nodes' pods are whole again")
      failure = ''
    } catch (error) {
      if (failure !== messageOf(error))
        log.error("routes to other nodes' pods could not be made; trying again", {
          error: messageOf(error),
        })
      failure = messageOf(error)
    }
  }
  const inTurn = () => {
    applying = applying.then(apply)
    return applying
  }
  const soon = () => {
    settling()
    // A machine alone has other things to do at its start.
    if (nodes.list().length < 2) return
    settling = clock.after(SETTLE_MS, () => void inTurn())
  }
  const end = nodes.subscribe({
    changed(node, before) {
      if (!before || keyOf(node) !== keyOf(before)) soon()
    },
    deleted: soon,
  })
  const looks = lookEvery(clock, { pauseMs: LOOK_EVERY_MS }, () =>
    isClean && nodes.list().length < 2 ? undefined : inTurn(),
  )
  return {
    async stop() {
      end()
      settling()
      await looks.stop()
      await applying
    },
  }
}

/** What routes depend on; a node's heartbeat is none of it. */
const keyOf = ({ spec, status }: Node) =>
  `${spec.podCIDR} ${(status.addresses ?? []).map(({ type, address }) => `${type}=${address}`).join()}`
