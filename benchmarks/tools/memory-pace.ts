/**
 * How long the machine takes to read what lies just beyond a core's own cache, while something else is measured. On a rented machine the last
 * cache belongs to all who rent it: on one that did nothing else, the same reads took between 22 and 166 ns from second to second, and a whole
 * cluster in one process, which goes through hundreds of megabytes, cost 1.5 to 2.7 ms a pod with them. No count of processor time shows that.
 */
const EVERY_MS = 400
/** More than a core's own cache, and little beside the shared one. */
const LINES = (1 << 20) / 64
/** Numbers in a line of the cache. */
const STEP = 16

/** Each line tells where the next one is, so that no read can begin before the one before it has ended. */
const ring = shuffledRing()
let at = 0

/**
 * Calls `work`, and reads a megabyte now and then meanwhile, for about one hundredth of the time. Resolves to the median of what a read took,
 * in nanoseconds; NaN for work that was too short.
 */
export async function besideReads(work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = []
  const timer = setInterval(() => {
    goRound()
    const from = performance.now()
    goRound()
    taken.push(((performance.now() - from) / LINES) * 1e6)
  }, EVERY_MS)
  try {
    await work()
    return taken.sort((a, b) => a - b)[taken.length >> 1] ?? Number.NaN
  } finally {
    clearInterval(timer)
  }
}

function goRound(): void {
  for (let i = 0; i < LINES; i++) at = ring[at] ?? 0
}

function shuffledRing(): Int32Array {
  const order = Array.from({ length: LINES }, (_, line) => line)
  let seed = 1
  for (let line = LINES - 1; line > 0; line--) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff
    const other = seed % (line + 1)
    ;[order[line], order[other]] = [order[other] ?? 0, order[line] ?? 0]
  }
  const lines = new Int32Array(LINES * STEP)
  for (const [place, line] of order.entries())
    lines[line * STEP] = (order[(place + 1) % LINES] ?? 0) * STEP
  return lines
}
