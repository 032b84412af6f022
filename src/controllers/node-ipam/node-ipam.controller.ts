/** Gives every node a range of pod addresses out of the cluster's. */
import { type Node, node } from '#api/core/v1/node.ts'
import { addressAt, type Cidr, parseCidr } from '#base/cidr.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'

/** Upstream's --node-cidr-mask-size: 254 pods a node. */
const NODE_PREFIX_LENGTH = 24

export interface NodeIpamOptions {
  /** The range of all pods, e.g. `10.244.0.0/16`. */
  readonly clusterCidr: string
  readonly nodePrefixLength?: number
}

export function nodeIpamController(
  context: ControllerContext,
  { clusterCidr, nodePrefixLength = NODE_PREFIX_LENGTH }: NodeIpamOptions,
): Controller {
  const nodes = context.informers.for(node)
  const range = parseCidr(clusterCidr, '--cluster-cidr')
  const length = Math.max(nodePrefixLength, range.prefixLength)
  const subnets = subnetsOf(range, length)
  const holders = new Map<string, string>()
  return {
    name: 'node-ipam-controller',
    component: 'cidrAllocator',
    // One at a time: two nodes must never be given the same range.
    workers: 1,
    views: [{ kind: node, informer: nodes }],
    wake(queue) {
      const learn = (found: Node) => {
        if (found.spec.podCIDR) holders.set(found.spec.podCIDR, found.metadata.name ?? '')
      }
      for (const found of nodes.list()) learn(found)
      queue.onStop(
        nodes.subscribe({
          changed(found) {
            learn(found)
            if (!found.spec.podCIDR) queue.add(found.metadata.name ?? '')
          },
          deleted(found) {
            for (const [subnet, holder] of holders)
              if (holder === found.metadata.name) holders.delete(subnet)
            // Whoever found no range left may find one now.
            for (const other of nodes.list())
              if (!other.spec.podCIDR) queue.add(other.metadata.name ?? '')
          },
        }),
      )
    },
    reconcile(name) {
      const found = nodes.get(name)
      if (!found || found.spec.podCIDR) return { writes: [] }
      const mine = [...holders].find(([, holder]) => holder === name)?.[0]
      const subnet = mine ?? subnets.find(free => !holders.has(free))
      if (!subnet) {
        const message = `Node ${name} status is now: CIDRNotAvailable`
        const reason = 'CIDRNotAvailable'
        return {
          writes: [{ verb: 'event', about: found, type: 'Normal', reason, text: { message } }],
        }
      }
      holders.set(subnet, name)
      const { uid } = found.metadata
      const patch = { metadata: { uid }, spec: { podCIDR: subnet, podCIDRs: [subnet] } }
      return {
        writes: [{ verb: 'patch', kind: node, object: found, type: 'merge', patch }],
      }
    },
  }
}

/** At most so many are listed beforehand; a cluster has no more nodes than upstream supports. */
const SUBNET_LIMIT = 8192

function subnetsOf(range: Cidr, prefixLength: number): string[] {
  const size = 2 ** (32 - prefixLength)
  const count = Math.min(range.size / size, SUBNET_LIMIT)
  return Array.from({ length: count }, (_, i) => `${addressAt(range, i * size)}/${prefixLength}`)
}
