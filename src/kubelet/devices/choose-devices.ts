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
  /** Whether a device lies on the memory nodes from which all that the container gets is to come; undefined for one that is near to none. */
  readonly isNear?: ((id: string) => boolean | undefined) | undefined
  /** What the plugin would like, of those that are available, with those that it has to include. */
  readonly preferred?: (
    available: readonly string[],
    mustInclude: readonly string[],
    count: number,
  ) => Promise<readonly string[]>
}

/** Ids, as many as wished; throws with upstream's words where there are too few. */
export async function chooseDevices(wish: Wish): Promise<readonly string[]> {
  const { resource, count, healthy, taken, reusable, isNear } = wish
  const chosen = new Set<string>()
  const take = (ids: readonly string[]) => {
    for (const id of ids) if (chosen.size < count) chosen.add(id)
  }
  /** What others got meanwhile, or what never was there, is no choice. */
  const takeLiked = async (among: readonly string[]) => {
    const liked = await wish.preferred?.([...among, ...chosen], [...chosen], count)
    if (liked) take(liked.filter(id => among.includes(id)))
  }
  take(reusable)
  if (chosen.size === count) return [...chosen]
  const available = healthy.filter(id => !taken.has(id) && !chosen.has(id)).toSorted()
  const needed = count - chosen.size
  if (available.length < needed)
    throw new Error(
      `requested number of devices unavailable for ${resource}. Requested: ${needed}, Available: ${available.length}`,
    )
  const near = isNear ? available.filter(id => isNear(id)) : []
  // Where there is a choice among the near ones, it is the plugin's.
  if (near.length > needed) await takeLiked(near)
  take(near)
  if (chosen.size === count) return [...chosen]
  const rest = available.filter(id => !chosen.has(id))
  await takeLiked(rest)
  take(rest.filter(id => isNear?.(id) === undefined))
  take(rest)
  return [...chosen]
}
