/** Ids of the node that pods may have as their own, and how much of them each gets. Pure. */
import type { IdRange } from '../runtime.ts'

/** What a pod gets comes in these: below are the ids that every image expects. */
export const UNIT = 65_536
const ALL_IDS = 2 ** 32

export interface IdSpace {
  readonly first: number
  readonly length: number
  readonly idsPerPod: number
}

/** All ids but those below the first pod's, which are the node's own, and the last, which the kernel takes for none. */
export const wholeSpace = (idsPerPod: number): IdSpace => ({
  first: idsPerPod,
  length: (Math.floor((ALL_IDS - 1) / idsPerPod) - 1) * idsPerPod,
  idsPerPod,
})

/** What getsubids(1) says, such as `0: kubelet 65536 7208960`. Throws where that can't be given to pods. */
export function spaceOf(
  said: { readonly users: string; readonly groups: string },
  { idsPerPod, maxPods, user }: { idsPerPod: number; maxPods: number; user: string },
): IdSpace {
  if (said.users !== said.groups)
    throw new Error(`mismatched subuids and subgids for user "${user}"`)
  const lines = said.users.trim().split('\n')
  const found = /^\s*\d+:\s+(\S+)\s+(\d+)\s+(\d+)\s*$/.exec(lines[0] ?? '')
  if (lines.length !== 1 || !found || found[1] !== user)
    throw new Error(
      `getsubids should tell of one range of ids for user "${user}", not ${JSON.stringify(said.users.trim())}`,
    )
  const [first, length] = [Number(found[2]), Number(found[3])]
  if (first < idsPerPod)
    throw new Error(`kubelet user assigned ID ${first} must be greater or equal to ${idsPerPod}`)
  if (first % idsPerPod !== 0)
    throw new Error(`kubelet user assigned ID ${first} is not a multiple of ${idsPerPod}`)
  if (length % idsPerPod !== 0)
    throw new Error(`kubelet user assigned IDs length ${length} is not a multiple of ${idsPerPod}`)
  if (length / idsPerPod < maxPods)
    throw new Error(`kubelet user assigned IDs are not enough to support ${maxPods} pods`)
  if (first + length > ALL_IDS)
    throw new Error(`kubelet user assigned IDs end at ${first + length}, beyond the last there is`)
  return { first, length, idsPerPod }
}

/** Who has which part of a space. No part is ever two pods'. */
export class IdParts {
  readonly #space: IdSpace
  readonly #ownerOf = new Map<number, string>()
  readonly #partOf = new Map<string, IdRange>()
  /** Below it nothing is free. */
  #lowest = 0

  constructor(space: IdSpace) {
    this.#space = space
  }

  of(uid: string): IdRange | undefined {
    return this.#partOf.get(uid)
  }

  /** The lowest that is free. Throws where none is. */
  take(uid: string): IdRange {
    const { first, length, idsPerPod } = this.#space
    const count = Math.floor(length / idsPerPod)
    let index = this.#lowest
    while (this.#ownerOf.has(index)) index++
    this.#lowest = index
    if (index >= count) throw new Error('could not find an empty slot to allocate a user namespace')
    const range = { hostId: first + index * idsPerPod, length: idsPerPod }
    this.#ownerOf.set(index, uid)
    this.#partOf.set(uid, range)
    return range
  }

  /** Gives a pod what it had before. All that it touches is taken from then on. Throws where another has any of it. */
  claim(uid: string, range: IdRange): void {
    const parts = this.#touched(range)
    for (const part of parts) {
      const owner = this.#ownerOf.get(part)
      if (owner !== undefined && owner !== uid)
        throw new Error(`its ids ${range.hostId}+${range.length} are those of pod ${owner}, too`)
    }
    for (const part of parts) this.#ownerOf.set(part, uid)
    this.#partOf.set(uid, range)
  }

  release(uid: string): void {
    const range = this.#partOf.get(uid)
    if (!range) return
    this.#partOf.delete(uid)
    for (const part of this.#touched(range)) {
      this.#ownerOf.delete(part)
      this.#lowest = Math.min(this.#lowest, part)
    }
  }

  /** Of another space, where the configuration changed since, none may be touched or parts of several. */
  #touched({ hostId, length }: IdRange): readonly number[] {
    const { first, length: whole, idsPerPod } = this.#space
    const count = Math.floor(whole / idsPerPod)
    const from = Math.max(0, Math.floor((hostId - first) / idsPerPod))
    const to = Math.min(count, Math.ceil((hostId + length - first) / idsPerPod))
    return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
  }
}
