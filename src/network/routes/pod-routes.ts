/** Keeps routes to the pods of all other nodes. */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { parseCidr, splitRanges } from '#base/cidr.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { lookEvery } from '../looks.ts'
import { KernelRoutes } from './kernel-routes.ts'
import { ownOf, peersOf } from './peers.ts'
import { planRoutes, type RouteMode } from './route-plan.ts'

export interface PodRoutesOptions {
  readonly nodeName: string
  /** One range, or one of each family with a comma between them. */
  readonly clusterCidr: string
  readonly instance: string
  readonly mode: RouteMode
  /** What stands before each command, to run it in another network namespace. */
  readonly prefix?: readonly string[]
  readonly lookEveryMs?: number
}

/** What comes together is looked at together; nodes register in waves. */
const SETTLE_MS = 100
/** How soon is noticed that somebody took a route away, or that a machine is reached by another way. */
const LOOK_EVERY_MS = 10_000

/** The informers' identity must be allowed to list nodes, which a node itself is not. Its `stop` leaves the routes to the pods that run on. */
export function startPodRoutes(context: RoleContext, options: PodRoutesOptions): Running {
  const { clock } = context
  const log = context.log.with({ component: 'network' })
  const { nodeName, clusterCidr, mode, lookEveryMs = LOOK_EVERY_MS } = options
  if (mode === 'none') return { stop: async () => {} }
  const nodes = context.informers.for(nodeKind)
  const families = splitRanges(clusterCidr).map(
    range => new FamilyRoutes({ ...options, clusterCidr: range }, log),
  )
  let settling = () => {}
  let applying: Promise<void> = Promise.resolve()

  const apply = async () => {
    const others = nodes.list().filter(({ metadata }) => metadata.name !== nodeName)
    for (const family of families) await family.apply(nodes.get(nodeName), others)
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
  const looks = lookEvery(clock, { pauseMs: lookEveryMs }, () =>
    families.every(({ isClean }) => isClean) && nodes.list().length < 2 ? undefined : inTurn(),
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

/** The routes of one family. */
class FamilyRoutes {
  readonly #options: PodRoutesOptions
  readonly #log: Log
  readonly #kernel: KernelRoutes
  readonly #family
  #leftToOthers = ''
  #failure = ''
  /** Nothing of an earlier life is left to be taken away. */
  isClean = false

  constructor(options: PodRoutesOptions, log: Log) {
    this.#options = options
    this.#log = log
    this.#family = parseCidr(options.clusterCidr, '--cluster-cidr')
    const { instance, prefix = [] } = options
    this.#kernel = new KernelRoutes({ instance, prefix, family: this.#family.isIpv6 ? 6 : 4 })
  }

  async apply(node: Node | undefined, others: readonly Node[]): Promise<void> {
    const { clusterCidr, mode } = this.#options
    const own = ownOf(node, this.#family)
    if (!own) return
    const peers = peersOf(others, own, clusterCidr)
    try {
      const reach = await this.#kernel.reachOf(
        peers.map(({ address }) => address),
        own.address,
      )
      const plan = planRoutes({
        ...{ own, peers, reach, mode, clusterCidr },
        tunnelDevice: this.#kernel.tunnelDevice,
      })
      const left = (await this.#kernel.apply(plan)).join(' ')
      this.isClean = peers.length === 0
      if (left !== '' && left !== this.#leftToOthers)
        this.#log.info("routes to other nodes' pods are somebody else's and left alone", {
          ranges: left,
        })
      this.#leftToOthers = left
      if (this.#failure !== '') this.#log.info("routes to other nodes' pods are whole again")
      this.#failure = ''
    } catch (error) {
      if (this.#failure !== messageOf(error))
        this.#log.error("routes to other nodes' pods could not be made; trying again", {
          error: messageOf(error),
        })
      this.#failure = messageOf(error)
    }
  }
}

/** Takes all routes and tunnels back; harmless where there are none. */
export async function removePodRoutes(options: Pick<PodRoutesOptions, 'instance' | 'prefix'>) {
  for (const family of [4, 6] as const) await new KernelRoutes({ ...options, family }).remove()
}

/** What routes depend on; a node's heartbeat is none of it. */
const keyOf = ({ spec, status }: Node) =>
  `${spec.podCIDR} ${spec.podCIDRs?.join()} ${(status.addresses ?? []).map(({ type, address }) => `${type}=${address}`).join()}`
