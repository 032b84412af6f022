/**
 * Sets of addresses that rules name: of pods that selectors select, and of named ports. Kept as pods come and go: the change of one pod costs a look at the
 * sets that ask for something it has or had, not at all sets and not at all pods. A set is made when a chain first needs it, and forgotten when none does.
 */
import type { FilledSet } from '#host/nftables/ruleset.ts'
import type { PeerSelector } from './allowance.ts'
import type { PolicedPod } from './policed-pod.ts'
import { familyOf } from './ranges.ts'

/** The elements that an address of a pod adds to a set. */
export type Membership = (pod: PolicedPod, address: string) => readonly string[]

/** What a pod has to have one of to be a member, in the words of `marksOf`; undefined where that can not be said. */
export type Marks = readonly string[] | undefined

interface Members {
  readonly name: string
  readonly type: string
  readonly membership: Membership
  readonly marks: Marks
  readonly family: 4 | 6
  /** What each address adds. */
  readonly added: Map<string, readonly string[]>
  /** As it was last told; undefined when something changed since. */
  told: FilledSet | undefined
}

export class MemberSets {
  readonly #sets = new Map<string, Members>()
  readonly #index = new Index()
  /** The sets that an address is in. */
  readonly #holding = new Map<string, Set<Members>>()
  /** Those that are not filled yet. */
  #fresh: Members[] = []

  has(name: string): boolean {
    return this.#sets.has(name)
  }

  /** It is empty until `fillNew`. */
  add(name: string, set: Pick<Members, 'type' | 'family' | 'membership' | 'marks'>): void {
    const members: Members = { name, ...set, added: new Map(), told: undefined }
    this.#sets.set(name, members)
    this.#fresh.push(members)
  }

  /** Looks at each pod once for all sets that are new. */
  fillNew(owners: Iterable<readonly [string, PolicedPod]>): void {
    if (this.#fresh.length === 0) return
    const fresh = new Index()
    for (const members of this.#fresh) {
      fresh.add(members)
      this.#index.add(members)
    }
    this.#fresh = []
    for (const [address, pod] of owners)
      for (const members of fresh.mayHold(pod)) this.#settle(members, address, pod)
  }

  /** The address has another owner, or its owner changed. */
  settle(address: string, pod: PolicedPod | undefined): void {
    const concerned = new Set(this.#holding.get(address))
    if (pod) for (const members of this.#index.mayHold(pod)) concerned.add(members)
    for (const members of concerned) this.#settle(members, address, pod)
  }

  keepOnly(names: ReadonlySet<string>): void {
    for (const [name, members] of this.#sets) if (!names.has(name)) this.#forget(members)
  }

  clear(): void {
    for (const members of this.#sets.values()) this.#forget(members)
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

  #forget(members: Members): void {
    this.#sets.delete(members.name)
    this.#index.remove(members)
    this.#fresh = this.#fresh.filter(each => each !== members)
    for (const address of members.added.keys()) this.#release(address, members)
  }

  #settle(members: Members, address: string, pod: PolicedPod | undefined): void {
    if (familyOf(address) !== members.family) return
    const before = members.added.get(address)
    const after = pod ? members.membership(pod, address) : []
    if (after.length === (before?.length ?? 0) && after.every((text, at) => text === before?.[at]))
      return
    members.told = undefined
    if (after.length > 0) {
      members.added.set(address, after)
      const holding = this.#holding.get(address) ?? new Set()
      this.#holding.set(address, holding.add(members))
      return
    }
    members.added.delete(address)
    this.#release(address, members)
  }

  #release(address: string, members: Members): void {
    const holding = this.#holding.get(address)
    holding?.delete(members)
    if (holding?.size === 0) this.#holding.delete(address)
  }
}

/** Which sets a pod may be in, by what it has. */
class Index {
  readonly #byMark = new Map<string, Set<Members>>()
  /** Of which that can not be said. */
  readonly #others = new Set<Members>()

  add(members: Members): void {
    if (!members.marks) this.#others.add(members)
    for (const mark of members.marks ?? []) {
      const known = this.#byMark.get(mark) ?? new Set()
      this.#byMark.set(mark, known.add(members))
    }
  }

  remove(members: Members): void {
    this.#others.delete(members)
    for (const mark of members.marks ?? []) {
      const known = this.#byMark.get(mark)
      known?.delete(members)
      if (known?.size === 0) this.#byMark.delete(mark)
    }
  }

  *mayHold(pod: PolicedPod): Iterable<Members> {
    yield* this.#others
    for (const mark of marksOf(pod)) yield* this.#byMark.get(mark) ?? []
  }
}

const ofNamespace = (name: string) => `namespace ${name}`
const ofLabel = (key: string, value: string) => `label ${key}=${value}`
export const ofPort = (port: string) => `port ${port}`

function* marksOf({ namespace, labels, namedPorts }: PolicedPod): Iterable<string> {
  yield ofNamespace(namespace)
  for (const [key, value] of Object.entries(labels)) yield ofLabel(key, value)
  for (const { protocol, name } of namedPorts) yield ofPort(`${protocol}/${name}`)
}

/** Of pods that any of the selectors selects. */
export function marksOfSelectors(selectors: readonly PeerSelector[]): Marks {
  const marks: string[] = []
  for (const { namespace, pods } of selectors) {
    const label = pods.requirements.find(({ operator }) => ['=', '==', 'in'].includes(operator))
    if (label) marks.push(...label.values.map(value => ofLabel(label.key, value)))
    else if (namespace !== undefined) marks.push(ofNamespace(namespace))
    else if (!pods.selectsNothing) return undefined
  }
  return marks
}
