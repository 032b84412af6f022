/** The last two points of everything: of both the rate at which processor time is used. */
import type { ContainerPoint, NodePoints, Point } from './points.ts'

export interface Usage {
  /** In billionths of a core. */
  readonly cpu: number
  readonly memory: number
  readonly swap: number | undefined
  readonly timeMs: number
  readonly windowMs: number
}

export interface ContainerUsage extends Usage {
  readonly name: string
}

interface Pair<P extends Point> {
  readonly last: P
  readonly before: Point | undefined
}

interface NodeMeasures {
  readonly node: Pair<Point> | undefined
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Pair<ContainerPoint>>>
}

/** Younger ones tell of their start rather than of their work. */
const LEAST_AGE_MS = 10_000

export class Measures {
  readonly #byNode = new Map<string, NodeMeasures>()
  /** A pod is measured where it runs, so this is where to look it up. */
  readonly #nodeOfPod = new Map<string, string>()
  readonly #resolutionMs: number

  constructor(resolutionMs: number) {
    this.#resolutionMs = resolutionMs
  }

  /** Takes the place of what was known of the node. True where something needs a second look before it can be told. */
  take(nodeName: string, { node, pods }: NodePoints): boolean {
    const known = this.#byNode.get(nodeName)
    let isComplete = true
    const paired = <P extends Point>(last: P, before: Pair<P> | undefined, ageMs?: number) => {
      const pair = { last, before: this.#before(last, before, ageMs) }
      if (pair.before === undefined) isComplete = false
      return pair
    }
    const measures = new Map<string, ReadonlyMap<string, Pair<ContainerPoint>>>()
    for (const [key, containers] of pods) {
      const before = known?.pods.get(key)
      const pairs = containers.map(point => {
        const age = point.startMs > 0 ? point.timeMs - point.startMs : undefined
        return [point.name, paired(point, sameRun(before?.get(point.name), point), age)] as const
      })
      measures.set(key, new Map(pairs))
      this.#nodeOfPod.set(key, nodeName)
    }
    this.#byNode.set(nodeName, { node: node && paired(node, known?.node), pods: measures })
    for (const key of known?.pods.keys() ?? []) if (!measures.has(key)) this.#forget(key, nodeName)
    return !isComplete || node === undefined
  }

  /** It cannot be asked, or is gone. */
  drop(nodeName: string): void {
    for (const key of this.#byNode.get(nodeName)?.pods.keys() ?? []) this.#forget(key, nodeName)
    this.#byNode.delete(nodeName)
  }

  node(name: string): Usage | undefined {
    const pair = this.#byNode.get(name)?.node
    return pair && usageOf(pair)
  }

  /** Undefined where one of its containers cannot be told. `key` is `namespace/name`. */
  pod(key: string): readonly ContainerUsage[] | undefined {
    const pairs = this.#pairsOf(key)
    if (!pairs) return undefined
    const usages: ContainerUsage[] = []
    for (const [name, pair] of pairs) {
      const usage = usageOf(pair)
      if (!usage) return undefined
      usages.push({ ...usage, name })
    }
    return usages.length > 0 ? usages : undefined
  }

  knowsPod(key: string): boolean {
    return this.#pairsOf(key) !== undefined
  }

  /** How many nodes and containers can be told. */
  get counts(): { readonly nodes: number; readonly containers: number } {
    let [nodes, containers] = [0, 0]
    for (const { node, pods } of this.#byNode.values()) {
      if (node?.before) nodes++
      for (const pairs of pods.values())
        for (const { before } of pairs.values()) if (before) containers++
    }
    return { nodes, containers }
  }

  #pairsOf(key: string) {
    const nodeName = this.#nodeOfPod.get(key)
    return nodeName === undefined ? undefined : this.#byNode.get(nodeName)?.pods.get(key)
  }

  #forget(key: string, nodeName: string): void {
    if (this.#nodeOfPod.get(key) === nodeName) this.#nodeOfPod.delete(key)
  }

  /** What `last` is compared with. */
  #before<P extends Point>(last: P, known: Pair<P> | undefined, ageMs?: number) {
    // Of a container that started since the last look all is known: it began with nothing.
    if (ageMs !== undefined && ageMs >= LEAST_AGE_MS && ageMs < this.#resolutionMs)
      return { ...last, cpu: 0, timeMs: last.timeMs - ageMs }
    if (!known) return undefined
    // A kubelet may tell of the same moment twice.
    if (last.timeMs > known.last.timeMs) return known.last.cpu <= last.cpu ? known.last : undefined
    return known.before && known.before.timeMs < last.timeMs ? known.before : undefined
  }
}

/** What was measured of a container before it was started again says nothing about it. */
function sameRun(known: Pair<ContainerPoint> | undefined, { startMs }: ContainerPoint) {
  return known && startMs < known.last.timeMs ? known : undefined
}

function usageOf({ last, before }: Pair<Point>): Usage | undefined {
  if (!before || last.cpu < before.cpu) return undefined
  const windowMs = last.timeMs - before.timeMs
  const { memory, swap, timeMs } = last
  return {
    cpu: Math.floor(((last.cpu - before.cpu) * 1000) / windowMs),
    memory,
    swap,
    timeMs,
    windowMs,
  }
}
