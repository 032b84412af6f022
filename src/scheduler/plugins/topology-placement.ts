/**
 * Keeps the pods of a group in one domain of the topology that the group names. While none of them has a node, each domain is
 * tried: of those that take enough of them the one with the best score is chosen, and each pod gets the very node that it had in
 * the trial.
 */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { placementScores } from '../cycle/placement-scores.ts'
import { bestOf, isStatus } from '../cycle/scores.ts'
import { actions } from '../framework/cluster-event.ts'
import type { Handle } from '../framework/handle.ts'
import type { GroupPlacement, Plugin, PreFilterResult } from '../framework/plugin.ts'
import { failed, type Status, unresolvable } from '../framework/status.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { CONSTRAINED, tellGroup, UNSCHEDULABLE } from './pod-groups.conditions.ts'
import { groupKeyOf, neededOf, PodGroups } from './pod-groups.ts'

const NAME = 'TopologyPlacementGenerator'
const CANNOT_DETERMINE = 'cannot determine domain for already scheduled pods'

export function topologyPlacement(_args: unknown, handle: Handle): Plugin {
  const placing = new TopologyPlacement(handle)
  return {
    name: NAME,
    generatePlacements: group => placing.domainsFor(group),
    preFilter: (_cycle, info) => placing.nodesFor(info),
    events: () => [
      { resource: 'Node', action: actions.add | actions.updateNodeLabel },
      { resource: 'Node', action: actions.updateNodeAllocatable | actions.updateNodeTaint },
      { resource: 'AssignedPod', action: actions.delete },
      {
        resource: 'UnscheduledPod',
        action: actions.add,
        hint: ({ pod }, { next }) => groupKeyOf(pod) === groupKeyOf(next as Pod),
      },
      {
        resource: 'PodGroup',
        action: actions.add | actions.updateOther,
        hint: ({ pod }, { previous, next }) =>
          groupKeyOf(pod) === keyOf(next as PodGroup) &&
          previous?.metadata.generation !== next?.metadata.generation,
      },
    ],
  }
}

/** A domain that takes enough of a group. */
interface Good extends GroupPlacement {
  readonly domain: string
  /** By UID, the name of the node that each pod had in the trial. */
  readonly places: ReadonlyMap<string, string>
}

/** One constraint is all that a group can have. */
const labelOf = ({ spec }: PodGroup): string | undefined =>
  spec.schedulingConstraints?.topology?.[0]?.key

class TopologyPlacement {
  readonly #handle: Handle
  readonly #groups: PodGroups
  /** Where each pod of a group shall go, until it is tried. */
  readonly #plans = new Map<string, Map<string, string>>()
  /** The domain of the trial that is under way. */
  #within: ReadonlySet<string> | undefined

  constructor(handle: Handle) {
    this.#handle = handle
    this.#groups = new PodGroups(handle)
  }

  nodesFor(info: PodInfo): PreFilterResult | undefined {
    const { pod, uid } = info
    const group = this.#groups.of(pod)
    const label = group && labelOf(group)
    const key = groupKeyOf(pod)
    if (!group || label === undefined || key === undefined || !this.#isAsked) return undefined
    if (this.#within) return { nodes: this.#within }
    const known = this.#domainOfPlaced(key, label)
    if (typeof known === 'object') return { status: known }
    const chosen = known ?? this.#choose(group, key)
    if (typeof chosen === 'object') return { status: chosen }
    const nodes = this.domainsFor(group)?.get(chosen) ?? new Set()
    const planned = this.#planned(key, uid)
    if (planned === undefined || !nodes.has(planned)) return { nodes }
    const only = new Set([planned])
    // Others may have come between.
    const fits = this.#inside(only, () => this.#handle.trial.place([info])).size > 0
    return { nodes: fits ? only : nodes }
  }

  /** Undefined while no member has a node. */
  #domainOfPlaced(key: string, label: string): string | Status | undefined {
    let found: string | undefined
    for (const { pod, node } of this.#groups.placed(key)) {
      const domain = node.labels[label]
      const { namespace, name } = pod.metadata
      if (domain === undefined)
        return failed(
          NAME,
          `${CANNOT_DETERMINE}: no topology domain found for pod ${namespace}/${name}`,
        )
      if (found !== undefined && found !== domain)
        return failed(
          NAME,
          `${CANNOT_DETERMINE}: more than 1 domain found for pod group: ${found}, ${domain}`,
        )
      found = domain
    }
    return found
  }

  /** A profile may leave it out where placements are generated. */
  get #isAsked(): boolean {
    return this.#handle.trial.profile().points.placementGenerate.some(({ name }) => name === NAME)
  }

  domainsFor(group: PodGroup): ReadonlyMap<string, ReadonlySet<string>> | undefined {
    const label = labelOf(group)
    if (label === undefined) return undefined
    const domains = new Map<string, Set<string>>()
    for (const { name, labels } of this.#handle.snapshot.nodes) {
      const domain = labels[label]
      if (domain === undefined) continue
      const names = domains.get(domain)
      if (names) names.add(name)
      else domains.set(domain, new Set([name]))
    }
    return domains
  }

  /** The domain with the best score of those that take enough; of equal ones, any. */
  #choose(group: PodGroup, key: string): string | Status {
    const { trial, random, snapshot } = this.#handle
    const waiting = this.#groups.unplaced(key)
    const domains = this.domainsFor(group) ?? new Map<string, ReadonlySet<string>>()
    const good: Good[] = []
    for (const [domain, names] of domains) {
      const places = this.#inside(names, () => trial.place(waiting))
      if (places.size < neededOf(group)) continue
      const nodes = [...names].flatMap(name => snapshot.node(name) ?? [])
      good.push({ domain, places, nodes, pods: waiting.filter(({ uid }) => places.has(uid)) })
    }
    const scores = placementScores(trial.profile(), good.length > 1 ? good : [])
    if (isStatus(scores)) return scores
    const chosen = good[bestOf(scores, random.integer)]
    if (!chosen) {
      const first = domains.size > 0 ? `, first placement status: ${UNSCHEDULABLE.message}` : ''
      const why = `0/${domains.size} placements are available${first}`
      const evicts = this.#handle.enabled('WorkloadAwarePreemption') ? `, ${CONSTRAINED}` : ''
      void tellGroup(this.#handle, group, { ...UNSCHEDULABLE, message: why + evicts })
      return unresolvable(NAME, why)
    }
    // Plans of groups that went before all of their pods were tried.
    for (const other of this.#plans.keys()) if (!this.#groups.get(other)) this.#plans.delete(other)
    this.#plans.set(key, new Map(chosen.places))
    return chosen.domain
  }

  #inside<T>(names: ReadonlySet<string>, run: () => T): T {
    this.#within = names
    try {
      return run()
    } finally {
      this.#within = undefined
    }
  }

  /** Only once: where the pod does not get that node after all, any of the domain will do. */
  #planned(key: string, uid: string): string | undefined {
    const plan = this.#plans.get(key)
    const node = plan?.get(uid)
    plan?.delete(uid)
    if (plan?.size === 0) this.#plans.delete(key)
    return node
  }
}
