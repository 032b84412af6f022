/**
 * Sets of addresses that rules name: of pods that selectors select, and of named ports. Kept as pods come and go, so that the change of one pod costs one
 * look at each set and not at all pods. A set is made when a chain first needs it, and forgotten when none does.
 */
import type { FilledSet } from '#host/nftables/ruleset.ts'
import type { PolicedPod } from './policed-pod.ts'
import { familyOf } from './ranges.ts'

/** The elements that an address of a pod adds to a set. */
export type Membership = (pod: PolicedPod, address: string) => readonly string[]

interface Members {
  readonly type: string
  readonly membership: Membership
  readonly family: 4 | 6
  /** What each address adds. */
  readonly added: Map<string, readonly string[]>
  /** As it was last told; undefined when something changed since. */
  told: FilledSet | undefined
}

export class MemberSets {
  readonly #sets = new Map<string, Members>()

  has(name: string): boolean {
    return this.#sets.has(name)
  }

  add(
    name: string,
    { type, family, membership }: Pick<Members, 'type' | 'family' | 'membership'>,
    owners: Iterable<readonly [string, PolicedPod]>,
  ): void {
    const members: Members = { type, family, membership, added: new Map(), told: undefined }
    this.#sets.set(name, members)
    for (const [address, pod] of owners) settle(members, address, pod)
  }

  /** The address has another owner, or its owner changed. */
  settle(address: string, pod: PolicedPod | undefined): void {
    for (const members of this.#sets.values()) settle(members, address, pod)
  }

  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#sets.keys()) if (!names.has(name)) this.#sets.delete(name)
  }

  clear(): void {
    this.#sets.clear()
  }

  *filled(): Iterable<readonly [string, FilledSet]> {
    for (const [name, members] of this.#sets) {
      members.told ??= {
        type: members.type,
        elements: new Set([...members.added.values()].flat()),
      }
      yield [name, members.told]
    }
  }
}

function settle(members: Members, address: string, pod: PolicedPod | undefined): void {
  if (familyOf(address) !== members.family) return
  const before = members.added.get(address)
  const after = pod ? members.membership(pod, address) : []
  if (after.length === (before?.length ?? 0) && after.every((text, at) => text === before?.[at]))
    return
  if (after.length > 0) members.added.set(address, after)
  else members.added.delete(address)
  members.told = undefined
}
