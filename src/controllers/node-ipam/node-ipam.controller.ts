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
  const whole = parseCidr(clusterCidr, '--cluster-cidr')
  const ranges = new Ranges(whole, Math.max(nodePrefixLength, whole.prefixLength))
  return {
    name: 'node-ipam-controller',
    component: 'cidrAllocator',
    // As many as upstream's. A range is held before its write begins, so that no two nodes are given the same.
    workers: 30,
    views: [{ kind: node, informer: nodes }],
    wake(queue) {
      const learn = (found: Node) => {
        if (found.spec.podCIDR) ranges.hold(found.spec.podCIDR, found.metadata.name ?? '')
      }
      for (const found of nodes.list()) learn(found)
      queue.onStop(
        nodes.subscribe({
          changed(found) {
            learn(found)
            if (!found.spec.podCIDR) queue.add(found.metadata.name ?? '')
          },
          deleted(found) {
            ranges.giveBack(found.metadata.name ?? '')
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
      const range = ranges.of(name) ?? ranges.free()
      if (!range) {
        const message = `Node ${name} status is now: CIDRNotAvailable`
        const reason = 'CIDRNotAvailable'
        return {
          writes: [{ verb: 'event', about: found, type: 'Normal', reason, text: { message } }],
        }
      }
      ranges.hold(range, name)
      const { uid } = found.metadata
      const patch = { metadata: { uid }, spec: { podCIDR: range, podCIDRs: [range] } }
      return {
        writes: [{ verb: 'patch', kind: node, object: found, type: 'merge', patch }],
      }
    },
  }
}

/** At most so many are given out; a cluster has no more nodes than upstream supports. */
const RANGE_LIMIT = 8192

/** Who holds which range. A cluster of thousands of nodes comes up without a walk over all ranges for each. */
class Ranges {
  readonly #whole: Cidr
  readonly #prefixLength: number
  /** How many nodes have each range: two may have been given one by hand, or by controllers that did not see each other's. */
  readonly #holders = new Map<string, number>()
  readonly #held = new Map<string, string>()
  /** No range before this one is free. */
  #firstFree = 0

  constructor(whole: Cidr, prefixLength: number) {
    this.#whole = whole
    this.#prefixLength = prefixLength
  }

  hold(range: string, node: string): void {
    if (this.#held.get(node) === range) return
    this.giveBack(node)
    this.#holders.set(range, (this.#holders.get(range) ?? 0) + 1)
    this.#held.set(node, range)
  }

  giveBack(node: string): void {
    const range = this.#held.get(node)
    if (range === undefined) return
    this.#held.delete(node)
    const others = (this.#holders.get(range) ?? 1) - 1
    if (others > 0) this.#holders.set(range, others)
    else {
      this.#holders.delete(range)
      this.#firstFree = 0
    }
  }

  of(node: string): string | undefined {
    return this.#held.get(node)
  }

  free(): string | undefined {
    const size = 2 ** (32 - this.#prefixLength)
    const count = Math.min(this.#whole.size / size, RANGE_LIMIT)
    for (; this.#firstFree < count; this.#firstFree++) {
      const range = `${addressAt(this.#whole, this.#firstFree * size)}/${this.#prefixLength}`
      if (!this.#holders.has(range)) return range
    }
    return undefined
  }
}
