/**
 * Bounds V8's heap under load, and gives back at rest what the load left. By itself V8 lets the part in which objects are born grow to
 * 32 MB each way, and with it the buffers that its dead objects hold; and it lets the dead of the rest pile up to several times what lives:
 * together more than half of what a busy API server held, for hardly any time saved (docs/adr/0008). Both can be bounded at the start by
 * flags of Node's, which whoever types `proa` does not give; so they are set once the heap shows that there is load. What lies fallow after
 * it V8 gives back by itself only when much later something is allocated again. The same holds for what buffers leave in malloc's heap.
 */
import { performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { boundMalloc, type Malloc } from './malloc.ts'

const ENOUGH_BYTES = 8 * 1024 * 1024
const LOOK_EVERY_MS = 100
/** The old generation is collected once it is so much larger than what lived after the last time. */
const GROWTH_PERCENT = 50
/** V8's own growth of the young generation. */
const FREE_GROWTH_FACTOR = 2
/**
 * How long V8 waits with collections of its own, of a heap in which little is allocated, once all was given back. (Their number must not be lowered
 * instead: V8 may have begun with them, and ends the process that has had more of them than there may be.)
 */
const OWN_DELAY_MS = 10 * 60 * 1000

/**
 * How long little must have been done. With the last objects of a shape V8 lets go of the code that it has compiled for them, so who comes after
 * such a collection finds a slow process for some ten seconds; a pause between two bursts must not lead to it. V8's own would come after half a minute.
 */
const REST_MS = 20_000
/** Each of these must have been one of rest. */
const LOOK_MS = 2000
/** The share of such a time which is little. */
const REST_UTILIZATION = 0.05
/** A larger heap would stand still for too long. */
const MOST_USED_BYTES = 128 * 1024 * 1024

/** After a collection, when other threads have freed what dead buffers had: nearly always, and also where they had to wait for a processor. */
const FREED_MS = [500, 5000]
/** Of the time under load, the share that may be spent on handing back what malloc has free. */
const TRIM_SHARE = 0.002

/** For a process that is Proa's alone: the flags hold for all of it, its threads, too. */
export function boundHeap(restMs = REST_MS): void {
  awaitLoad(boundMalloc(), restMs)
}

/** While load is awaited. */
let lookForLoad: (() => void) | undefined

/** For work that lets no timer run for long, and fills the heap meanwhile. Free where the heap is not bounded, or is by now. */
export function lookAtHeap(): void {
  lookForLoad?.()
}

function awaitLoad(malloc: Malloc, restMs: number): void {
  const look = () => {
    if (youngBytes() < ENOUGH_BYTES) return
    setFlagsFromString('--semi-space-growth-factor=1')
    setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
    clearInterval(looking)
    lookForLoad = undefined
    awaitRest(malloc, restMs)
  }
  lookForLoad = look
  const looking = setInterval(look, LOOK_EVERY_MS).unref()
}

function awaitRest(malloc: Malloc, restMs: number): void {
  let last = performance.eventLoopUtilization()
  let trimAgainMs = 0
  let restfulMs = 0
  const lookMs = Math.min(LOOK_MS, restMs)
  const look = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(last)
    last = performance.eventLoopUtilization()
    // Asked of V8 alone: `process.memoryUsage` opens a file, and throws where no more may be open.
    const isAtRest =
      utilization <= REST_UTILIZATION && getHeapStatistics().used_heap_size <= MOST_USED_BYTES
    restfulMs = isAtRest ? restfulMs + lookMs : 0
    if (restfulMs < restMs) {
      const fromMs = performance.now()
      if (fromMs < trimAgainMs) return
      malloc.trim()
      const untilMs = performance.now()
      trimAgainMs = untilMs + (untilMs - fromMs) / TRIM_SHARE
      return
    }
    clearInterval(look)
    release()
    for (const freedMs of FREED_MS) setTimeout(() => malloc.trim(), freedMs).unref()
    awaitLoad(malloc, restMs)
  }, lookMs)
  look.unref()
}

/**
 * Collects until nothing is left to collect, and hands free pages back. Whoever asks in that moment waits, which is why it is done once after
 * a load. The next one has the whole of the young generation again. V8 would do the same twice more half a minute later, in many small steps:
 * nothing is left to be found, and it costs as much as all else that an idle cluster does in a minute and a half. So that waits.
 */
function release(): void {
  // After a full collection, and where a context is gone, which `gc` is taken from here.
  setFlagsFromString(`--memory-reducer-delay-ms=${OWN_DELAY_MS}`)
  setFlagsFromString(`--gc-memory-reducer-start-delay-ms=${OWN_DELAY_MS}`)
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  setFlagsFromString(`--semi-space-growth-factor=${FREE_GROWTH_FACTOR}`)
}

/** What V8 has set aside for the young generation by now. */
export function youngBytes(): number {
  return getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_size ?? 0
}
