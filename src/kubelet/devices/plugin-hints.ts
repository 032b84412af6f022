/** What plugins of devices tell the topology manager: from where the devices that containers want could come. */
import type { Hint, HintSource, Hints } from '../division/hints.ts'
import { type AnyContainer, containersOf, type Pod, uidOf } from '../pod-types.ts'
import type { Allocations } from './allocations.ts'
import { deviceHints, haveTopology } from './device-hints.ts'
import type { Resources } from './resources.ts'

export interface PluginHintsParts {
  readonly resources: Pick<Resources, 'get' | 'healthyIds'>
  readonly allocations: Pick<Allocations, 'of' | 'taken'>
  readonly wishesOf: (
    pod: Pod,
    container: AnyContainer,
  ) => readonly { readonly resource: string; readonly count: number }[]
  /** What init containers of the pod are done with, while it is admitted. */
  readonly reusableOf: (uid: string, resource: string) => readonly string[]
  /** The machine's memory nodes. */
  readonly nodeIds: () => readonly number[]
}

export class PluginHints implements HintSource {
  readonly #parts: PluginHintsParts

  constructor(parts: PluginHintsParts) {
    this.#parts = parts
  }

  hints(pod: Pod, container: AnyContainer): Hints | undefined {
    const { allocations, wishesOf, reusableOf } = this.#parts
    const uid = uidOf(pod)
    const given = allocations.of(uid, container.name)
    return this.#told(wishesOf(pod, container), resource => ({
      given: given.get(resource)?.ids ?? [],
      reusable: reusableOf(uid, resource),
    }))
  }

  podHints(pod: Pod): Hints | undefined {
    const { allocations } = this.#parts
    const names = containersOf(pod).map(({ container }) => container.name)
    const given = (resource: string) => [
      ...new Set(names.flatMap(name => allocations.of(uidOf(pod), name).get(resource)?.ids ?? [])),
    ]
    return this.#told(this.#wishesOfPod(pod), resource => ({
      given: given(resource),
      reusable: [],
    }))
  }

  /** All containers with all sidecars, or an init container with the sidecars before it, whichever is more. */
  #wishesOfPod(pod: Pod) {
    const sidecars = new Map<string, number>()
    const regular = new Map<string, number>()
    const peak = new Map<string, number>()
    const countOf = (counts: ReadonlyMap<string, number>, name: string) => counts.get(name) ?? 0
    for (const { kind, container } of containersOf(pod))
      for (const { resource, count } of kind === 'ephemeral'
        ? []
        : this.#parts.wishesOf(pod, container)) {
        const before = countOf(sidecars, resource)
        if (kind === 'sidecar') sidecars.set(resource, before + count)
        if (kind === 'regular') regular.set(resource, countOf(regular, resource) + count)
        else peak.set(resource, Math.max(countOf(peak, resource), before + count))
      }
    return [...new Set([...peak.keys(), ...regular.keys()])].map(resource => ({
      resource,
      count: Math.max(
        countOf(peak, resource),
        countOf(sidecars, resource) + countOf(regular, resource),
      ),
    }))
  }

  #told(
    wishes: readonly { readonly resource: string; readonly count: number }[],
    of: (resource: string) => { given: readonly string[]; reusable: readonly string[] },
  ): Hints | undefined {
    const { resources, allocations, nodeIds } = this.#parts
    const hints: Record<string, readonly Hint[]> = {}
    for (const { resource, count: wanted } of wishes) {
      const all = resources.get(resource)?.devices ?? new Map()
      if (!haveTopology(all)) continue
      const { given, reusable } = of(resource)
      const taken = allocations.taken(resource)
      // What it has already is what it is to have.
      const free =
        given.length > 0 ? given : resources.healthyIds(resource).filter(id => !taken.has(id))
      const asked = { wanted, all, free, nodeIds: nodeIds() }
      const isOtherwise = given.length > 0 && given.length !== wanted
      hints[resource] = isOtherwise
        ? []
        : deviceHints({ ...asked, reusable: given.length > 0 ? [] : reusable })
    }
    return Object.keys(hints).length > 0 ? hints : undefined
  }
}
