/** Gives every node a range of pod addresses out of the cluster's, of each family one. */
import { type Node, node } from '#api/core/v1/node.ts'
import {
  type Cidr,
  formatCidr,
  nodePrefixLengthOf,
  overlap,
  parseCidr,
  parseCidrs,
  partOf,
} from '#base/cidr.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'

export interface NodeIpamOptions {
  /** The range of all pods, e.g. `10.244.0.0/16`, or one of each family with a comma between them. */
  readonly clusterCidr: string
  /** How much of it a node gets: a /24 or a /64 by default. */
  readonly nodePrefixLengths?: NodePrefixLengths
}

export interface NodePrefixLengths {
  readonly ipv4?: number | undefined
  readonly ipv6?: number | undefined
}

export function nodeIpamController(
  context: ControllerContext,
  { clusterCidr, nodePrefixLengths = {} }: NodeIpamOptions,
): Controller {
  const nodes = context.informers.for(node)
  const books = parseCidrs(clusterCidr, '--cluster-cidr').map(whole => {
    const asked = whole.isIpv6 ? nodePrefixLengths.ipv6 : nodePrefixLengths.ipv4
    return new Ranges(whole, Math.max(asked ?? nodePrefixLengthOf(whole), whole.prefixLength))
  })
  return {
    name: 'node-ipam-controller',
    component: 'cidrAllocator',
    // As many as upstream's. A range is held before its write begins, so that no two nodes are given the same.
    workers: 30,
    views: [{ kind: node, informer: nodes }],
    wake(queue) {
      const learn = (found: Node) => {
        for (const range of rangesOf(found))
          books.find(book => book.isOfFamily(range))?.hold(range, found.metadata.name ?? '')
      }
      for (const found of nodes.list()) learn(found)
      queue.onStop(
        nodes.subscribe({
          changed(found) {
            learn(found)
            if (!found.spec.podCIDR) queue.add(found.metadata.name ?? '')
          },
          deleted(found) {
            for (const book of books) book.giveBack(found.metadata.name ?? '')
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
      const ranges = books.flatMap(book => book.of(name) ?? book.free() ?? [])
      if (ranges.length < books.length) {
        const message = `Node ${name} status is now: CIDRNotAvailable`
        const reason = 'CIDRNotAvailable'
        return {
          writes: [{ verb: 'event', about: found, type: 'Normal', reason, text: { message } }],
        }
      }
      for (const [at, range] of ranges.entries()) books[at]?.hold(range, name)
      const { uid } = found.metadata
      const patch = { metadata: { uid }, spec: { podCIDR: ranges[0], podCIDRs: ranges } }
      return {
        writes: [{ verb: 'patch', kind: node, object: found, type: 'merge', patch }],
      }
    },
  }
}

const rangesOf = ({ spec }: Node): readonly string[] =>
  spec.podCIDRs?.length ? spec.podCIDRs : spec.podCIDR ? [spec.podCIDR] : []

/** What the API lets in has been judged there. */
function readable(range: string): Cidr | undefined {
  try {
    return parseCidr(range, 'podCIDR')
  } catch {
    return undefined
  }
}

/** At most so many are given out; a cluster has no more nodes than upstream supports. */
const RANGE_LIMIT = 8192

/** Who holds which range of one family. A cluster of thousands of nodes comes up without a walk over all ranges for each. */
class Ranges {
  readonly #whole: Cidr
  readonly #prefixLength: number
  /** How many nodes have each range: two may have been given one by hand, or by controllers that did not see each other's. */
  readonly #holders = new Map<string, number>()
  readonly #held = new Map<string, string>()
  /** Those that are no parts as they are given now, such as of another mask before: what they overlap is not free either. */
  readonly #odd = new Map<string, Cidr>()
  /** No range before this one is free. */
  #firstFree = 0

  constructor(whole: Cidr, prefixLength: number) {
    this.#whole = whole
    this.#prefixLength = prefixLength
  }

  isOfFamily(range: string): boolean {
    return range.includes(':') === this.#whole.isIpv6
  }

  hold(range: string, node: string): void {
    if (this.#held.get(node) === range) return
    this.giveBack(node)
    this.#holders.set(range, (this.#holders.get(range) ?? 0) + 1)
    this.#held.set(node, range)
    const odd = this.#oddOf(range)
    if (odd) this.#odd.set(range, odd)
  }

  giveBack(node: string): void {
    const range = this.#held.get(node)
    if (range === undefined) return
    this.#held.delete(node)
    const others = (this.#holders.get(range) ?? 1) - 1
    if (others > 0) this.#holders.set(range, others)
    else {
      this.#holders.delete(range)
      this.#odd.delete(range)
      this.#firstFree = 0
    }
  }

  of(node: string): string | undefined {
    return this.#held.get(node)
  }

  free(): string | undefined {
    const count = Math.min(2 ** (this.#prefixLength - this.#whole.prefixLength), RANGE_LIMIT)
    for (; this.#firstFree < count; this.#firstFree++) {
      const part = partOf(this.#whole, this.#prefixLength, this.#firstFree)
      const range = formatCidr(part)
      if (this.#holders.has(range)) continue
      if (![...this.#odd.values()].some(odd => overlap(odd, part))) return range
    }
    return undefined
  }

  #oddOf(range: string): Cidr | undefined {
    const cidr = readable(range)
    if (!cidr || !overlap(cidr, this.#whole)) return undefined
    const isPart = cidr.prefixLength === this.#prefixLength && formatCidr(cidr) === range
    return isPart ? undefined : cidr
  }
}
