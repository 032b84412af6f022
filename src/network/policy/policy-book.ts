/**
 * All that network policies are about, kept up to date change by change, and the rules that follow. Pure: no clock, no kernel.
 *
 * Each address of a pod of this node has a verdict for each direction in which policies isolate it: a jump to the chain of what they allow. So a packet costs
 * one look at a map and the rules of that chain, however many policies there are elsewhere, and a pod that comes, goes or changes its labels is an
 * element here and there. Only selectors that some pod of this node needs have sets.
 */
import type { Labels } from '#api/machinery/label-selector.ts'
import { type FilledSet, NO_RULES, type Ruleset, type VerdictMap } from '#host/nftables/ruleset.ts'
import { AddressBook } from './address-book.ts'
import { type CompiledPolicy, type Direction, isSelected, type PeerSelector } from './allowance.ts'
import { baseChains, knownName, selfName, verdictsName } from './base-chains.ts'
import { MemberSets, marksOfSelectors, ofPort } from './member-sets.ts'
import { isSamePod, type PolicedPod, sameLabels } from './policed-pod.ts'
import { ADDRESS_TYPE, type PolicyChain, policyChain } from './policy-chain.ts'
import { type Family, familyOf } from './ranges.ts'

const DIRECTIONS: readonly Direction[] = ['ingress', 'egress']
const FAMILIES: readonly Family[] = [4, 6]

export class PolicyBook {
  readonly #policies = new Map<string, CompiledPolicy>()
  readonly #byNamespace = new Map<string, Map<string, CompiledPolicy>>()
  readonly #namespaces = new Map<string, Labels>()
  readonly #addresses = new AddressBook()
  readonly #members = new MemberSets()
  /** Of this node's pods, with the owner's chains as far as they were asked for. */
  readonly #local = new Map<string, Map<Direction, PolicyChain> | undefined>()
  /** By direction, family and policies. */
  readonly #chains = new Map<string, PolicyChain>()
  #nodeRanges: readonly string[] = []

  get hasPolicies(): boolean {
    return this.#policies.size > 0
  }

  get podCount(): number {
    return this.#addresses.size
  }

