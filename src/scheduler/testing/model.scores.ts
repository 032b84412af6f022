/** The scores of the default plugins, computed anew from plain objects; see `model.ts`. */
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import {
  amount,
  countMatching,
  isAbout,
  isCountedNode,
  labelsOf,
  type ModelCluster,
  matchesNodeTerm,
  nameOf,
  onNode,
  requestOf,
  tolerated,
} from './model.ts'

const ASSUMED = { cpu: 100, memory: 200 * 2 ** 20 }

/** Weighted sums of the nodes, in their order. */
export function scoresOf(cluster: ModelCluster, pod: Pod, nodes: readonly Node[]): number[] {
  const sums = nodes.map(() => 0)
  const add = (weight: number, scores: readonly number[]) =>
    scores.forEach((score, i) => {
      sums[i] = (sums[i] ?? 0) + weight * score
    })
  add(
    3,
    toHighest(
      nodes.map(node => softTaints(pod, node)),
      true,
    ),
  )
  add(2, toHighest(nodes.map(node => wishesMet(pod, node))))
  add(
    1,
    nodes.map(node => freeShare(cluster, pod, node)),
  )
  add(2, spreadScores(cluster, pod, nodes))
  add(2, affinityScores(cluster, pod, nodes))
  add(
    1,
    nodes.map(node => balance(cluster, pod, node)),
  )
  add(
    1,
    nodes.map(node => images(cluster, pod, node)),
  )
  return sums
}

function toHighest(scores: readonly number[], reversed = false): number[] {
  const highest = Math.max(...scores)
  return scores.map(score => {
    const share = highest === 0 ? 0 : Math.floor((100 * score) / highest)
    return reversed ? 100 - share : share
  })
}

function softTaints(pod: Pod, node: Node): number {
  const own = {
    ...pod,
    spec: {
      ...pod.spec,
      tolerations: (pod.spec.tolerations ?? []).filter(
        ({ effect }) => !effect || effect === 'PreferNoSchedule',
      ),
    },
  } as Pod
  return (node.spec.taints ?? []).filter(
    taint => taint.effect === 'PreferNoSchedule' && !tolerated(taint as never, own),
  ).length
}

function wishesMet(pod: Pod, node: Node): number {
  const wishes =
    pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return wishes
    .filter(({ preference }) => matchesNodeTerm(preference, node))
    .reduce((sum, { weight }) => sum + weight, 0)
}

function freeShare(cluster: ModelCluster, pod: Pod, node: Node): number {
  const shares: number[] = []
  for (const resource of ['cpu', 'memory'] as const) {
    const there = amount(resource, node.status.allocatable?.[resource])
    if (there === 0) continue
    const others = onNode(cluster, node).map(other => placedRequest(other, resource))
    const used =
      others.reduce((sum, other) => sum + other, 0) + requestOf(pod, resource, ASSUMED[resource])
    shares.push(used > there ? 0 : Math.floor(((there - used) * 100) / there))
  }
  if (shares.length === 0) return 0
  return Math.floor(shares.reduce((sum, share) => sum + share, 0) / shares.length)
}

/** Where a pod as a whole asks for something, containers are assumed to ask only for what nobody asks for. */
function placedRequest(pod: Pod, resource: 'cpu' | 'memory'): number {
  const { containers, initContainers = [], resources } = pod.spec
  const all = [...containers, ...initContainers] as { resources?: { requests?: object } }[]
  const asked = [{ resources }, ...all].some(one => {
    const requests: object = one.resources?.requests ?? {}
    return resource in requests
  })
  const assumes = !resources?.requests || !asked
  return requestOf(pod, resource, assumes ? ASSUMED[resource] : 0)
}

function balance(cluster: ModelCluster, pod: Pod, node: Node): number {
  const resources = ['cpu', 'memory'] as const
  if (resources.every(resource => requestOf(pod, resource) === 0)) return 0
  const balanceOf = (pods: readonly Pod[]) => {
    const shares = resources.flatMap(resource => {
      const there = amount(resource, node.status.allocatable?.[resource])
      if (there === 0) return []
      const used = pods.reduce((sum, one) => sum + requestOf(one, resource), 0)
      return [Math.min(1, used / there)]
    })
    const [a = 0, b = 0] = shares
    return Math.floor((1 - (shares.length === 2 ? Math.abs((a - b) / 2) : 0)) * 100)
  }
  const there = onNode(cluster, node)
  return 50 + Math.trunc((50 + balanceOf([...there, pod]) - balanceOf(there)) / 2)
}

