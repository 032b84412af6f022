/**
 * What a node does every few seconds begins at multiples of this: of many nodes in one process those of a tick wake it once, and what they
 * have to say reaches the store together, which writes it to its disk in one go. Short enough that what thousands of nodes have
 * to say in one tick keeps nobody else waiting for long.
 */
const TICK_MS = 500

/** How long to wait until the last tick that is no later than `delayMs` from now; until the next one where there is none. */
export function untilTick(nowMs: number, delayMs: number): number {
  const late = (nowMs + delayMs) % TICK_MS
  return late < delayMs ? delayMs - late : delayMs + TICK_MS - late
}