  /** CIDRs that the addresses of this node's pods are from. True where rules may change; so do the methods below. */
  setNodeRanges(ranges: readonly string[]): boolean {
    if (ranges.join() === this.#nodeRanges.join()) return false
    this.#nodeRanges = ranges
    return true
  }

  setPolicy(key: string, policy: CompiledPolicy | undefined): boolean {
    const before = this.#policies.get(key)
    if (before?.version === policy?.version) return false
    const [namespace = ''] = key.split('/')
    const siblings = this.#byNamespace.get(namespace) ?? new Map<string, CompiledPolicy>()
    if (policy) {
      this.#policies.set(key, policy)
      siblings.set(key, policy)
      this.#byNamespace.set(namespace, siblings)
    } else {
      this.#policies.delete(key)
      siblings.delete(key)
      if (siblings.size === 0) this.#byNamespace.delete(namespace)
    }
    this.#chains.clear()
    for (const address of this.#local.keys())
      if (this.#addresses.owner(address)?.namespace === namespace)
        this.#local.set(address, undefined)
    return true
  }

  setNamespace(name: string, labels: Labels | undefined): boolean {
    const before = this.#namespaces.get(name)
    if (before === labels || (before && labels && sameLabels(before, labels))) return false
    if (labels) this.#namespaces.set(name, labels)
    else this.#namespaces.delete(name)
    for (const [address, pod] of this.#addresses.owners())
      if (pod.namespace === name) this.#members.settle(address, pod)
    return true
  }

  setPod(key: string, pod: PolicedPod | undefined): boolean {
    if (isSamePod(this.#addresses.get(key), pod)) return false
    const touched = this.#addresses.set(key, pod)
    for (const address of touched) {
      const owner = this.#addresses.owner(address)
      this.#members.settle(address, owner)
      if (owner?.isLocal) this.#local.set(address, undefined)
      else this.#local.delete(address)
    }
    return touched.length > 0
  }

  pod(key: string): PolicedPod | undefined {
    return this.#addresses.get(key)
  }

  /** Nothing is known of pods and namespaces any more, as where nobody needs to. */
  forgetPods(): void {
    // Also those whose address is another's: nobody would tell of their end later.
    for (const key of [...this.#addresses.keys()]) this.setPod(key, undefined)
    this.#namespaces.clear()
    this.#members.clear()
  }

  /** No rules at all where there are no policies. */
  ruleset(): Ruleset {
    if (!this.hasPolicies) {
      this.#members.clear()
      this.#chains.clear()
      return NO_RULES
    }
    const maps = new Map<string, VerdictMap>()
    const chains = new Map(baseChains(this.#nodeRanges))
    const filled = new Map<string, FilledSet>()
    const used = new Set<string>()
    for (const family of FAMILIES) {
      const type = ADDRESS_TYPE[family]
      const own = this.#ownAddresses(family)
      filled.set(knownName(family), { type, elements: new Set(own) })
      const isolated = new Set<string>()
      for (const direction of DIRECTIONS) {
        const elements = new Map<string, string>()
        for (const address of this.#local.keys()) {
          if (familyOf(address) !== family) continue
          const chain = this.#chainsOf(address).get(direction)
          if (!chain) continue
          isolated.add(`${address} . ${address}`)
          elements.set(address, `jump ${chain.name}`)
          if (chains.has(chain.name)) continue
          chains.set(chain.name, chain.rules)
          for (const [name, block] of chain.blocks) filled.set(name, block)
          for (const name of this.#membersOf(chain, family)) used.add(name)
        }
        maps.set(verdictsName(direction, family), { type: `${type} : verdict`, elements })
      }
      filled.set(selfName(family), { type: `${type} . ${type}`, elements: isolated })
    }
    this.#members.keepOnly(used)
    this.#members.fillNew(this.#addresses.owners())
    for (const [name, set] of this.#members.filled()) filled.set(name, set)
    return { sets: new Map(), filled, maps, chains }
  }

  #ownAddresses(family: Family): string[] {
    return [...this.#local.keys()].filter(address => familyOf(address) === family)
  }

  #chainsOf(address: string): ReadonlyMap<Direction, PolicyChain> {
    const known = this.#local.get(address)
    if (known) return known
    const chains = new Map<Direction, PolicyChain>()
    const pod = this.#addresses.owner(address)
    const policies = pod
      ? [...(this.#byNamespace.get(pod.namespace)?.values() ?? [])].filter(({ pods }) =>
          pods.matches(pod.labels),
        )
      : []
    for (const direction of DIRECTIONS) {
      const isolating = policies.filter(policy => policy[direction])
      if (isolating.length > 0)
        chains.set(direction, this.#chainOf(isolating, direction, familyOf(address)))
    }
    this.#local.set(address, chains)
    return chains
  }

  #chainOf(policies: readonly CompiledPolicy[], direction: Direction, family: Family): PolicyChain {
    const key = [direction, family, ...policies.map(policy => policy.key).sort()].join(' ')
    const known = this.#chains.get(key)
    if (known) return known
    const allowances = policies.flatMap(policy => policy[direction] ?? [])
    const chain = policyChain(allowances, direction, family)
    this.#chains.set(key, chain)
    return chain
  }

  /** Makes the sets that a chain names, where they are not there yet, and gives their names. */
  *#membersOf(chain: PolicyChain, family: Family): Iterable<string> {
    const type = ADDRESS_TYPE[family]
    for (const [name, selectors] of chain.peers) {
      yield name
      if (this.#members.has(name)) continue
      const membership = (pod: PolicedPod, address: string) =>
        !pod.servesOnly && this.#isAnyOf(selectors, pod) ? [address] : []
      this.#members.add(name, { type, family, membership, marks: marksOfSelectors(selectors) })
    }
    for (const [name, selectors] of chain.served) {
      yield name
      if (this.#members.has(name)) continue
      const membership = (pod: PolicedPod, address: string) =>
        pod.servesOnly && this.#isAnyOf(selectors, pod)
          ? pod.namedPorts.map(({ protocol, port }) => `${address} . ${protocol} . ${port}`)
          : []
      const marks = marksOfSelectors(selectors)
      const triples = { type: `${type} . inet_proto . inet_service`, family, membership, marks }
      this.#members.add(name, triples)
    }
    for (const [name, port] of chain.ports) {
      yield name
      if (this.#members.has(name)) continue
      const membership = (pod: PolicedPod, address: string) => [
        ...new Set(
          pod.namedPorts
            .filter(({ protocol, name }) => `${protocol}/${name}` === port)
            .map(({ port: number }) => `${address} . ${number}`),
        ),
      ]
      const pairs = { type: `${type} . inet_service`, family, membership, marks: [ofPort(port)] }
      this.#members.add(name, pairs)
    }
  }

  #isAnyOf(selectors: readonly PeerSelector[], pod: PolicedPod): boolean {
    const labels = this.#namespaces.get(pod.namespace)
    return selectors.some(selector => isSelected(selector, pod, labels))
  }
}
