/**
 * Bounds V8's heap under load. By itself V8 lets the part in which objects are born grow to 32 MB each way, and with it the buffers that
 * its dead objects hold; and it lets the dead of the rest pile up to several times what lives: together more than half of what a busy
 * API server held, for hardly any time saved (docs/adr/0008). Both can be bounded at the start by flags of Node's, which whoever
 * types `proa` does not give; so they are set once the heap shows that there is load.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

const ENOUGH_BYTES = 8 * 1024 * 1024
const LOOK_EVERY_MS = 100
/** The old generation is collected once it is so much larger than what lived after the last time. */
const GROWTH_PERCENT = 60

/** For a process that is Proa's alone: the flags hold for all of it, its threads, too. */
export function boundHeap(): void {
  const look = setInterval(() => {
    if (youngBytes() < ENOUGH_BYTES) return
    setFlagsFromString('--semi-space-growth-factor=1')
    setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
    clearInterval(look)
  }, LOOK_EVERY_MS)
  look.unref()
}

/** What V8 has set aside for the young generation by now. */
export function youngBytes(): number {
  return getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_size ?? 0
}
