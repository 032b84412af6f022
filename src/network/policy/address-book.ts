/** Which pod has which address. Two may claim one for a moment, when one is gone and its end is not told yet. */
import type { PolicedPod } from './policed-pod.ts'

export class AddressBook {
  readonly #pods = new Map<string, PolicedPod>()
  readonly #claims = new Map<string, PolicedPod[]>()

  /** Takes a pod's new state, or its end. Gives the addresses whose owner is another one or has changed. */
  set(key: string, pod: PolicedPod | undefined): readonly string[] {
    const before = this.#pods.get(key)
    if (pod) this.#pods.set(key, pod)
    else this.#pods.delete(key)
    const touched = new Set([...(before?.addresses ?? []), ...(pod?.addresses ?? [])])
    return [...touched].filter(address => {
      const owner = this.owner(address)
      const others = (this.#claims.get(address) ?? []).filter(claim => claim !== before)
      const claims = pod?.addresses.includes(address) ? [...others, pod] : others
      if (claims.length > 0) this.#claims.set(address, claims)
      else this.#claims.delete(address)
      return this.owner(address) !== owner
    })
  }

  get(key: string): PolicedPod | undefined {
    return this.#pods.get(key)
  }

  keys(): Iterable<string> {
    return this.#pods.keys()
  }

  /** Of several the one that was created last. */
  owner(address: string): PolicedPod | undefined {
    const claims = this.#claims.get(address)
    if (!claims || claims.length === 1) return claims?.[0]
    return claims.reduce((one, other) => (isYounger(other, one) ? other : one))
  }

  *owners(): Iterable<readonly [string, PolicedPod]> {
    for (const address of this.#claims.keys()) {
      const owner = this.owner(address)
      if (owner) yield [address, owner]
    }
  }

  get size(): number {
    return this.#pods.size
  }
}

function isYounger(one: PolicedPod, other: PolicedPod): boolean {
  return one.created === other.created ? one.uid > other.uid : one.created > other.created
}
