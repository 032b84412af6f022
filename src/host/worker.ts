import { getCompileCacheDir } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'

/** A thread that answers messages with messages. */
export interface WorkerThread<Request> {
  /** What is handed over is not copied, and gone from here. Adds one to `wake` and wakes whoever waits for that. */
  send(request: Request, handedOver?: readonly ArrayBuffer[]): void
  /** Does so without a message, for what is in memory that both share. */
  wake(): void
  /** Resolves once the thread has ended, by itself or after `terminate`. */
  readonly ended: Promise<void>
  terminate(): void
}

export interface WorkerOptions<Reply> {
  /** The module to run, without its extension: source runs `.ts`, the compiled package `.js`. */
  readonly entry: string
  /** `import.meta.url` of whoever names the entry. */
  readonly from: string
  /** Handed to the thread as `workerData`, together with `wake`, on which it may wait with `Atomics` instead of in an event loop. */
  readonly data: Readonly<Record<string, unknown>>
  readonly heapLimitMb: number
  onReply(reply: Reply): void
  /** The thread threw or ran out of memory; it will not answer any more. */
  onFailure(error: Error): void
}

export function startWorker<Request, Reply>(options: WorkerOptions<Reply>): WorkerThread<Request> {
  const wake = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const extension = options.from.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`${options.entry}.${extension}`, options.from), {
    workerData: { ...options.data, wake },
    env: environment(),
    execArgv: [],
    resourceLimits: {
      maxOldGenerationSizeMb: options.heapLimitMb,
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
    },
  })
  const ended = new Promise<void>(resolve => worker.once('exit', () => resolve()))
  worker.on('message', reply => options.onReply(reply))
  worker.on('error', error => options.onFailure(error as Error))
  const wakeUp = () => {
    Atomics.add(wake, 0, 1)
    Atomics.notify(wake, 0)
  }
  return {
    send(request, handedOver = []) {
      worker.postMessage(request, handedOver)
      wakeUp()
    },
    wake: wakeUp,
    ended,
    terminate: () => void worker.terminate(),
  }
}

/**
 * Threads take part in the cache of compiled code only where it is in their environment; without it each loads the compiler that takes
 * types away: 60 ms and 12 MB.
 */
function environment(): NodeJS.ProcessEnv {
  const directory = getCompileCacheDir()
  return directory === undefined
    ? process.env
    : { ...process.env, NODE_COMPILE_CACHE: dirname(directory) }
}

/** Small, since what threads get by message is short-lived and V8 would otherwise let 48 MB of it gather. */
const YOUNG_GENERATION_MB = 4

/** Runs `callback` after everything that is ready now had its turn, before the process sleeps again. */
export function afterReadyWork(callback: () => void): void {
  setImmediate(callback)
}

/** Runs `callback` once the work at hand, and what it made ready, is done: sooner than `afterReadyWork`, which lets everything else have a turn, too. */
export function afterThisWork(callback: () => void): void {
  process.nextTick(callback)
}

/** Whether two threads may run at once, so that one may look for what the other does without keeping it from it. */
export function hasSeveralCores(): boolean {
  return availableParallelism() > 1
}
