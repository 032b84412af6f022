/** How the server's seats are divided among priority levels that want different amounts. */

/** All in seats; `lowest ≤ target` and `lowest ≤ highest`. */
export interface Share {
  readonly lowest: number
  readonly highest: number
  readonly target: number
}

export interface Allocation {
  /** In the order of the shares; they add up to the total. */
  readonly seats: readonly number[]
  /** The part of its target that each gets which no bound holds. */
  readonly fraction: number
}

/** No share is worth nothing, so that what nobody wants is divided, too. */
const LEAST_TARGET = 0.001
/** Halvings of an interval of doubles; more would change nothing. */
const STEPS = 100

/**
 * Gives each the same part of its target, as far as its bounds let it. Where the bounds leave no choice, the total is not
 * kept: all get their lowest, or their highest.
 */
export function allocate(total: number, shares: readonly Share[]): Allocation {
  const at = (fraction: number) =>
    shares.map(({ lowest, highest, target }) =>
      Math.min(highest, Math.max(lowest, fraction * Math.max(LEAST_TARGET, target))),
    )
  const sum = (seats: readonly number[]) => seats.reduce((all, each) => all + each, 0)
  let low = 0
  let high = Math.max(
    1,
    ...shares.map(({ highest, target }) => highest / Math.max(LEAST_TARGET, target)),
  )
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2
    if (sum(at(middle)) < total) low = middle
    else high = middle
  }
  return { seats: at(high), fraction: high }
}
