/**
 * Bounds the part of V8's heap in which objects are born. Under load V8 lets it grow to 32 MB each way, and with it the buffers that its
 * dead objects hold: 120 MB of a busy API server, for hardly any time saved (docs/adr/0008). It can only be bounded at the start by a
 * flag of Node's, which whoever types `proa` does not give; so its growth is stopped when it is large enough.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

const ENOUGH_BYTES = 8 * 1024 * 1024
const LOOK_EVERY_MS = 100

/** For a process that is Proa's alone: the flag holds for all of it. */
export function boundYoungGeneration(): void {
  const look = setInterval(() => {
    if (youngBytes() < ENOUGH_BYTES) return
    setFlagsFromString('--semi-space-growth-factor=1')
    clearInterval(look)
  }, LOOK_EVERY_MS)
  look.unref()
}

/** What V8 has set aside for it by now. */
export function youngBytes(): number {
  return getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_size ?? 0
}
