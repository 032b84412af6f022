/** Which devices a container gets. Pure, but for the plugin being asked what it would like. */

export interface Wish {
  readonly resource: string
  /** How many the container has to have. */
  readonly count: number
  readonly healthy: readonly string[]
  /** What some container has, of this pod or another. */
  readonly taken: ReadonlySet<string>
  /** What init containers of the same pod are done with by then. */
  readonly reusable: readonly string[]
  /** What the plugin would like, of those that are available, with those that it has to include. */
  readonly preferred?: (
    available: readonly string[],
    mustInclude: readonly string[],
    count: number,
  ) => Promise<readonly string[]>
}

/** Ids, as many as wished; throws with upstream's words where there are too few. */
export async function chooseDevices(wish: Wish): Promise<readonly string[]> {
  const { resource, count, healthy, taken, reusable } = wish
  const chosen = new Set<string>()
  const take = (ids: readonly string[]) => {
    for (const id of ids) if (chosen.size < count) chosen.add(id)
  }
  take(reusable)
  if (chosen.size === count) return [...chosen]
  const available = healthy.filter(id => !taken.has(id) && !chosen.has(id))
  const needed = count - chosen.size
  if (available.length < needed)
    throw new Error(
      `requested number of devices unavailable for ${resource}. Requested: ${needed}, Available: ${available.length}`,
    )
  const liked = await wish.preferred?.([...available, ...chosen], [...chosen], count)
  // What others got meanwhile, or what never was there, is no choice.
  if (liked) take(liked.filter(id => available.includes(id)))
  take(available.toSorted())
  return [...chosen]
}