function images(cluster: ModelCluster, pod: Pod, node: Node): number {
  const mebibyte = 2 ** 20
  const sizeOn = (one: Node, image: string) =>
    (one.status.images ?? []).find(({ names }) => names?.includes(`${image}:latest`))?.sizeBytes
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  let bytes = 0
  for (const { image = '' } of containers) {
    const having = cluster.nodes.filter(one => sizeOn(one, image) !== undefined).length
    bytes += Math.floor((sizeOn(node, image) ?? 0) * (having / cluster.nodes.length))
  }
  const [least, most] = [23 * mebibyte, 1000 * mebibyte * containers.length]
  const within = Math.min(Math.max(bytes, least), most)
  return Math.floor((100 * (within - least)) / (most - least))
}

function spreadScores(cluster: ModelCluster, pod: Pod, nodes: readonly Node[]): number[] {
  const soft = (pod.spec.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway',
  )
  if (soft.length === 0) return nodes.map(() => 0)
  const labelled = (node: Node) =>
    soft.every(({ topologyKey }) => labelsOf(node)[topologyKey] !== undefined)
  const raw = nodes.map(node => {
    if (!labelled(node)) return undefined
    let sum = 0
    for (const constraint of soft) {
      const { topologyKey: key, maxSkew } = constraint
      const isHost = key === 'kubernetes.io/hostname'
      const among = nodes.filter(labelled)
      const domains = isHost ? among.length : new Set(among.map(one => labelsOf(one)[key])).size
      const counted = isHost
        ? [node]
        : cluster.nodes.filter(
            one =>
              labelled(one) &&
              labelsOf(one)[key] === labelsOf(node)[key] &&
              isCountedNode(constraint, pod, one),
          )
      const count = counted.reduce(
        (total, one) => total + countMatching(cluster, constraint, pod, one),
        0,
      )
      sum += count * Math.log(domains + 2) + (maxSkew - 1)
    }
    return Math.round(sum)
  })
  const known = raw.filter(score => score !== undefined)
  const [highest, lowest] = [Math.max(0, ...known), Math.min(...known)]
  return raw.map(score => {
    if (score === undefined) return 0
    return highest === 0 ? 100 : Math.floor((100 * (highest + lowest - score)) / highest)
  })
}

function affinityScores(cluster: ModelCluster, pod: Pod, nodes: readonly Node[]): number[] {
  const raw = nodes.map(node => {
    let sum = 0
    for (const other of cluster.pods) {
      const place = cluster.nodes.find(one => nameOf(one) === other.spec.nodeName)
      if (!place) continue
      const together = (key: string) => {
        const value = labelsOf(place)[key]
        return value !== undefined && value === labelsOf(node)[key]
      }
      for (const { owner, term, weight } of pulls(pod, other)) {
        const about = owner === pod ? other : pod
        if (isAbout(cluster, owner, term, about) && together(term.topologyKey)) sum += weight
      }
    }
    return sum
  })
  const [highest, lowest] = [Math.max(...raw), Math.min(...raw)]
  const span = highest - lowest
  return raw.map(score => (span === 0 ? 0 : Math.floor(100 * ((score - lowest) / span))))
}

/** The terms by which a newcomer and a pod that is there draw each other near, or push each other away. */
function pulls(pod: Pod, other: Pod) {
  const wishes = (owner: Pod) => [
    ...(
      owner.spec.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    ).map(({ weight, podAffinityTerm: term }) => ({ owner, term, weight })),
    ...(
      owner.spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    ).map(({ weight, podAffinityTerm: term }) => ({ owner, term, weight: -weight })),
  ]
  const needs =
    other.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  return [
    ...wishes(pod),
    ...wishes(other),
    ...needs.map(term => ({ owner: other, term, weight: 1 })),
  ]
}
